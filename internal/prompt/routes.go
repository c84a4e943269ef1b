package prompt

import (
	"github.com/stepup-auth/stepup/internal/door"
)

// Routes are all routes of hosted prompts.
func (f *Face) Routes() []door.Route {
	at := door.SDK + "/stepUp/prompts"
	routes := []door.Route{
		{
			Method: "POST", Path: at, Section: "ours, RFC 9126",
			Summary: "Have a page of ours ask for a step-up",
			Gate:    door.SignedIn(), Owing: true, Device: true,
			Handler: door.Handle(f.make),
		},
		{
			Method: "POST", Path: at + "/{promptId}/token", Section: "ours, RFC 7636",
			Summary: "Redeem the code that a prompt went back with",
			Gate:    door.SignedIn(), Owing: true, Device: true,
			Handler: door.Handle(f.redeem),
		},
		{
			Method: "POST", Path: at + "/{promptId}/open", Section: "ours",
			Summary: "The page trades the secret of its address for its cookie, once",
			Gate:    door.Public(), PromptPage: true,
			Handler: door.Handle(f.open),
		},
	}
	page := func(method, path, summary string, gate func(*door.Call) error, handler door.Endpoint) {
		routes = append(routes, door.Route{
			Method: method, Path: at + "/{promptId}" + path, Section: "ours", Summary: summary, Gate: door.Held(gate), PromptPage: true,
			Handler: handler,
		})
	}
	page("GET", "", "What the page shows", enter, door.Handle(f.read))
	page("POST", "/codes", "Send a code to an address that the page lists", enter, door.Handle(f.sendCode))
	page("POST", "/challenge", "What a passkey or a wallet is to sign, or where to log in", enter, door.Handle(f.challenge))
	page("POST", "/verify", "Prove it, and learn where to go", enterOver, door.Handle(f.verify))
	page("POST", "/cancel", "Give up, and learn where to go", enterOver, door.Handle(f.cancel))
	page("POST", "/enrol/codes", "Send a code to prove it with before a factor is enrolled", enterEnrolment,
		door.Handle(f.sendEnrolmentCode))
	page("POST", "/enrol/challenge", "What to sign, or where to log in, before a factor is enrolled", enterEnrolment,
		door.Handle(f.enrolmentChallenge))
	page("POST", "/enrol/verify", "Prove it before a factor is enrolled", enterEnrolment, door.Handle(f.verifyEnrolment))
	page("POST", "/enrol/totp", "Begin to enrol an authenticator app", enterEnrolment, door.Handle(f.enrolApp))
	page("POST", "/enrol/totp/confirm", "Confirm the authenticator app", enterEnrolment, door.Handle(f.confirmApp))
	page("POST", "/enrol/passkey", "Options to make a passkey with", enterEnrolment, door.Handle(f.enrolPasskey))
	page("POST", "/enrol/passkey/confirm", "Add the passkey that was made", enterEnrolment, door.Handle(f.confirmPasskey))
	return append(routes,
		door.Route{
			Method: "GET", Path: "/prompt/{environmentId}/{promptId}", Section: "ours",
			Summary: "The page of a hosted prompt, the same for all",
			Gate:    door.Public(), AnyOrigin: true, Produces: "text/html",
			Handler: door.Handle(f.page),
		},
		door.Route{
			Method: "GET", Path: "/prompt/assets/{file}", Section: "ours",
			Summary: "A script or a style of that page",
			Gate:    door.Public(), AnyOrigin: true, Produces: "text/javascript",
			Handler: door.Handle(f.asset),
		},
	)
}
