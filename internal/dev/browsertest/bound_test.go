package browsertest

import "testing"

// Payee and amount are confirmed: the dialog and the mail name them, and the
// token sends just that.
func TestConfirmedTransfer(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 0)
	before := b.balance()
	b.click("[data-do=confirm-transfer]")
	b.see(inPrompt + ".exactly .line")
	if got := b.text(inPrompt + ".exactly .line"); got != "Send 25 EUR to bob" {
		t.Errorf("the dialog says %q", got)
	}
	b.fits()
	b.shot("demo-phone-confirm-transfer")
	b.stepUp(base, ada)
	b.see(".feature .good")
	b.see(".ticket[data-state=spent][data-scope='transfer:create']")
	b.balanceIs(before - 25)
	b.refused(0)
	b.fits()
	b.fullShot("demo-phone-confirmed-transfer")

	b.click("[data-do=spent]")
	b.seeRefusal("[data-cheat=spent]", "spent")
	b.balanceIs(before - 25)
}
