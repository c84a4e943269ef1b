package console

import "time"

var _ = canned(
	sample{name: "error_not_found", at: Root + "nowhere", page: errorPage{
		Status: 404, Code: errNotFound.Code, Message: errNotFound.Message,
		RequestID: "REQUEST5ID3OF2THE7PREVIEW",
	}},
	sample{name: "error_unavailable", at: inPreview + "overview", page: errorPage{Status: 503, Code: "temporarily_unavailable",

		Message: "The database does not answer. Nothing was changed.", RetryAfter: 5 * time.Second,
		RequestID: "REQUEST5ID3OF2THE7PREVIEW"}},
)
