package catalogue

var login = map[string]string{"prompt": "login", "max_age": "0"}

// custom is any OpenID Connect issuer: the standard requires auth_time when
// max_age is asked for, so a login can be proven fresh.
var custom = Provider{
	Source: FromIDToken, Scopes: []string{"openid", "profile", "email"},
	Subject: "sub", Username: "preferred_username", Display: "name", Photo: "picture", Email: "email", Verified: "email_verified",
	Vouches: ByClaim, Fresh: true, Again: login,
}

// Rows are the providers of the wire that follow OAuth 2 or OpenID Connect, by name.
var Rows = []Provider{
	{
		Name: "apple", Title: "Apple", Issuer: "https://appleid.apple.com",
		Source: FromIDToken, Scopes: []string{"name", "email"}, Subject: "sub", Email: "email", Verified: "email_verified",
		Vouches: ByClaim, FormPost: true,
	},
	{
		Name: "bitbucket", Title: "Bitbucket",
		Authorization: "https://bitbucket.org/site/oauth2/authorize", Token: "https://bitbucket.org/site/oauth2/access_token",
		UserInfo: "https://api.bitbucket.org/2.0/user", Emails: "https://api.bitbucket.org/2.0/user/emails",
		Scopes: []string{"account", "email"}, Subject: "uuid", Username: "nickname", Display: "display_name", Photo: "links.avatar.href",
		Vouches: ByList, BasicAuth: true,
	},
	{
		Name: "coinbasesocial", Title: "Coinbase",
		Authorization: "https://login.coinbase.com/oauth2/auth", Token: "https://login.coinbase.com/oauth2/token",
		UserInfo: "https://api.coinbase.com/v2/user",
		Scopes:   []string{"wallet:user:read", "wallet:user:email"}, Subject: "data.id", Username: "data.username", Display: "data.name",
		Photo: "data.avatar_url", Email: "data.email",
	},
	{
		Name: "discord", Title: "Discord",
		Authorization: "https://discord.com/oauth2/authorize", Token: "https://discord.com/api/oauth2/token",
		UserInfo: "https://discord.com/api/users/@me",
		Scopes:   []string{"identify", "email"}, Subject: "id", Username: "username", Display: "global_name", Email: "email",
		Verified: "verified", Vouches: ByClaim, Again: map[string]string{"prompt": "consent"},
	},
	{
		Name: "epicgames", Title: "Epic Games",
		Authorization: "https://www.epicgames.com/id/authorize", Token: "https://api.epicgames.dev/epic/oauth/v2/token",
		UserInfo: "https://api.epicgames.dev/epic/oauth/v2/userInfo",
		Scopes:   []string{"basic_profile"}, Subject: "sub", Username: "preferred_username", BasicAuth: true,
	},
	{
		Name: "facebook", Title: "Facebook",
		Authorization: "https://www.facebook.com/v23.0/dialog/oauth", Token: "https://graph.facebook.com/v23.0/oauth/access_token",
		UserInfo: "https://graph.facebook.com/v23.0/me?fields=id,name,email,picture",
		Scopes:   []string{"public_profile", "email"}, ScopeSeparator: ",", Subject: "id", Display: "name", Photo: "picture.data.url",
		Email: "email", Again: map[string]string{"auth_type": "reauthenticate"},
	},
	{
		Name: "github", Title: "GitHub",
		Authorization: "https://github.com/login/oauth/authorize", Token: "https://github.com/login/oauth/access_token",
		UserInfo: "https://api.github.com/user", Emails: "https://api.github.com/user/emails",
		Scopes: []string{"read:user", "user:email"}, Subject: "id", Username: "login", Display: "name", Photo: "avatar_url",
		Vouches: ByList, Again: map[string]string{"prompt": "select_account"},
	},
	{
		Name: "gitlab", Title: "GitLab", Issuer: "https://gitlab.com",
		Source: FromIDToken, Scopes: []string{"openid", "profile", "email"},
		Subject: "sub", Username: "nickname", Display: "name", Photo: "picture", Email: "email", Verified: "email_verified",
		Vouches: ByClaim, Again: map[string]string{"prompt": "login"},
	},
	{
		Name: "google", Title: "Google", Issuer: "https://accounts.google.com",
		Source: FromIDToken, Scopes: []string{"openid", "profile", "email"},
		Subject: "sub", Display: "name", Photo: "picture", Email: "email", Verified: "email_verified", Vouches: ByClaim,
		Again: map[string]string{"prompt": "select_account"}, // answers without auth_time
	},
	{
		Name: "instagram", Title: "Instagram",
		Authorization: "https://www.instagram.com/oauth/authorize", Token: "https://api.instagram.com/oauth/access_token",
		UserInfo: "https://graph.instagram.com/me?fields=user_id,username,name,profile_picture_url",
		Scopes:   []string{"instagram_business_basic"}, ScopeSeparator: ",", Subject: "user_id", Username: "username", Display: "name",
		Photo: "profile_picture_url", Again: map[string]string{"force_reauth": "true"}, NoPKCE: true,
	},
	{
		Name: "kraken", Title: "Kraken", NeedsEndpoints: true,
		Scopes: []string{"account.info:basic"}, Subject: "result.iiban", Display: "result.iiban", BasicAuth: true,
	},
	{
		Name: "line", Title: "LINE", // its id_tokens are signed with the client secret, so its profile endpoint is asked instead
		Authorization: "https://access.line.me/oauth2/v2.1/authorize", Token: "https://api.line.me/oauth2/v2.1/token",
		UserInfo: "https://api.line.me/oauth2/v2.1/userinfo",
		Scopes:   []string{"profile", "openid"}, Subject: "sub", Display: "name", Photo: "picture",
		Again: map[string]string{"prompt": "login"},
	},
	{
		Name: "linkedin", Title: "LinkedIn", // its id_tokens carry no nonce, so its profile endpoint is asked instead
		Authorization: "https://www.linkedin.com/oauth/v2/authorization", Token: "https://www.linkedin.com/oauth/v2/accessToken",
		UserInfo: "https://api.linkedin.com/v2/userinfo",
		Scopes:   []string{"openid", "profile", "email"}, Subject: "sub", Display: "name", Photo: "picture", Email: "email",
		Verified: "email_verified", Vouches: ByClaim, NoPKCE: true,
	},
	{
		Name: "microsoft", Title: "Microsoft", // whoever runs a directory there can write any address into it
		Authorization: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
		Token:         "https://login.microsoftonline.com/common/oauth2/v2.0/token", UserInfo: "https://graph.microsoft.com/oidc/userinfo",
		Scopes: []string{"openid", "profile", "email"}, Subject: "sub", Display: "name", Email: "email",
		Again: map[string]string{"prompt": "login"},
	},
	{
		Name: "okta", Title: "Okta", NeedsIssuer: true,
		Source: FromIDToken, Scopes: []string{"openid", "profile", "email"},
		Subject: "sub", Username: "preferred_username", Display: "name", Photo: "picture", Email: "email", Verified: "email_verified",
		Vouches: ByClaim, Fresh: true, Again: login,
	},
	{
		Name: "shopify", Title: "Shopify", NeedsEndpoints: true,
		Source: FromToken, Scopes: []string{"read_customers"}, ScopeSeparator: ",",
		Subject: "associated_user.id", Display: "associated_user.first_name", Email: "associated_user.email",
		Verified: "associated_user.email_verified", Vouches: ByClaim,
		Always: map[string]string{"grant_options[]": "per-user"}, NoPKCE: true,
	},
	{
		Name: "spotify", Title: "Spotify", // says itself that addresses are unverified
		Authorization: "https://accounts.spotify.com/authorize", Token: "https://accounts.spotify.com/api/token",
		UserInfo: "https://api.spotify.com/v1/me",
		Scopes:   []string{"user-read-email"}, Subject: "id", Display: "display_name", Email: "email", BasicAuth: true,
		Again: map[string]string{"show_dialog": "true"},
	},
	{
		Name: "tiktok", Title: "TikTok",
		Authorization: "https://www.tiktok.com/v2/auth/authorize/", Token: "https://open.tiktokapis.com/v2/oauth/token/",
		UserInfo: "https://open.tiktokapis.com/v2/user/info/?fields=open_id,display_name,avatar_url",
		Scopes:   []string{"user.info.basic"}, ScopeSeparator: ",", Subject: "data.user.open_id", Display: "data.user.display_name",
		Photo: "data.user.avatar_url", ClientIDName: "client_key", NoPKCE: true,
	},
	{
		Name: "twitch", Title: "Twitch", Issuer: "https://id.twitch.tv/oauth2",
		Source: FromIDToken, Scopes: []string{"openid"}, Subject: "sub", Username: "preferred_username", Photo: "picture", Email: "email",
		Verified: "email_verified", Vouches: ByClaim, Again: map[string]string{"force_verify": "true"},
	},
	{
		Name: "twitter", Title: "X",
		Authorization: "https://x.com/i/oauth2/authorize", Token: "https://api.x.com/2/oauth2/token",
		UserInfo: "https://api.x.com/2/users/me?user.fields=profile_image_url",
		Scopes:   []string{"users.read", "tweet.read"}, Subject: "data.id", Username: "data.username", Display: "data.name",
		Photo: "data.profile_image_url", BasicAuth: true,
	},
}
