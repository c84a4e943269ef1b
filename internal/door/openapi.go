package door

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// OpenAPI is the OpenAPI 3.1 document of the routes. It is made from the table
// and the Go types of the bodies, so it says what the code does.
func OpenAPI(routes []Route) ([]byte, error) {
	text, err := json.MarshalIndent(describe(routes), "", "  ")
	return append(text, '\n'), err
}

// object is a JSON object; encoding/json writes its members in a fixed order.
type object = map[string]any

func describe(routes []Route) object {
	s := newSchemas()
	problem, stepUp := s.of(problemType), s.stepUpProblem()
	paths := object{}
	for _, r := range routes {
		item, ok := paths[r.Path].(object)
		if !ok {
			item = object{}
			if names := pathNames(r.Path); len(names) > 0 {
				item["parameters"] = pathParameters(names)
			}
			paths[r.Path] = item
		}
		item[strings.ToLower(r.Method)] = operation(s, r)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "stepup", "version": "v0", "summary": "Self-hosted step-up authentication",
			"description": "Every refusal is a Problem. Clients branch on its code; its text is for people. Requests may carry members " +
				"that are not listed here: they are ignored, except by the administration, which refuses them. Members " +
				"of answers may be added.",
			"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []object{{"url": "/", "description": "The server that serves this document"}},
		"tags": []object{
			{"name": "sdk", "description": "What apps call for their users"},
			{"name": "guards", "description": "What guards of other APIs call"},
			{"name": "admin", "description": "What operators call"},
			{"name": "pages", "description": "What people open"},
		},
		"paths": paths,
		"components": object{
			"schemas": s.named,
			"responses": object{
				"Problem": answerOf("A refusal", "application/json", problem),
				"StepUpRequired": answerOf(
					"Not allowed. With the code elevated_access_token_required the payload says which scope to step up for, and how.",
					"application/json", object{"anyOf": []object{stepUp, problem}}),
				"TryLater": object{
					"description": "Too often, or not now: try again after Retry-After seconds",
					"headers":     object{"X-Request-Id": requestIDHeader, "Retry-After": object{"schema": object{"type": "integer"}}},
					"content":     object{"application/json": object{"schema": problem}},
				},
			},
			"headers": object{"RequestId": object{"description": "Names this request in the server's log",
				"schema": object{"type": "string"}}},
			"securitySchemes": object{
				"session": object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
					"description": "Session token (typ at+jwt): minifiedJwt of a sign-in"},
				"service": object{"type": "http", "scheme": "bearer",
					"description": "Service token (" + serviceauth.Prefix + "…), made by `stepup token create`"},
				"elevated": object{"type": "apiKey", "in": "header", "name": "Elevated-Access-Token",
					"description": "Elevated access token (typ elevated+jwt). Send it in one header, once."},
				"prompt": object{"type": "apiKey", "in": "cookie", "name": "__Host-stepup-prompt-{promptId}",
					"description": "What the page of a hosted prompt got for the secret of its address. It opens the routes of that " +
						"prompt and nothing else, to that page alone."},
				"elevatedDyn": object{"type": "apiKey", "in": "header", "name": "x-dyn-elevated-access-token",
					"description": "The same, as published clients name it"},
			},
		},
	}
}

var requestIDHeader = object{"$ref": "#/components/headers/RequestId"}

func answerOf(description, media string, schema object) object {
	return object{
		"description": description, "headers": object{"X-Request-Id": requestIDHeader},
		"content": object{media: object{"schema": schema}},
	}
}

func operation(s *schemas, r Route) object {
	o := object{
		"operationId": operationID(r), "summary": r.Summary, "tags": []string{tag(r)},
		"responses": responses(s, r), "security": security(r.Gate, r.OptionalSession),
		"x-stepup-gate": string(r.Gate.Kind), "x-stepup-section": r.Section,
	}
	if len(r.Gate.Scopes) > 0 {
		o["x-stepup-scopes"] = r.Gate.Scopes
	} else if r.Gate.Service != "" {
		o["x-stepup-scopes"] = []string{r.Gate.Service}
	}
	if r.Gate.Compatible != "" {
		o["x-stepup-compatibility"] = string(r.Gate.Compatible)
	}
	if list := parameters(r); len(list) > 0 {
		o["parameters"] = list
	}
	if body := requestBody(s, r); body != nil {
		o["requestBody"] = body
	}
	return o
}

func requestBody(s *schemas, r Route) object {
	if r.Document {
		return object{"required": true, "content": object{
			"application/yaml": object{"schema": object{"type": "string", "description": "An environment document"}},
			"application/json": object{"schema": object{"type": "object", "description": "The same as JSON"}},
		}}
	}
	if r.Handler.request == nil {
		return nil
	}
	schema := object{"schema": s.of(r.Handler.request)}
	content := object{"application/json": schema}
	if r.Form {
		content["application/x-www-form-urlencoded"] = schema
	}
	return object{"required": !r.OptionalBody, "content": content}
}

// responses lists what the door can answer for such a route; whatever else a
// handler refuses is under 4XX.
func responses(s *schemas, r Route) object {
	to := func(name string) object { return object{"$ref": "#/components/responses/" + name} }
	list := object{"4XX": to("Problem"), "429": to("TryLater"), "5XX": to("Problem"), "503": to("TryLater")}
	switch {
	case r.Redirects && r.Method == "POST":
		list["303"] = object{"description": "Go there", "headers": object{"X-Request-Id": requestIDHeader}}
	case r.Redirects:
		list["302"] = object{"description": "Go there", "headers": object{"X-Request-Id": requestIDHeader}}
	case r.Produces != "":
		list["200"] = answerOf("Done", r.Produces, object{})
	case r.Handler.response == nil:
		list["204"] = object{"description": "Done", "headers": object{"X-Request-Id": requestIDHeader}}
	default:
		done := answerOf("Done", "application/json", s.of(r.Handler.response))
		if r.Event != "" {
			done["content"].(object)["text/event-stream"] = object{"schema": object{"type": "string",
				"description": "With Accept: text/event-stream and without x-idempotency-key: one event " + r.Event +
					", whose data is the JSON"}}
		}
		list["200"] = done
	}
	if strings.Contains(r.Path, "{environmentId}") {
		list["404"] = to("Problem")
	}
	if strings.HasPrefix(r.Path, SDK) && !r.AnyOrigin {
		list["403"] = to("Problem")
	}
	if r.Handler.request != nil || r.Document {
		list["400"], list["413"], list["422"] = to("Problem"), to("Problem"), to("Problem")
	}
	if r.Handler.request != nil {
		list["415"] = to("Problem")
	}
	if r.Gate.Kind != PublicGate && r.Gate.Kind != PromptGate || r.OptionalSession {
		list["401"] = to("Problem")
	}
	switch r.Gate.Kind {
	case ElevatedGate, MarkedGate, BodyGate:
		list["400"], list["403"] = to("Problem"), to("StepUpRequired")
	case ServiceGate:
		list["403"] = to("Problem")
		if r.Gate.Service == serviceauth.TokensConsume {
			list["403"] = to("StepUpRequired")
		}
	}
	return list
}

// security lists alternatives; an empty one means that nothing is needed.
func security(g Gate, optionalSession bool) []object {
	session := object{"session": []string{}}
	elevated := []object{{"session": []string{}, "elevated": []string{}}, {"session": []string{}, "elevatedDyn": []string{}}}
	switch {
	case g.Kind == PublicGate && optionalSession:
		return []object{{}, session}
	case g.Kind == SessionGate:
		return []object{session}
	case g.Kind == ElevatedGate || g.Kind == MarkedGate:
		return elevated
	case g.Kind == BodyGate:
		return append(elevated, session)
	case g.Kind == PromptGate:
		return []object{{"prompt": []string{}}}
	case g.Kind == ServiceGate:
		return []object{{"service": []string{}}}
	}
	return []object{}
}

var deviceHeaders = []object{
	{"name": "x-dynamic-device-nonce", "in": "header", "description": "A fresh nonce", "schema": object{"type": "string"}},
	{"name": "x-dynamic-device-publickey", "in": "header", "description": "Compressed P-256 key of the device, in hex",
		"schema": object{"type": "string"}},
	{"name": "x-dynamic-device-signed-nonce", "in": "header", "description": "Its ECDSA signature over the nonce, r and s, in hex",
		"schema": object{"type": "string"}},
}

func parameters(r Route) []object {
	var list []object
	for _, p := range r.Query {
		list = append(list, parameter(p, "query"))
	}
	for _, p := range r.Headers {
		list = append(list, parameter(p, "header"))
	}
	if r.Device {
		list = append(list, deviceHeaders...)
	}
	if r.Operation {
		list = append(list, object{"name": "x-idempotency-key", "in": "header",
			"description": "Made anew for each operation; the same again with the same body gives the same answer",
			"schema":      object{"type": "string", "pattern": idempotencyRule.String()}})
	}
	return list
}

func parameter(p Param, in string) object {
	schema := object{"type": p.Type}
	if p.Type == "date-time" {
		schema = object{"type": "string", "format": "date-time"}
	}
	if p.Min != 0 {
		schema["minimum"] = p.Min
	}
	if p.Max != 0 {
		schema["maximum"] = p.Max
	}
	return object{"name": p.Name, "in": in, "description": p.Summary, "schema": schema}
}

var pathName = regexp.MustCompile(`\{(\w+)\}`)

func pathNames(path string) []string {
	var names []string
	for _, found := range pathName.FindAllStringSubmatch(path, -1) {
		names = append(names, found[1])
	}
	return names
}

func pathParameters(names []string) []object {
	list := make([]object, len(names))
	for i, name := range names {
		list[i] = object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}}
	}
	return list
}

func tag(r Route) string {
	switch {
	case strings.HasPrefix(r.Path, Admin):
		return "admin"
	case r.Gate.Kind == ServiceGate:
		return "guards"
	case r.Produces != "" && r.Produces != "application/json":
		return "pages"
	}
	return "sdk"
}

// operationID makes a name out of method and path: getEnvironmentUsers is not
// among them, getAdminEnvironmentsByEnvironmentIdUsers is.
func operationID(r Route) string {
	path := strings.TrimPrefix(strings.TrimPrefix(r.Path, SDK), "/api/v0")
	name := strings.ToLower(r.Method)
	for _, part := range strings.FieldsFunc(path, func(c rune) bool { return strings.ContainsRune("/.-_", c) }) {
		if inner, ok := strings.CutPrefix(part, "{"); ok {
			part = "By" + title(strings.TrimSuffix(inner, "}"))
		}
		name += title(part)
	}
	return name
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
