package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	ada     = "ada@example.com"
	adaWork = "ada@work.example.com"
)

var screens = []struct {
	name          string
	width, height int64
}{
	{"small", 360, 740},
	{"phone", 390, 844},
	{"desktop", 1280, 900},
}

// The way of a newcomer, on every screen: sign in, send money once with a
// proof, fail to send it twice, add an address with a proof.
func TestDemo(t *testing.T) {
	for _, screen := range screens {
		t.Run(screen.name, func(t *testing.T) {
			base := mustStart(t)
			b := mustOpenTab(t, screen.width, screen.height)
			picture := func(name string) {
				t.Helper()
				b.fits()
				b.shot(fmt.Sprintf("demo-%s-%s", screen.name, name))
			}

			b.open(base + "/")
			b.see(".signin")
			picture("1-sign-in")
			b.signIn(base, ada, 0)
			before := b.balance()
			picture("2-signed-in")

			b.click("[data-action=transfer] [type=submit]")
			b.see(inPrompt + screenFor["email"])
			picture("3-prove-it")
			b.click(inPrompt + ".primary")
			b.see("[data-dialog=stepup] .peek-code")
			picture("4-code")
			b.enterPromptCode(base, ada)
			b.see(".feature .good")
			b.see(".ticket[data-state=spent]")
			b.balanceIs(before - 25)

			b.click("[data-do=spent]")
			b.seeRefusal("[data-cheat=spent]", "spent")
			picture("5-refused")
			b.balanceIs(before - 25)

			b.link(base, adaWork)
			b.see(".ticket[data-state=live][data-scope='credential:link']")
			picture("6-linked")
			b.click("[data-do=get-token]")
			b.stepUp(base, ada)
			b.see(".ticket[data-state=live][data-scope='transfer:create']")
			b.click(".ticket[data-state=live] summary")
			b.click(".log summary")
			b.fits()
			b.fullShot("demo-" + screen.name + "-7-everything")
			b.dark()
			b.fits()
			b.fullShot("demo-" + screen.name + "-8-dark")
			b.refused(1)

			b.open(base + "/dev/inbox")
			b.see(".message output")
			picture("9-inbox")
		})
	}
}

// mustCode reads the newest code sent to address the way a developer does.
func mustCode(t *testing.T, base, address string) string {
	t.Helper()
	response, err := http.Get(base + "/dev/inbox.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var inbox struct {
		Messages []struct{ To, Code string }
	}
	if err := json.NewDecoder(response.Body).Decode(&inbox); err != nil {
		t.Fatal(err)
	}
	for _, message := range inbox.Messages {
		if message.To == address && message.Code != "" {
			return message.Code
		}
	}
	t.Fatalf("no code for %s in the inbox", address)
	return ""
}

// enterCode waits until the page itself has seen the mail, then types the code
// and submits. Nothing asks for a code any more afterwards.
func (b *tab) enterCode(base, within, address string) {
	b.t.Helper()
	b.see(within + " .peek-code")
	code := mustCode(b.t, base, address)
	b.fill(within+" .code-input", " "+code[:3]+" "+code[3:]) // as people paste it
	b.click(within + " .code-form [type=submit]")
	b.gone(within + " .code-form")
}

// signIn signs in at the environment of that position in the list.
func (b *tab) signIn(base, address string, environment int) {
	b.t.Helper()
	b.open(base + "/demo/")
	b.click(fmt.Sprintf(".signin .choice:nth-of-type(%d)", environment+1))
	b.fill(".signin [name=email]", address)
	b.click(".signin [type=submit]")
	b.enterCode(base, ".signin", address)
	b.see(".home")
}

// stepUp answers the prompt with a code to address.
func (b *tab) stepUp(base, address string) {
	b.t.Helper()
	b.promptSends("email", address)
	b.enterPromptCode(base, address)
}

// promptSends has the component send a code to address.
func (b *tab) promptSends(method, address string) {
	b.t.Helper()
	if !b.promptOpens(method, address) {
		b.click(inPrompt + ".primary")
	}
}

// promptOpens waits until the component asks for a proof by this method, of what is called
// so. Where it lists several ways it is chosen, by which a code is on its way.
func (b *tab) promptOpens(method, called string) (chosen bool) {
	b.t.Helper()
	b.see(inPrompt + ":is(.ways, " + screenFor[method] + ")")
	if b.text(inPrompt+".ways") != "" {
		way := fmt.Sprintf("[...%s.querySelectorAll('.way')].find((way) => way.querySelector('.icon-%s') && way.textContent.includes(%q))",
			at(inPrompt+".ways"), iconFor[method], called)
		b.do("choosing "+called, chromedp.Click(chromedp.JSPath(way), chromedp.NodeVisible))
		chosen = true
	}
	b.see(inPrompt + screenFor[method])
	return chosen
}

// inPrompt begins the selectors of what the component shows in the step-up's dialog.
const inPrompt = "[data-dialog=stepup] stepup-prompt >>> "

// screenFor is what the component shows for a way to prove it.
var screenFor = map[string]string{
	"email": ".screen-code", "phoneNumber": ".screen-code", "totp": ".screen-totp", "passkey": ".screen-passkey",
	"blockchain": ".screen-wallet", "oauth": ".screen-social",
}

// iconFor is what the component draws beside a way that it lists.
var iconFor = map[string]string{
	"email": "email", "phoneNumber": "sms", "totp": "totp", "passkey": "passkey", "blockchain": "wallet", "oauth": "social",
}

// enterPromptCode is enterCode for the component.
func (b *tab) enterPromptCode(base, address string) {
	b.t.Helper()
	b.see("[data-dialog=stepup] .peek-code")
	code := mustCode(b.t, base, address)
	b.fill(inPrompt+"input", " "+code[:3]+" "+code[3:]) // as people paste it; complete, it is sent
	b.gone("[data-dialog=stepup]")
}

// link adds an address, with a step-up in front.
func (b *tab) link(base, address string) {
	b.t.Helper()
	b.fill("[name=link]", address)
	b.click("[data-action=link] [type=submit]")
	b.stepUp(base, ada)
	b.enterCode(base, "[data-dialog=new-address]", address)
	b.see(fmt.Sprintf("[data-unlink=%q]", address))
}

// balance is what the page says is on the user's own account.
func (b *tab) balance() int {
	b.t.Helper()
	b.see(".accounts li")
	return evaluate[int](b, ownBalance)
}

func (b *tab) balanceIs(want int) {
	b.t.Helper()
	b.until(fmt.Sprintf("a balance of %d", want), fmt.Sprintf("%s === %d", ownBalance, want))
}

const ownBalance = "Number(document.querySelector('.accounts li strong').textContent.replace(/[^0-9-]/g, ''))"

// seeRefusal waits for a refusal with this reason and checks that it tells
// what one needs to look it up.
func (b *tab) seeRefusal(within, reason string) {
	b.t.Helper()
	b.see(fmt.Sprintf("%s .refusal[data-reason=%s]", within, reason))
	facts := b.text(within + " .facts")
	for _, want := range []string{"403", "elevated_access_token_required", reason, "Request"} {
		if !strings.Contains(facts, want) {
			b.t.Errorf("the refusal does not show %q: %q", want, facts)
		}
	}
}
