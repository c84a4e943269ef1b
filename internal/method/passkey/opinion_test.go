package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/store"
)

var update = flag.Bool("update", false, "make the ceremonies for the second opinion anew")

// opinions are ceremonies with our verdict. A library that shares no line with
// ours judges the same file (conformance/passkeys).
type opinions struct {
	RPID, Origin, Challenge string
	Ceremonies              []opinion
}

type opinion struct {
	Name         string
	Registration *passkey.AttestationResponse `json:",omitempty"`
	Assertion    *passkey.AssertionResponse   `json:",omitempty"`
	PublicKey    string                       `json:",omitempty"` // of assertions: COSE, base64url
	Holds        bool
}

const opinionFile = "../../../conformance/passkeys/ceremonies.json"

func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	judge := passkey.NewJudge(passkeytest.RPID, passkeytest.Origin, false)
	if *update {
		writeOpinions(t, judge)
	}
	text, err := os.ReadFile(opinionFile)
	if err != nil {
		t.Fatal(err)
	}
	var all opinions
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, o := range all.Ceremonies {
		if o.Holds {
			held++
		}
		if got := verdict(t, judge, o); got != o.Holds {
			t.Errorf("%s: holds %t, and the file says %t", o.Name, got, o.Holds)
		}
	}
	if held < 8 || len(all.Ceremonies)-held < 40 {
		t.Errorf("%d of %d ceremonies hold", held, len(all.Ceremonies))
	}
}

func verdict(t *testing.T, judge passkey.Judge, o opinion) bool {
	if o.Registration != nil {
		_, err := judge.Register(*o.Registration, challenge)
		return err == nil
	}
	key, err := base64.RawURLEncoding.DecodeString(o.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return judge.Assert(*o.Assertion, challenge, store.PasskeyRow{PublicKey: key}) == nil
}

func writeOpinions(t *testing.T, judge passkey.Judge) {
	all := opinions{RPID: passkeytest.RPID, Origin: passkeytest.Origin, Challenge: challenge}
	add := func(o opinion) {
		o.Holds = verdict(t, judge, o)
		all.Ceremonies = append(all.Ceremonies, o)
	}
	register := func(name string, alg int, bend ...func(*ceremony)) {
		r := passkeytest.WithKey(passkeytest.Origin, alg).Create(creation(), bend...)
		add(opinion{Name: name, Registration: &r})
	}
	assert := func(name string, alg int, bend ...func(*ceremony)) {
		a := passkeytest.WithKey(passkeytest.Origin, alg)
		key, err := judge.Register(a.Create(creation()), challenge)
		if err != nil {
			t.Fatal(err)
		}
		r := a.Get(passkey.RequestOptions{Challenge: challenge}, bend...)
		add(opinion{Name: name, Assertion: &r, PublicKey: base64.RawURLEncoding.EncodeToString(key.PublicKey)})
	}
	packed := func(c *ceremony) { c.Format, c.Statement = "packed", nil }
	for name, alg := range map[string]int{"ES256": passkeytest.ES256, "EdDSA": passkeytest.EdDSA, "RS256": passkeytest.RS256} {
		register(name+": registration", alg)
		register(name+": registration with a statement of its own", alg, packed)
		assert(name+": assertion", alg)
	}
	register("ES384: registration", passkeytest.ES384)
	for _, s := range both {
		register("registration: "+s.name, passkeytest.ES256, s.bend)
		assert("assertion: "+s.name, passkeytest.ES256, s.bend)
	}
	for _, s := range registering {
		register("registration: "+s.name, passkeytest.ES256, s.bend)
	}
	for _, s := range asserting {
		assert("assertion: "+s.name, passkeytest.ES256, s.bend)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(opinionFile, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
