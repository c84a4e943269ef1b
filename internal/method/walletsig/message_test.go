package walletsig_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup/internal/method/walletsig"
)

// The reference messages of EIP-4361's reference implementation (spruceid/siwe,
// parsing_positive, parsing_negative and invalid_uris), the negative ones as the
// one change that makes each of them.
const (
	plain = "service.org wants you to sign in with your Ethereum account:\n0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\n" +
		"I accept the ServiceOrg Terms of Service: https://service.org/tos\n\nURI: https://service.org/login\nVersion: 1\nChain ID: 1\n" +
		"Nonce: 32891757\nIssued At: 2021-09-30T16:25:24.000Z"
	full = "service.org wants you to sign in with your Ethereum account:\n0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946\n\n" +
		"I accept the ServiceOrg Terms of Service: https://service.org/tos\n\nURI: https://service.org/login\nVersion: 1\nChain ID: 1\n" +
		"Nonce: 12341234\nIssued At: 2022-03-17T12:45:13.610Z\nExpiration Time: 2023-03-17T12:45:13.610Z\n" +
		"Not Before: 2022-03-17T12:45:13.610Z\n" +
		"Request ID: some_id\nResources:\n- https://service.org/login"
)

func plainMessage() walletsig.Message {
	return walletsig.Message{
		Domain: "service.org", Account: "Ethereum", Address: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
		Statement: "I accept the ServiceOrg Terms of Service: https://service.org/tos", URI: "https://service.org/login", ChainID: "1",
		Nonce: "32891757", IssuedAt: "2021-09-30T16:25:24.000Z",
	}
}

func TestParseReferenceMessages(t *testing.T) {
	t.Parallel()
	with := func(change func(*walletsig.Message)) walletsig.Message {
		m := plainMessage()
		change(&m)
		return m
	}
	for name, test := range map[string]struct {
		text string
		want walletsig.Message
	}{
		"no optional field": {plain, plainMessage()},
		"couple of optional fields": {
			plain + "\nResources:\n- ipfs://Qme7ss3ARVgxv6rXqVPiikMJ8u2NLgmgszg13pYrDKEoiu\n- https://example.com/my-web2-claim.json",
			with(func(m *walletsig.Message) {
				m.Resources = []string{"ipfs://Qme7ss3ARVgxv6rXqVPiikMJ8u2NLgmgszg13pYrDKEoiu", "https://example.com/my-web2-claim.json"}
			}),
		},
		"timestamp without microseconds": {strings.Replace(plain, ".000Z", "Z", 1),
			with(func(m *walletsig.Message) { m.IssuedAt = "2021-09-30T16:25:24Z" })},
		"domain is RFC 3986 authority with IP": {"127.0.0.1" + strings.TrimPrefix(plain, "service.org"),
			with(func(m *walletsig.Message) { m.Domain = "127.0.0.1" })},
		"domain is RFC 3986 authority with port": {"127.0.0.1:8080" + strings.TrimPrefix(plain, "service.org"),
			with(func(m *walletsig.Message) { m.Domain = "127.0.0.1:8080" })},
		"no statement": {strings.Replace(plain, "I accept the ServiceOrg Terms of Service: https://service.org/tos\n", "", 1),
			with(func(m *walletsig.Message) { m.Statement = "" })},
		"domain with scheme (EIP-4361, revision)": {"https://" + plain, with(func(m *walletsig.Message) { m.Scheme = "https" })},
		"every optional field": {full, walletsig.Message{
			Domain: "service.org", Account: "Ethereum", Address: "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946",
			Statement: "I accept the ServiceOrg Terms of Service: https://service.org/tos", URI: "https://service.org/login", ChainID: "1",
			Nonce: "12341234", IssuedAt: "2022-03-17T12:45:13.610Z", ExpirationTime: "2023-03-17T12:45:13.610Z",
			NotBefore: "2022-03-17T12:45:13.610Z", RequestID: "some_id", Resources: []string{"https://service.org/login"},
		}},
		"Solana, which has no chain id": {
			"app.example.com wants you to sign in with your Solana account:\n9n4hjzBSLpuUG5DXaRAnvwSv3ZrzGyz6sCCvHhUHuYgG\n\n\n" +
				"URI: https://app.example.com/\nVersion: 1\nNonce: 32891757\nIssued At: 2021-09-30T16:25:24.000Z",
			walletsig.Message{
				Domain: "app.example.com", Account: "Solana", Address: "9n4hjzBSLpuUG5DXaRAnvwSv3ZrzGyz6sCCvHhUHuYgG",
				URI: "https://app.example.com/", Nonce: "32891757", IssuedAt: "2021-09-30T16:25:24.000Z",
			},
		},
	} {
		got, err := walletsig.ParseMessage(test.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// change is the message in which the first of each pair is replaced by the second.
func change(message string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		changed := strings.Replace(message, pairs[i], pairs[i+1], 1)
		if changed == message {
			panic("nothing changed: " + pairs[i])
		}
		message = changed
	}
	return message
}

func TestParseRefusesReferenceMessages(t *testing.T) {
	t.Parallel()
	const issued, expires, before, bad = "Issued At: 2022-03-17T12:45:13.610Z\n", "Expiration Time: 2023-03-17T12:45:13.610Z\n",
		"Not Before: 2022-03-17T12:45:13.610Z\n", "Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)"
	const uri, version, chain, nonce, request, resources = "URI: https://service.org/login\n", "Version: 1\n", "Chain ID: 1\n",
		"Nonce: 12341234\n", "Request ID: some_id\n", "Resources:\n- https://service.org/login"
	for name, text := range map[string]string{
		"missing mandatory field":      change(plain, "URI: https://service.org/login\n", "", "Chain ID: 1\n", ""),
		"extra line breaks":            change(plain, "\n\nI accept", "\n\n\nI accept"),
		"non-ISO datetime":             change(plain, "2021-09-30T16:25:24.000Z", bad),
		"out of order fields":          change(plain, uri, "", "Issued At", uri+"Issued At"),
		"wrong version":                change(plain, "Version: 1", "Version: 2"),
		"missing domain":               change(full, "service.org wants", " wants"),
		"missing address":              change(full, "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946\n", "\n"),
		"missing uri":                  change(full, uri, "\n"),
		"missing version":              change(full, version, "\n"),
		"missing chainId":              change(full, chain, "\n"),
		"missing nonce":                change(full, nonce, "\n"),
		"missing issuedAt":             change(full, issued, "\n"),
		"out of order uri":             change(full, uri+version, version+uri),
		"out of order version":         change(full, version+chain, chain+version),
		"out of order chainId":         change(full, chain+nonce, "Nonce: 12341234Chain ID: 1\n\n"),
		"out of order nonce":           change(full, nonce+issued, issued+nonce),
		"out of order issuedAt":        change(full, issued+expires, expires+issued),
		"out of order expirationTime":  change(full, expires+before, before+expires),
		"out of order notBefore":       change(full, before+request, request+before),
		"out of order requestId":       change(full, request+resources, resources+"\nRequest ID: some_id"),
		"out of order resources":       change(full, before+request+resources, resources+"\n"+before+"Request ID: some_id"),
		"domain not RFC4501 authority": change(full, "service.org wants", "not_rfc4501 wants"),
		"address not EIP-55": change(full, "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946",
			"0xe5a12547fe4e872d192e3ececb76f2ce1aea4946"),
		"statement has line break":              change(full, "Service: ", "Service: \n"),
		"uri is non-RFC 3986":                   change(full, uri, "URI: _not_a_rfc3986_valid_uri_\n"),
		"not a valid chainId":                   change(full, chain, "Chain ID: ?\n"),
		"nonce with less then 8 chars":          change(full, nonce, "Nonce: 1234567\n"),
		"non-ISO 8601 issuedAt":                 change(full, issued, "Issued At: "+bad+"\n"),
		"non-ISO 8601 expirationTime":           change(full, expires, "Expiration Time: "+bad+"\n"),
		"non-ISO 8601 notBefore":                change(full, before, "Not Before: "+bad+"\n"),
		"resources not separated by line break": full + " - https://service.org/login/2",
		"first resource is not-RFC3986": change(full, "- https://service.org/login",
			"- _not_a_rfc3986_valid_uri_\n- https://service.org/login"),
		"second resource not-RFC 3986": full + "\n- _not_a_rfc3986_valid_uri_",
		"uri without a scheme": change(plain, "URI: https://service.org/login",
			"URI: ://user:pass@example.com:123/one/two.three?q1=a1&q2=a2#body"),
		"uri with a space in its query": change(plain, "URI: https://service.org/login",
			"URI: uri://user:pass@example.com:123/one/two.three ?q1=a1&q2=a2#body"),

		// What the reference takes and we do not.
		"domain with userinfo":          "test@" + plain,
		"domain with userinfo and port": "test@127.0.0.1:8080" + strings.TrimPrefix(plain, "service.org"),

		// Our own.
		"empty":                        "",
		"trailing line":                plain + "\n",
		"trailing text":                plain + "\nTransfer: everything",
		"leading text":                 "x\n" + plain,
		"carriage return":              change(plain, "\nURI", "\r\nURI"),
		"zero width space":             change(plain, "I accept", "I\u200baccept"),
		"right to left override":       change(plain, "I accept", "\u202eI accept"),
		"not UTF-8":                    change(plain, "I accept", "I\xffaccept"),
		"second nonce":                 change(plain, "Nonce: 32891757\n", "Nonce: 32891757\nNonce: 32891758\n"),
		"empty request id":             change(full, "Request ID: some_id", "Request ID: "),
		"resources without any":        plain + "\nResources:",
		"chain id with a leading zero": change(plain, "Chain ID: 1", "Chain ID: 01"),
		"the thirteenth month":         change(plain, "2021-09-30", "2021-13-30"),
		"zero address": change(plain, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
			"0x0000000000000000000000000000000000000000"),
		"too long": change(plain, "I accept", strings.Repeat("I accept ", 500)),
	} {
		if m, err := walletsig.ParseMessage(text); err == nil {
			t.Errorf("%s: parsed as %+v", name, m)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{plain, full, "https://" + plain, strings.Replace(plain, "Ethereum", "Solana", 1), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := walletsig.ParseMessage(text)
		if err != nil {
			return
		}
		if m.String() != text {
			t.Errorf("read %q, would write %q", text, m.String())
		}
		if strings.Count(text, "\nNonce: ") < 1 || strings.ContainsAny(m.Domain, "@/ ") || m.Nonce == "" || m.IssuedAt == "" {
			t.Errorf("accepted %q", text)
		}
	})
}
