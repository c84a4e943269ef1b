package deliver

import "time"

// Sample is a mail of a template as somebody might get it, to look at: the code in it
// opens nothing and its links lead nowhere.
func Sample(template string, style Style, app, from string) (Message, bool) {
	const link, lasts = "https://app.example/notMe#sample", 5 * time.Minute
	at := time.Date(2026, 4, 1, 14, 5, 0, 0, time.UTC)
	code := Code{AppName: app, From: from, To: "ada@example.com", Style: style, Code: "042137", ValidFor: lasts}
	n := Notice{AppName: app, From: from, To: "ada@example.com", Style: style, At: at, RevokeURL: link,
		UserAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Firefox/150.0"}
	passkey := Thing{Kind: Passkey, Shown: "Ada's phone"}
	switch template {
	case SignIn:
		return SignInCode(code), true
	case StepUp:
		code.Allows = []string{"wallet:export"}
		return StepUpCode(code), true
	case AddressChange:
		return AddressChanged(n, "ada@example.org"), true
	case Linked:
		return CredentialLinked(n, passkey), true
	case Unlinked:
		return CredentialUnlinked(n, passkey), true
	case Renamed:
		passkey.Now = "Old phone"
		return CredentialRenamed(n, passkey), true
	case Recovered:
		return RecoveryCodeUsed(n, 9), true
	case Reset:
		n.RevokeURL = ""
		return FactorsReset(n), true
	case Disputed:
		return ChangeDisputed(n, passkey), true
	case Settled:
		return DisputeSettled(n, passkey, true), true
	case NewDevice:
		return RegisterDevice(DeviceLink{Notice: n, URL: "https://app.example/devices?sample", ValidFor: 10 * time.Minute}), true
	case DeviceAdded:
		return DeviceRegistered(n), true
	case DeviceGone:
		return DeviceRevoked(n, Thing{Kind: Agent, Shown: n.UserAgent}), true
	case Deleted:
		return UserDeleted(n), true
	}
	return Message{}, false
}
