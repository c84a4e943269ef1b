package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestEveryCheatIsRefused(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	before := b.balance()

	b.click("[data-do=none]")
	b.seeRefusal("[data-cheat=none]", "missing")
	b.click("[data-do=spent]")
	b.see("[data-cheat=spent] .note")

	b.click("[data-do=other-scope]")
	b.stepUp(base, ada)
	b.seeRefusal("[data-cheat=other-scope]", "wrong_scope")
	for _, cheat := range []string{"forged", "session"} {
		b.click("[data-do=" + cheat + "]")
		b.see(fmt.Sprintf("[data-cheat=%s] .refusal", cheat))
	}
	b.refused(4)
	b.balanceIs(before)

	b.click("[data-do=race]")
	b.stepUp(base, ada)
	b.see("[data-cheat=race] .good")
	b.seeRefusal("[data-cheat=race]", "spent")
	b.refused(5)
	b.balanceIs(before - 1)
	if got := b.text(".area-cheats .bad"); got != "" {
		t.Errorf("a cheat went through: %s", got)
	}
	b.shot("demo-desktop-cheats")
}

func TestLinkAndUnlink(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	b.link(base, adaWork)

	// The token is time-bound: it lives on, but not for the other direction.
	b.click(fmt.Sprintf("[data-unlink=%q]", adaWork))
	b.stepUp(base, ada)
	b.gone(fmt.Sprintf("[data-unlink=%q]", adaWork))

	// The last way to sign in stays, and the refusal says so.
	b.click(fmt.Sprintf("[data-unlink=%q]", ada))
	b.see("[data-code=cannot_delete_last_sign_in_verified_credential]")
	b.refused(1)
}

func TestWrongCodeAndCancelling(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 0)

	b.click("[data-action=transfer] [type=submit]")
	b.see(inPrompt + screenFor["email"])
	b.do("pressing Escape", chromedp.KeyEvent(kb.Escape))
	b.see(".feature .note")
	b.gone("dialog")

	b.click("[data-action=transfer] [type=submit]")
	b.click(inPrompt + ".primary")
	b.see("[data-dialog=stepup] .peek-code")
	wrong := "000000"
	if mustCode(t, base, ada) == wrong {
		wrong = "000001"
	}
	b.fill(inPrompt+"input", wrong)
	b.see(inPrompt + ".note.bad")
	b.shot("demo-phone-wrong-code")
	b.click("[data-dialog=stepup] .peek-code button")
	b.see(".feature .good")
	b.refused(1)
}

func TestReloadKeepsTheSessionAndDropsElevatedTokens(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	b.fill("[name=firstName]", "Ada")
	b.click("[data-action=profile] [type=submit]")
	b.stepUp(base, ada)
	b.see("[data-action=profile] + .outcome .good")
	b.click("[data-do=get-token]")
	b.stepUp(base, ada)
	b.see(".ticket")

	b.do("reloading", chromedp.Reload())
	b.see(".ticket-empty")
	if got := b.text(".person-name"); got != "Ada" {
		t.Errorf("after a reload the page greets %q, want Ada", got)
	}
	b.click("[data-do=refresh]")
	b.see(".area-account .good")
	b.click("[data-do=signout]")
	b.see(".signin .note")
	b.do("reloading", chromedp.Reload())
	b.see(".signin")
	b.refused(0)
}

func TestTheLogShowsNoWholeToken(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	b.click(".log summary")
	b.see(".log tbody tr")
	token := evaluate[string](b, keptSession+".token")
	if log := b.text(".log"); strings.Contains(log, token) || !strings.Contains(log, token[:6]) {
		t.Errorf("the log should abbreviate the session token: %s", log)
	}
	const without = "[...document.querySelectorAll('.log tbody tr')].filter((r) => !r.textContent.includes('bank') && " +
		"r.lastChild.textContent === '—').length"
	if count := evaluate[int](b, without); count > 0 {
		t.Errorf("%d requests to our own server show no request id", count)
	}
}

// keptSession is what the client keeps of the session, in the page's own storage.
const keptSession = "JSON.parse(Object.entries(sessionStorage).find(([key]) => key.startsWith('stepup:'))[1]).session"

func TestADeadSessionLeadsBackToSignIn(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.signIn(base, ada, 0)
	// Revoked elsewhere, as from another device.
	b.until("revoking", `(() => { const {token, user: {projectEnvironmentId: environmentId}} = `+keptSession+`;
		const headers = {Authorization: 'Bearer ' + token};
		window.revoked ??= fetch('/api/v0/sdk/' + environmentId + '/revoke', {method: 'POST', headers})
			.then(() => { window.done = true });
		return window.done === true })()`)
	b.fill("[name=firstName]", "Ada")
	b.click("[data-action=profile] [type=submit]")
	b.see(".signin .note")
}

func TestDeletingTheAccount(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 0)
	b.click("[data-do=delete]")
	b.see("[data-dialog=confirm]")
	b.click("[data-dialog=confirm] .danger")
	b.stepUp(base, ada)
	b.see(".signin .note")
	b.refused(0)
}

// At the older version the check asks for nothing, and enforcement agrees.
func TestLegacyEnvironment(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 1)
	b.fill("[name=link]", adaWork)
	b.click("[data-action=link] [type=submit]")
	b.enterCode(base, "[data-dialog=new-address]", adaWork)
	b.see(fmt.Sprintf("[data-unlink=%q]", adaWork))
	b.shot("demo-phone-legacy")
}

func TestInboxPage(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.open(base + "/dev/inbox")
	b.see(".empty")
	b.shot("demo-phone-inbox-empty")
	// Sent while the page is open: it appears by itself.
	b.until("asking for a code", `(() => { window.asked ??= fetch('/demo/config.json').then((r) => r.json()).then(({environments}) =>
		fetch('/api/v0/sdk/' + environments[0].id + '/emailVerifications/create', {method: 'POST',
			headers: {'Content-Type': 'application/json'}, body: JSON.stringify({email: 'ada@example.com'})}))
		.then((r) => { window.done = r.ok }); return window.done === true })()`)
	b.see(".message output")
	if got, want := b.text(".message output"), mustCode(t, base, ada); got != want {
		t.Errorf("the inbox shows %s, want %s", got, want)
	}
	if got := b.text(".message .purpose"); !strings.Contains(got, "sign in") {
		t.Errorf("the inbox says the code is for %q", got)
	}
	b.fits()
}
