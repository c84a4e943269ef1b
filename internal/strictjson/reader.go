package strictjson

import "errors"

// Reader reads the members of an object by type. The first fault sticks, so that
// a caller reads all members and asks [Reader.Err] once.
type Reader struct {
	Members
	err error
}

// Depth is how deep a text may nest that is read with [Read] or [Decode].
const Depth = 16

// Read reads a text that must hold an object. The names are those of the members
// that the caller reads: they must be written exactly so. Others are kept and
// ignored.
func Read(data []byte, names []string) (Reader, error) {
	members, err := ParseObject(data, Depth)
	if err != nil {
		return Reader{}, err
	}
	return Reader{Members: members}, members.Exactly(names...)
}

// Err is the first fault; nil if there was none.
func (r *Reader) Err() error { return r.err }

// Fail notes that a member is at fault, unless another one was before.
func (r *Reader) Fail(name, problem string) {
	if r.err == nil {
		r.err = errors.New(name + " " + problem)
	}
}

// Required is the value of a member that must be there.
func (r *Reader) Required(name string) Value {
	value := r.Get(name)
	if !value.Exists() {
		r.Fail(name, "is missing")
	}
	return value
}

// Text is a required string that is not empty.
func (r *Reader) Text(name string) string {
	if !r.Required(name).Exists() {
		return ""
	}
	s := r.Optional(name)
	if s == "" {
		r.Fail(name, "is empty")
	}
	return s
}

// Optional is a string that may be absent, but not of another type.
func (r *Reader) Optional(name string) string {
	value := r.Get(name)
	if !value.Exists() {
		return ""
	}
	s, err := value.Text()
	if err != nil {
		r.Fail(name, "is not a string")
	}
	return s
}

// Boolean is a required true or false.
func (r *Reader) Boolean(name string) bool {
	b, err := r.Required(name).Boolean()
	if err != nil {
		r.Fail(name, "is not a boolean")
	}
	return b
}

// Texts is a list of strings that may be absent, or null.
func (r *Reader) Texts(name string) []string {
	value := r.Get(name)
	if value.Absent() {
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
		r.Fail(name, "is not a list of strings")
		return nil
	}
	return list
}
