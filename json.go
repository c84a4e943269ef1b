package stepup

import (
	"errors"
	"strconv"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// maxJSONDepth is how deep JSON that decides something may nest.
const maxJSONDepth = 16

// parseObject reads data, which must be one JSON object. The names in known must
// be written exactly so; other names are kept and ignored.
func parseObject(data []byte, known []string) (strictjson.Members, error) {
	members, err := strictjson.ParseObject(data, maxJSONDepth)
	if err != nil {
		return strictjson.Members{}, err
	}
	return members, members.Exactly(known...)
}

// reader reads members of an object by type; the first fault sticks.
type reader struct {
	strictjson.Members
	err error
}

func (r *reader) fail(name, problem string) {
	if r.err == nil {
		r.err = errors.New(name + " " + problem)
	}
}

func (r *reader) required(name string) strictjson.Value {
	value := r.Get(name)
	if !value.Exists() {
		r.fail(name, "is missing")
	}
	return value
}

// text is a required string that is not empty.
func (r *reader) text(name string) string {
	if !r.required(name).Exists() {
		return ""
	}
	s := r.optional(name)
	if s == "" {
		r.fail(name, "is empty")
	}
	return s
}

// optional is a string that may be absent, but not of another type.
func (r *reader) optional(name string) string {
	value := r.Get(name)
	if !value.Exists() {
		return ""
	}
	s, err := value.Text()
	if err != nil {
		r.fail(name, "is not a string")
	}
	return s
}

// integer is a required whole number. Fractions and exponents are refused: our
// issuer writes none, and readers round them differently.
func (r *reader) integer(name string) int64 {
	value := r.required(name)
	if !value.Exists() {
		return 0
	}
	n, err := strconv.ParseInt(string(value.Raw()), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		r.fail(name, "is not a time in whole seconds")
	}
	return n
}

func (r *reader) boolean(name string) bool {
	value := r.required(name)
	b, err := value.Boolean()
	if err != nil {
		r.fail(name, "is not a boolean")
	}
	return b
}

// texts is a list of strings that may be absent, or null.
func (r *reader) texts(name string) []string {
	value := r.Get(name)
	if !value.Exists() || value.Kind() == strictjson.Null {
		return nil
	}
	raw, err := value.List()
	list := make([]string, len(raw))
	for i := range raw {
		if err == nil {
			list[i], err = raw[i].Text()
		}
	}
	if err != nil {
		r.fail(name, "is not a list of strings")
		return nil
	}
	return list
}

// audience is the aud claim: a string, or a list of them (RFC 7519 section
// 4.1.3). It is required, and no element may be empty.
func (r *reader) audience() []string {
	value := r.required("aud")
	if !value.Exists() {
		return nil
	}
	if value.Kind() == strictjson.Text {
		return []string{r.text("aud")}
	}
	list := r.texts("aud")
	if len(list) == 0 {
		r.fail("aud", "is empty")
	}
	for _, s := range list {
		if s == "" {
			r.fail("aud", "has an empty element")
		}
	}
	return list
}
