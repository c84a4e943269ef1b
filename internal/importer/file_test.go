package importer_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/store"
)

const issuer = "https://login.example.com"

// read is what a file is made of, a line for each row.
func read(t testing.TB, format importer.Format, text string) (lines []string, err error) {
	t.Helper()
	f, err := importer.NewFile(strings.NewReader(text), format, issuer)
	if err != nil {
		return nil, err
	}
	for {
		row, err := f.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		if row.Problem != nil {
			lines = append(lines, fmt.Sprintf("%d %s: %s %s", row.Number, row.ExternalID, row.Problem.Reason, row.Problem.Field))
			continue
		}
		line := fmt.Sprintf("%d %s", row.Number, row.ExternalID)
		for _, a := range row.Addresses {
			line += " " + a.Format + "=" + a.Identifier
		}
		if row.Username != "" {
			line += " " + row.Username
		}
		if row.Profile != "{}" {
			line += " " + row.Profile
		}
		lines = append(lines, line)
	}
}

// Both formats say the same, and what no row may be is left out by itself.
func TestRowsOfFiles(t *testing.T) {
	const wallet = "0x52908400098527886E0F7030069857D2E4169EE7"
	for name, test := range map[string]struct {
		format importer.Format
		text   string
		want   string
	}{
		"all of a user": {importer.NDJSON, `{"externalId":"1","email":"Ada@Example.com","phone":"+44 20 7946 0958",` +
			`"externalUserId":"auth0|1",` +
			`"wallets":[{"chain":"EVM","address":"` + wallet + `"}],"username":"ada","firstName":"Ada","metadata":{"plan":"pro"}}`,
			`1 1 email=ada@example.com phoneNumber=+442079460958 externalUser=["https://login.example.com","auth0|1"] ` +
				`blockchain=eip155:` + strings.ToLower(wallet) + ` ada {"firstName":"Ada","metadata":{"plan":"pro"}}`},
		"the same in columns": {importer.CSV, "\ufeffexternalId,email,phone,externalUserId,wallets,username,firstName,metadata\r\n" +
			`1,Ada@Example.com,+44 20 7946 0958,auth0|1,EVM:` + wallet + `,ada,Ada,"{""plan"":""pro""}"` + "\r\n",
			`2 1 email=ada@example.com phoneNumber=+442079460958 externalUser=["https://login.example.com","auth0|1"] ` +
				`blockchain=eip155:` + strings.ToLower(wallet) + ` ada {"firstName":"Ada","metadata":{"plan":"pro"}}`},
		"empty lines and no last line end": {importer.NDJSON, "\n" + `{"externalId":"1","email":"a@example.com"}` + "\r\n\n" +
			`{"externalId":"2","email":"b@example.com"}`, "2 1 email=a@example.com|4 2 email=b@example.com"},
		"bad rows among good ones": {importer.NDJSON, strings.Join([]string{
			`{"externalId":"1","email":"a@example.com"`,
			`{"externalId":"2","externalId":"3","email":"a@example.com"}`,
			`{"externalID":"4","email":"a@example.com"}`,
			`{"externalId":"5","email":"a@example.com","admin":true}`,
			`{"externalId":"6","email":"nobody"}`,
			`{"externalId":"7","phone":"020 7946 0958"}`,
			`{"externalId":"8"}`,
			`{"email":"a@example.com"}`,
			`{"externalId":"9","email":"a@example.com","username":"no spaces"}`,
			`{"externalId":"10","wallets":[{"chain":"BTC","address":"x"}]}`,
			`{"externalId":"11","email":7}`,
			`["12"]`,
			`{"externalId":" 13","email":"a@example.com"}`,
			`{"externalId":"14","email":"a@example.com","totpSecret":"JBSWY3DPEHPK3PXP"}`,
			`{"externalId":"15","email":"a@example.com","firstName":"` + strings.Repeat("x", importer.MaxRow) + `"}`,
			`{"externalId":"16","email":"a@example.com","firstName":"\u0000"}`,
			`{"externalId":"17","email":"ok@example.com"}`,
		}, "\n"), "1 : unreadable |2 : unreadable externalId|3 : unreadable externalID|4 : unreadable admin|5 6: unreadable email|" +
			"6 7: unreadable phone|7 8: unreadable |8 : unreadable externalId|9 9: unreadable |10 10: unreadable wallets|" +
			"11 : unreadable email|12 : unreadable |13 : unreadable externalId|14 : unreadable totpSecret|15 : unreadable |" +
			"16 16: unreadable |17 17 email=ok@example.com"},
		"quoted cells": {importer.CSV, "email,externalId,firstName\n\"a@example.com\",\"1\",\"A \"\"quoted\"\" name,\nof two lines\"\n",
			`2 1 email=a@example.com {"firstName":"A \"quoted\" name,\nof two lines"}`},
		"bad cells": {importer.CSV, "externalId,email,phone,wallets,disabled\n1,a@example.com\n2,nobody,,,\n3,,,EVM,\n" +
			"4,a@example.com,,,yes\n5,\xff,,,\n6,ok@example.com,,,true\n",
			"2 : unreadable |3 2: unreadable email|4 3: unreadable wallets|5 4: unreadable disabled|6 : unreadable email|" +
				"7 6 email=ok@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := read(t, test.format, test.text)
			if got := strings.Join(lines, "|"); err != nil || got != test.want {
				t.Errorf("read %v\n%s\nwant\n%s", err, got, test.want)
			}
		})
	}
}

// Where a row ends must be beyond doubt: else a cell that somebody wrote into their
// profile could pass for a row, and make them somebody else.
func TestBrokenFiles(t *testing.T) {
	const head = "externalId,email,firstName\n"
	for name, test := range map[string]struct {
		text   string
		broken bool
	}{
		"open quote":            {head + "1,a@example.com,\"A\n2,victim@example.com,B\n", true},
		"quote inside a cell":   {head + "1,a@example.com,A\"\n2,b@example.com,\"B\n", true},
		"text behind a quote":   {head + "1,a@example.com,\"A\"B\n", true},
		"endless row":           {head + "1,a@example.com,\"" + strings.Repeat("x\n", importer.MaxRow) + "\"\n", true},
		"no columns":            {"", false},
		"another column":        {"externalId,admin\n", false},
		"a factor":              {"externalId,email,totpSecret\n", false},
		"a column twice":        {"externalId,email,email\n", false},
		"no id":                 {"email,firstName\n", false},
		"semicolons":            {"externalId;email\n1;a@example.com\n", false},
		"another case":          {"ExternalId,email\n", false},
		"a column with a space": {"externalId, email\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := read(t, importer.CSV, test.text)
			if err == nil || errors.Is(err, importer.ErrBroken) != test.broken || len(lines) > 0 {
				t.Errorf("read %q, %v", lines, err)
			}
		})
	}
	if _, err := read(t, "xlsx", ""); err == nil {
		t.Error("an unknown format is read")
	}
}

// Whatever a file holds, each row of it is either a user with an id and something to sign
// in with, or left out for a reason; and reading it twice says the same.
func fuzz(f *testing.F, format importer.Format, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows := func() (all []importer.Row) {
			file, err := importer.NewFile(strings.NewReader(text), format, issuer)
			if err != nil {
				return nil
			}
			for last := int64(0); ; {
				row, err := file.Next()
				if err != nil {
					return all
				}
				if row.Number <= last {
					t.Fatalf("row %d comes behind row %d", row.Number, last)
				}
				last, all = row.Number, append(all, row)
			}
		}
		first, again := rows(), rows()
		if len(first) != len(again) {
			t.Fatalf("%d rows, then %d", len(first), len(again))
		}
		for i, row := range first {
			if row.Problem != nil {
				if row.Problem.Reason != importer.Unreadable || row.Problem.Detail == "" || row.Problem.Row != row.Number {
					t.Errorf("left out: %+v", row.Problem)
				}
				continue
			}
			if row.ExternalID == "" || len(row.Addresses) == 0 || row.ExternalID != again[i].ExternalID {
				t.Errorf("read: %+v", row)
			}
			for _, a := range row.Addresses {
				for _, text := range []string{a.Identifier, a.Written, a.Detail, row.ExternalID, row.Username, row.Profile} {
					if strings.ContainsAny(text, "\x00") || strings.ToValidUTF8(text, "") != text {
						t.Errorf("not fit to be stored: %q", text)
					}
				}
				if a.Format == store.FormatTOTP || a.Format == store.FormatPasskey || a.Format == store.FormatRecovery {
					t.Errorf("a factor: %+v", a)
				}
			}
		}
	})
}

func FuzzNDJSON(f *testing.F) {
	fuzz(f, importer.NDJSON,
		`{"externalId":"1","email":"a@example.com"}`+"\n\n"+`{"externalId":"2","wallets":[{"chain":"SOL","address":"x"}]}`,
		`{"externalId":"\ud800","phone":"+442079460958"}`, "\ufeff{}\r\n[]\n\x00",
		`{"externalId":"1","metadata":{"a":{"a":{}}},"email":null}`)
}

func FuzzCSV(f *testing.F) {
	fuzz(f, importer.CSV, "externalId,email\n1,a@example.com\n",
		"externalId,wallets,metadata\r\n\"1\"\"\",EVM:0x0 SOL:a,\"{}\"\r\n\r\n",
		"email,externalId,firstName\n\"a@example.com\",\"1\",\"A\n\"\n", "externalId,phone\n1,\"+442079460958")
}
