package coordinator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// The doctor says nothing of a healthy service, and one thing of each harm.
func TestDoctor(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.create(t, wallet.TwoOfTwo)
		w.create(t, wallet.TwoOfThree)
		w.perform(t, w.operation(wallet.Refresh, w.create(t, wallet.TwoOfTwo).ID, nil))
		w.perform(t, w.operation(wallet.Disable, w.create(t, wallet.TwoOfTwo).ID, nil))
		w.perform(t, w.operation(wallet.Delete, w.create(t, wallet.TwoOfTwo).ID, nil))
		w.crash(t, w.operation(wallet.Refresh, w.create(t, wallet.TwoOfTwo).ID, nil), "after signer.refresh", 1)
		w.crash(t, w.operation(wallet.Create, uuid.NewString(), wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfTwo}),
			"after signer.create", 1)

		var heard []string
		report, err := w.node.Doctor(t.Context(), func(n, all int) { heard = append(heard, fmt.Sprint(n, "/", all)) })
		if err != nil || report.Wallets != 6 || report.Uncollected != 1 || report.Underway != 2 || len(report.Findings) != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if strings.Join(heard, " ") != "1/6 2/6 3/6 4/6 5/6 6/6" {
			t.Error(heard)
		}

		for what, harm := range map[string]func(s, g *holding){
			"restore its database from a backup; do not refresh": func(s, g *holding) { g.status.Generations = nil },
			"as verified": func(s, g *holding) { s.status.Generations[0].State = wallet.Verified },
			"which no wallet names": func(s, g *holding) {
				g.status.Generations = append(g.status.Generations, wallet.Generation{Number: 2, State: wallet.Staged})
			},
			"takes generation 0 to be in force": func(s, g *holding) {
				g.status.Generations = append(g.status.Generations, wallet.Generation{Number: 0, State: wallet.InForce})
			},
			"and the wallet's address is": func(s, g *holding) { s.address = "another" },
			"says the wallet is disabled": func(s, g *holding) { g.status.State = wallet.Disabled },
			"has shredded its shares":     func(s, g *holding) { s.status.State = wallet.Deleted },
		} {
			mine := w.create(t, wallet.TwoOfTwo)
			s, g := w.custody.as(wallet.Signer).of(mine.ID), w.custody.as(wallet.Guardian).of(mine.ID)
			before, beforeG, address := s.status, g.status, s.address
			before.Generations, beforeG.Generations = append([]wallet.Generation(nil), before.Generations...),
				append([]wallet.Generation(nil), beforeG.Generations...)
			harm(s, g)
			report, err := w.node.Doctor(t.Context(), nil)
			if err != nil || len(report.Findings) == 0 || report.Findings[0].WalletID != mine.ID ||
				!strings.Contains(report.Findings[0].Text, what) || len(report.Findings) > 1 {
				t.Errorf("%s: %+v, %v", what, report.Findings, err)
			}
			s.status, g.status, s.address = before, beforeG, address
		}

		w.custody.as(wallet.Guardian).of("stray").status.Generations = []wallet.Generation{{Number: 1, State: wallet.Verified}}
		report, err = w.node.Doctor(t.Context(), nil)
		if err != nil || len(report.Findings) != 1 || report.Findings[0].WalletID != "stray" {
			t.Errorf("%+v, %v", report.Findings, err)
		}
		delete(w.custody.guardian, "stray")

		w.custody.clock = func() time.Time { return time.Now().Add(time.Minute) }
		report, err = w.node.Doctor(t.Context(), nil)
		if err != nil || len(report.Findings) != 2 || !strings.Contains(report.Findings[0].Text, "clock") {
			t.Errorf("%+v, %v", report.Findings, err)
		}
		w.custody.fail = func(step string) error {
			if step == "status guardian" {
				return errors.New("out of reach")
			}
			return nil
		}
		report, err = w.node.Doctor(t.Context(), nil)
		if err != nil || len(report.Findings) < 6 {
			t.Errorf("%+v, %v", report.Findings, err)
		}
	})
}

// Offline shares wait until the operator has them, and are replaced by those of
// the next generation.
func TestOfflineShares(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfThree)
		waiting := func(generations ...int) {
			t.Helper()
			all, err := w.node.OfflineShares(t.Context())
			if err != nil || len(all) != len(generations) {
				t.Fatalf("%+v, %v", all, err)
			}
			for i, g := range generations {
				if all[i].Generation != g || all[i].WalletID != mine.ID || all[i].Party != 3 || string(all[i].EncapsulatedKey) != "e" ||
					string(all[i].Ciphertext) != "c" {
					t.Errorf("%+v", all[i])
				}
			}
		}
		waiting(1)
		refresh := w.operation(wallet.Refresh, mine.ID, nil)
		w.crash(t, refresh, "before committed", 1) // the share of 2 is there, and is of no use yet
		waiting(1)
		w.clock.Advance(time.Minute)
		w.perform(t, refresh)
		waiting(2)
		if n, err := w.node.Collect(t.Context(), func(wallet.OfflineShare) error { return errors.New("no disk") }); err == nil || n != 0 {
			t.Error(n, err)
		}
		waiting(2)
		var kept []wallet.OfflineShare
		if n, err := w.node.Collect(t.Context(), func(s wallet.OfflineShare) error { kept = append(kept, s); return nil }); err != nil ||
			n != 1 || len(kept) != 1 {
			t.Error(n, err)
		}
		waiting()
		err := w.db.Read(t.Context(), func(tx *store.Tx) error {
			var n int
			if err := tx.Row(`SELECT COUNT(*) FROM offline_shares`).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d shares are left: %v", n, err)
			}
			rows, err := storetest.AuditLog(tx, "", "wallet.offline_share.collected")
			if len(rows) != 1 {
				t.Errorf("%+v", rows)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
