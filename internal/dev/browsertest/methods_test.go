package browsertest

import (
	"encoding/base32"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/totp"
)

// Every way ends at the example service: money moves after a proof by it.

func TestAuthenticatorApp(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	secret := b.enrolApp(base, "demo-desktop-enrol-app")

	// The first factor is worth more than all that came before it: what a mail opened is shut.
	b.see(".ticket[data-state=superseded][data-scope='credential:link']")
	b.sendMoney("totp", func() {
		b.shot("demo-desktop-step-up-app")
		b.fill(inPrompt+"input", nextCode(t, secret))
	})

	b.click("[data-card=totp] [data-rename]")
	b.fill("[data-dialog=name] input", "Ada’s phone")
	b.click("[data-dialog=name] [type=submit]")
	b.see("[data-card=totp] [data-rename='Ada’s phone']")
	b.fits()
	b.refused(0)
}

func TestRecoveryCodes(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 360, 740)
	b.signIn(base, ada, 0)
	b.enrolApp(base, "demo-small-enrol-app")

	b.see("[data-banner=codes]")
	b.click("[data-do=keep-codes]")
	b.see("[data-dialog=codes] .codes")
	codes := strings.Fields(b.text("[data-dialog=codes] .codes"))
	b.fits()
	b.shot("demo-small-recovery-codes")
	b.click("[data-do=acknowledge]")
	b.gone("[data-banner=codes]")

	use := func(code string) {
		b.click(inPrompt + ".others button")
		b.see(inPrompt + ".ways")
		b.fits()
		b.shot("demo-small-another-way")
		b.click(inPrompt + "li:last-child .way")
		b.see(inPrompt + ".screen-recovery")
		b.fill(inPrompt+"input", code)
		b.click(inPrompt + ".primary")
	}
	b.sendMoney("totp", func() { use(codes[0]) })

	// Acknowledged codes are not shown again, and new ones void them.
	b.click("[data-do=show-codes]")
	b.see("[data-card=recoveryCode] .note")
	if got := b.text("[data-card=recoveryCode] .note"); !strings.Contains(got, "9 left") {
		t.Errorf("after one of ten was used the page says %q", got)
	}
	b.click("[data-do=renew-codes]")
	b.click("[data-dialog=confirm] .danger")
	b.see("[data-dialog=codes] .codes")
	if renewed := b.text("[data-dialog=codes] .codes"); strings.Contains(renewed, codes[1]) {
		t.Error("the new set still holds an old code")
	}
	b.click("[data-do=acknowledge]")
	b.gone("dialog")
	b.refused(0)
}

func TestPasskey(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.hasDevice()
	b.signIn(base, ada, 0)
	b.click("[data-do=add-passkey]")
	b.stepUp(base, ada)
	b.see("[data-card=passkey] .good")
	b.shot("demo-desktop-passkey")

	prove := func() { b.click(inPrompt + ".primary") }
	b.sendMoney("passkey", prove)
	b.click("[data-card=passkey] [data-rename]")
	b.fill("[data-dialog=name] input", "Laptop")
	b.click("[data-dialog=name] [type=submit]")
	b.see("[data-rename=Laptop]")
	b.dark()
	b.fullShot("demo-desktop-ways-dark")

	b.click("[data-do=signout]")
	b.click("[data-signin=passkey]")
	b.see(".home")
	b.sendMoney("passkey", prove)

	b.click("[data-remove=Laptop]")
	b.click("[data-dialog=confirm] .danger")
	b.see(inPrompt + screenFor["passkey"])
	prove()
	b.gone("[data-remove=Laptop]")
	b.refused(0)
}

func TestTextMessage(t *testing.T) {
	const typed, number = "+1 415 555 2671", "+14155552671"
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 0)
	b.fill("[name=phone]", typed)
	b.click("[data-action=phone] [type=submit]")
	b.stepUp(base, ada)
	b.enterCode(base, "[data-dialog=new-address]", number)
	b.see(fmt.Sprintf("[data-unlink=%q]", number))

	b.click("[data-do=signout]")
	b.click("[data-signin=phoneNumber]")
	b.fill(".signin [name=phone]", typed)
	b.click(".signin [type=submit]")
	b.see(".signin .peek-code")
	b.shot("demo-phone-text-message")
	b.enterCode(base, ".signin", number)
	b.see(".home")
	b.sendMoney("phoneNumber", func() {
		b.enterPromptCode(base, number)
	})
	b.refused(0)

	b.open(base + "/dev/inbox")
	b.see("[data-kind=text] output")
	b.see("[data-kind=mail] output")
	b.fits()
	b.shot("demo-phone-inbox-mails-and-texts")
}

func TestWallet(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	wallet := b.hasWallet()
	short := wallet.Address[:6] + "…" + wallet.Address[38:]
	b.signIn(base, ada, 0)
	b.click("[data-do=link-wallet]")
	b.stepUp(base, ada)
	b.see(fmt.Sprintf("[data-unlink=%q]", short))

	b.click("[data-do=signout]")
	b.click("[data-signin=blockchain]")
	b.see(".home")
	prove := func() {
		b.see(inPrompt + ".primary") // once the wallet is found
		b.shot("demo-desktop-step-up-wallet")
		b.click(inPrompt + ".primary")
	}
	b.sendMoney("blockchain", prove)

	b.click(fmt.Sprintf("[data-unlink=%q]", short))
	b.promptOpens("blockchain", "")
	prove()
	b.gone(fmt.Sprintf("[data-unlink=%q]", short))
	b.refused(0)
}

func TestLoginElsewhere(t *testing.T) {
	const person = "a[href*='person=dev-ada']"
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.open(base + "/demo/")
	b.click("[data-signin=oauth]")
	b.see(person)
	b.shot("demo-desktop-provider")
	b.click(person)
	b.see(".home")
	if address := evaluate[string](b, "location.href"); address != base+"/demo/" {
		t.Errorf("after the login the page's address is %s: a code or a state stayed in it", address)
	}
	b.sendMoney("oauth", func() {
		b.shot("demo-desktop-step-up-login")
		b.inNewWindow(func() { b.click(inPrompt + ".primary") }, person)
	})
	b.refused(0)

	// Somebody else's way back signs nobody in.
	b.click("[data-do=signout]")
	b.see(".signin .note")
	b.open(base + "/demo/?dynamicOauthCode=theirs&dynamicOauthState=theirs")
	b.see(".signin")
	b.refused(0)
}

func TestLinkingALoginElsewhere(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	b.click("[data-social=dev]")
	b.stepUp(base, ada)
	b.inNewWindow(func() { b.click("[data-do=open-provider]") }, "a[href*='person=dev-ben']")
	b.see("[data-card=oauth] [data-unlink]")
	b.refused(0)
}

// What was linked with nothing counts for nothing until an older way confirms it.
func TestConfirmingWhatWasLinkedWithNothing(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 1)
	b.fill("[name=link]", adaWork)
	b.click("[data-action=link] [type=submit]")
	b.enterCode(base, "[data-dialog=new-address]", adaWork)
	confirm := fmt.Sprintf("[data-confirm=%q]", adaWork)
	b.see(confirm)
	b.fits()
	b.click(confirm)
	b.stepUp(base, ada)
	b.gone(confirm)
	b.refused(1) // the bank, which trusts the other environment
}

// enrolApp adds an authenticator app, confirmed with the code that the page
// itself computes, and returns its secret.
func (b *tab) enrolApp(base, picture string) []byte {
	b.t.Helper()
	b.click("[data-do=add-app]")
	b.stepUp(base, ada)
	return b.confirmApp(picture)
}

// confirmApp finishes what add-app has begun.
func (b *tab) confirmApp(picture string) []byte {
	b.t.Helper()
	b.see("[data-dialog=enrol-app] .qr")
	b.until("drawing the QR code", "document.querySelector('svg.qr path').getBBox().width > 20")
	b.see("[data-dialog=enrol-app] .peek-code")
	b.fits()
	b.shot(picture)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(b.text(".secret code"), " ", ""))
	if err != nil {
		b.t.Fatalf("reading the secret: %v", err)
	}
	b.click("[data-dialog=enrol-app] .peek-code button")
	b.click("[data-dialog=enrol-app] [type=submit]")
	b.see("[data-card=totp] [data-remove]")
	return secret
}

// nextCode is of the step after this one, which the server takes too: the code
// of this one was used to enrol.
func nextCode(t *testing.T, secret []byte) string {
	t.Helper()
	return totp.Code(secret, totp.StepAt(time.Now())+1)
}

func (b *tab) typeCode(within, code string) {
	b.t.Helper()
	b.fill(within+" .code-input", code)
	b.click(within + " .code-form [type=submit]")
}

// sendMoney sends 25 at the example service; prove answers the prompt, which is
// for method.
func (b *tab) sendMoney(method string, prove func()) {
	b.t.Helper()
	before := b.balance()
	b.click("[data-action=transfer] [type=submit]")
	b.promptOpens(method, "")
	prove()
	b.see(".feature .good")
	b.see(".ticket[data-state=spent][data-scope='transfer:create']")
	b.balanceIs(before - 25)
}

// Where every sign-in takes a second factor, the session owes one until it is given.
func TestASessionThatOwesASecondFactor(t *testing.T) {
	const environment = "11111111-2222-4333-8444-555555555555"
	data := t.TempDir()
	base, _ := mustStartIn(t, data)
	b := mustOpenTab(t, 1280, 900)
	b.hasDevice()
	b.signIn(base, ada, 0)
	b.click("[data-do=add-passkey]")
	b.stepUp(base, ada)
	b.see("[data-card=passkey] .good")
	b.click("[data-do=signout]")
	b.see(".signin .note")

	document := operate(t, nil, "env", "show", environment, "--dev", "--data", data)
	stricter := strings.Replace(document, "\nmfa:\n", "\nmfa:\n  enabled: true\n", 1)
	if stricter == document {
		t.Fatalf("the document has no mfa to switch on:\n%s", document)
	}
	operate(t, strings.NewReader(stricter), "env", "apply", "-", "--dev", "--data", data)

	b.signIn(base, ada, 0)
	b.see("[data-banner=owes]")
	b.shot("demo-desktop-owes")
	b.click("[data-do=settle]")
	const inSettling = "[data-dialog=settle] stepup-prompt >>> "
	b.see(inSettling + screenFor["passkey"])
	b.click(inSettling + ".primary")
	b.gone("[data-banner=owes]")
	b.sendMoney("passkey", func() { b.click(inPrompt + ".primary") })
}

// What the device or the wallet did not do is no refusal, and costs nothing.
func TestNoDeviceAndNoWallet(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.open(base + "/demo/")
	b.click("[data-signin=blockchain]")
	b.see(".signin .note")
	if got := b.text(".signin .note"); !strings.Contains(got, "no wallet") {
		t.Errorf("without a wallet the page says %q", got)
	}
	b.signIn(base, ada, 0)
	b.hasStrangersDevice()
	b.click("[data-do=add-passkey]")
	b.stepUp(base, ada)
	b.see("[data-card=passkey] .note")
	b.see(".ticket[data-state=live][data-scope='credential:link']")
	b.refused(0)
}
