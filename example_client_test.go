package stepup_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Guard something that is no HTTP handler, such as a job: verify, compare, and
// consume by hand. The operation id is the job's, so a job that crashed and runs
// again finds out that it was let through before.
func ExampleClient_Consume() {
	issuer := stepuptest.NewIssuer(tb)
	verifier, client := issuer.Verifier(tb), issuer.Client(tb)
	pay := func(job, token string) error {
		claims, err := verifier.Elevated(context.Background(), token)
		if err != nil {
			return err
		}
		if claims.Subject != "user-1" || claims.Session != "session-1" || !claims.Has("payroll:run") {
			return stepup.ErrDenied
		}
		answer, err := client.Consume(context.Background(), stepup.ConsumeRequest{
			Token: token, Scope: "payroll:run", OperationID: job, RequestDigest: "sha256:of-what-is-paid",
		})
		if err != nil {
			return err
		}
		fmt.Println(job, answer.Result)
		return nil
	}

	token := issuer.Token(tb, stepuptest.Token{Scopes: []stepup.Scope{"payroll:run"}})
	_ = pay("payroll-2026-05", token)
	_ = pay("payroll-2026-05", token) // the job resumes; it must not pay anew
	err := pay("payroll-2026-06", token)
	fmt.Println(errors.Is(err, stepup.ErrSpent), stepup.ReasonOf(err))
	// Output:
	// payroll-2026-05 first
	// payroll-2026-05 replayed
	// true spent
}

// Ask whether a token is good this very moment, revocation included.
func ExampleClient_Introspect() {
	issuer := stepuptest.NewIssuer(tb)
	client := issuer.Client(tb)
	token := issuer.Token(tb, stepuptest.Token{Scopes: []stepup.Scope{"card:show"}, TimeBound: true})

	before, _ := client.Introspect(context.Background(), token)
	issuer.RevokeSession("session-1")
	after, _ := client.Introspect(context.Background(), token)
	fmt.Println(before.Active, before.Subject, before.Scopes)
	fmt.Println(after.Active)
	// Output:
	// true user-1 [card:show]
	// false
}
