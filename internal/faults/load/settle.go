package load

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/faults/history"
)

// settling is something whose state can be asked for once more, so that what could not be
// known becomes known, and what was known is seen to have stayed so. It says whether the
// server answered.
type settling interface {
	settle(l *Load) bool
	of() history.Thing
}

// Settle lets clients wait, and asks again about everything that they have touched since
// the last time. What the servers do not answer is left for the next one.
func (l *Load) Settle() {
	l.t.Helper()
	l.work.Lock()
	defer l.work.Unlock()
	l.settle(false)
}

// settleAll must have every answer, and waits for it.
func (l *Load) settleAll() (silent []history.Finding) {
	for deadline := l.Log.Now() + 20*time.Second; l.settle(true) > 0; {
		if l.Log.Now() > deadline {
			for _, one := range l.touched {
				silent = append(silent, history.Finding{Thing: one.of(), Rule: history.Silent})
			}
			return silent
		}
		<-time.After(50 * time.Millisecond)
	}
	return nil
}

// settle asks once, and says how much is left.
func (l *Load) settle(all bool) int {
	touched := l.touched
	later := make([][]settling, l.options.Clients)
	var asking sync.WaitGroup
	for i := range later {
		asking.Go(func() {
			for n := i; n < len(touched); n += len(later) {
				if !all && l.reserved(touched[n]) || !touched[n].settle(l) {
					later[i] = append(later[i], touched[n])
				}
			}
		})
	}
	asking.Wait()
	l.touched = slices.Concat(later...)
	return len(l.touched)
}

// reserved are live tokens that are left for later: that nothing was lost is seen by what
// was not used at once.
func (l *Load) reserved(one settling) bool {
	t, ok := one.(*token)
	return ok && len(t.operations) == 0 && l.Log.Now() < t.due-time.Minute
}

func decided(answer history.Answer) bool { return answer != history.Not && answer != history.Unknown }

// settle spends the token: once more for each operation, and for another.
func (t *token) settle(l *Load) bool {
	l.mu.Lock()
	operations := slices.Clone(t.operations)
	l.mu.Unlock()
	if len(operations) > 4 {
		operations = append(operations[:2:2], operations[len(operations)-2:]...)
	}
	for _, operation := range append(operations, uuid.NewString()) {
		if !decided(l.spend(t, operation)) {
			return false
		}
	}
	return decided(l.introspect(t)) && decided(l.audit(t))
}

// settle sends the signed text again.
func (s *signed) settle(l *Load) bool {
	r, answer := l.send(s)
	if r.status == http.StatusUnauthorized {
		return true // its session is over
	}
	return decided(l.note(history.Event{Thing: s.thing, Act: history.Used}, r, answer))
}

// settle tries the code again. One that was found wrong counts as a guess, so that it may
// be refused for a while: then it is left as it is.
func (code *recoveryCode) settle(l *Load) bool {
	r, answer := l.useCode(code)
	return decided(answer) || r.status == http.StatusTooManyRequests || r.status == http.StatusUnauthorized
}

// settle uses the token again.
func (t *mfaToken) settle(l *Load) bool {
	r, answer := l.useMFAToken(t)
	return decided(answer) || r.status == http.StatusUnauthorized
}

func (t *token) of() history.Thing           { return t.thing }
func (s *signed) of() history.Thing          { return s.thing }
func (code *recoveryCode) of() history.Thing { return code.thing }
func (t *mfaToken) of() history.Thing        { return t.thing }
