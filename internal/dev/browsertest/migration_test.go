package browsertest

import "testing"

// The old and the new flow side by side, and the switch with its way back.
func TestMovingToStepUp(t *testing.T) {
	base := mustStart(t)
	b := mustOpenTab(t, 1280, 900)
	b.open(base + "/")
	b.signIn(base, ada, 1)
	b.see("[data-migration=readiness] [data-version='2026_01_01']")
	b.see("[data-migration=mfa-token] .note")
	b.click("[data-do=add-app]") // under the old version a session may
	secret := b.confirmApp("demo-migration-0-enrol")

	// An MFA token opens the action that is on, once.
	b.typeCode("[data-migration=mfa-token]", nextCode(t, secret))
	b.click("[data-do=mfa-use]")
	b.until("the profile to be saved",
		`document.querySelector('[data-migration=mfa-token] .outcome:last-child').textContent.includes('x-mfa-auth-token')`)
	b.click("[data-do=mfa-use]")
	b.seeRefusal("[data-migration=mfa-token]", "spent")

	// Accepted: the report says so, and the page goes by the new rules.
	b.click("[data-do=look]")
	b.until("the calls to be counted",
		`Number(document.querySelector('[data-migration=readiness] .tally').textContent.replace(/\D/g, '')) > 0`)
	b.fits()
	b.fullShot("demo-migration-1-before")
	b.click("[data-do=accept-strict]")
	b.click("[data-dialog=confirm] .danger")
	b.see("[data-migration=readiness] [data-version='2026_04_01']")
	b.until("the line for the document", `document.querySelector('[data-line]').textContent === 'minApiVersion: "2026_04_01"'`)
	b.fits()
	b.fullShot("demo-migration-2-accepted")
	b.click("[data-do=go-back]")
	b.click("[data-dialog=confirm] .danger")
	b.see("[data-migration=readiness] [data-version='2026_01_01']")
	b.refused(2) // and the bank, which trusts the other environment

	small := mustOpenTab(t, 360, 740)
	small.open(base + "/")
	small.signIn(base, adaWork, 1)
	small.see("[data-migration=readiness] [data-version]")
	small.fits()
	small.dark()
	small.fullShot("demo-migration-3-small-dark")
	small.refused(1) // the bank, which trusts the other environment
}
