package account

import "errors"

// Complete says what a kind lacks.
func Complete(k Kind) error {
	switch {
	case k.Format == "" || k.Method == "" || k.Word == "":
		return errors.New("a format, a method and a word are needed")
	case k.thing == nil || k.thing("shown").String() == "":
		return errors.New("it has no words for people")
	case k.taken == nil:
		return errors.New("nothing is said of one that belongs to somebody else")
	case k.Method.MFA() && k.on == nil:
		return errors.New("no environment can switch it off")
	case k.Method.Sent() && k.notify == nil:
		return errors.New("codes are sent to it, and notices are not")
	}
	return nil
}
