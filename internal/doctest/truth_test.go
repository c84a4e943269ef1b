package doctest_test

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/doctest"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method/recovery"
)

// TestEveryCodeIsDocumented looks for each code that the server refuses with,
// and for no other.
func TestEveryCodeIsDocumented(t *testing.T) {
	page := doctest.Read(t, "docs/api.md")
	used := ""
	for _, source := range sources(t, "internal", false) {
		used += doctest.Read(t, source)
	}
	codes := regexp.MustCompile(`(\w+) +Code = "([a-z_]+)"`).FindAllStringSubmatch(doctest.Read(t, "internal/fault/fault.go"), -1)
	if len(codes) < 30 {
		t.Fatalf("only %d codes found in internal/fault", len(codes))
	}
	for _, code := range codes {
		if want, got := regexp.MustCompile(`fault\.`+code[1]+`\b`).MatchString(used), strings.Contains(page, "`"+code[2]+"`"); want != got {
			t.Errorf("code %s: used by the server: %t, named in api.md: %t", code[2], want, got)
		}
	}
}

// TestEveryVariableIsDocumented compares operating.md and wallets-operating.md with
// what internal/config reads.
func TestEveryVariableIsDocumented(t *testing.T) {
	pages := doctest.Read(t, "docs/operating.md") + doctest.Read(t, "docs/wallets-operating.md")
	source := doctest.Read(t, "internal/config/config.go") + doctest.Read(t, "internal/config/wallets.go")
	for _, name := range regexp.MustCompile(`"(STEPUP_[A-Z_]+[A-Z])"`).FindAllStringSubmatch(source, -1) {
		if !strings.Contains(pages, "| `"+name[1]+"`") && !strings.Contains(pages, ", `"+name[1]+"`") {
			t.Errorf("neither operating.md nor wallets-operating.md names %s", name[1])
		}
	}
	for _, name := range regexp.MustCompile("(?m)^\\| `(STEPUP_[A-Z_]+)`").FindAllStringSubmatch(pages, -1) {
		if !strings.Contains(source, `"`+name[1]+`"`) {
			t.Errorf("%s is documented, and nobody reads it", name[1])
		}
	}
}

// TestEveryKeyIsDocumented compares environment.md with the document's type.
func TestEveryKeyIsDocumented(t *testing.T) {
	page := doctest.Read(t, "docs/environment.md")
	for _, key := range keys(reflect.TypeFor[environment.Environment](), "") {
		short := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(page, "`"+key+"`") && !(strings.Contains(page, "`."+short+"`") && strings.Contains(page, short+":")) {
			t.Errorf("environment.md does not name %s", key)
		}
	}
}

// keys are the paths of a document that hold something themselves.
func keys(of reflect.Type, path string) []string {
	switch {
	case of == reflect.TypeFor[environment.Rate](), of == reflect.TypeFor[environment.Ref](),
		of.Kind() != reflect.Struct && of.Kind() != reflect.Slice:
		return []string{path}
	case of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Struct:
		return []string{path}
	case of.Kind() == reflect.Slice:
		return keys(of.Elem(), path+"[]")
	}
	var all []string
	for _, field := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		all = append(all, keys(field.Type, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return all
}

// TestGuessingArithmetic recomputes the table of limits.md from the defaults.
func TestGuessingArithmetic(t *testing.T) {
	page := doctest.Read(t, "docs/limits.md")
	limits := environment.Defaults().Limits
	perHour := func(r environment.Rate) int { return int(float64(r.Count) / r.Per.Std().Hours()) }
	const spread = 40                    // of internal/method/sentcode: all sources together against one
	const perAddress, anywhere = 10, 200 // of internal/method/sentcode: wrong tries until codes grow
	const shared = 3                     // of internal/method/sentcode: times the tries of one source
	own := perHour(limits.GuessesPerAccount)
	// At an address that is past its limit the tries of the newest code are shared, and
	// when they are over the next code goes out, until the tries at the address are.
	perShared := (shared + 1) * limits.CodeAttempts
	before := (limits.CodesPerAddress.Count-1)*limits.CodeAttempts + perShared
	codes := limits.CodesPerAddress.Count + (own*spread-before+perShared-1)/perShared
	if !strings.Contains(page, fmt.Sprintf("for each %d of them the %d tries of one address", codes, own*spread)) {
		t.Errorf("limits.md should say that %d codes are worth %d tries", codes, own*spread)
	}
	for _, row := range []struct {
		who                 string
		tries               int
		shortHour, shortDay int // tries at six digits
	}{
		{"a stranger with one network address, at one person's sign-in", own, perAddress, perAddress},
		{"a stranger with any number of them, at one person's sign-in", own * spread, perAddress, perAddress},
		{"a stranger with one network address, at everybody's sign-in", perHour(limits.CodesPerIP) * limits.CodeAttempts, anywhere,
			24 * anywhere},
		{"a stranger with any number of them, at everybody's sign-in", limits.CodesPerHour * own * spread / codes, anywhere, 24 * anywhere},
	} {
		want := fmt.Sprintf("| %s | %s per hour | %s | %s |", row.who, thousands(row.tries),
			chance(row.shortHour, row.tries-row.shortHour), chance(row.shortDay, 24*row.tries-row.shortDay))
		if !strings.Contains(page, want) {
			t.Errorf("limits.md should say\n%s", want)
		}
	}
	thief := fmt.Sprintf("| a thief of a session, at the codes of its owner | %d per hour | %s | %s in all: it stops at %d |",
		own, chance(own, 0), chance(limits.GuessesHardStop, 0), limits.GuessesHardStop)
	if !strings.Contains(page, thief) {
		t.Errorf("limits.md should say\n%s", thief)
	}
}

// TestSendingArithmetic recomputes from the defaults how many codes go out.
func TestSendingArithmetic(t *testing.T) {
	page := doctest.Read(t, "docs/limits.md")
	l := environment.Defaults().Limits
	in10m := func(r environment.Rate) int { return r.Count * int(10*time.Minute/r.Per.Std()) }
	inHour := func(r environment.Rate) int { return r.Count * int(time.Hour/r.Per.Std()) }
	const site, shared = 10, 3 // of internal/limit and internal/method/sentcode
	// Past the limit one goes whenever none is out: when the newest has expired, or
	// its shared tries are used up.
	again := int(l.CodesPerAddress.Per/l.CodeExpiry) - 1
	spent := inHour(l.GuessesPerAccount) * 40 / (shared * l.CodeAttempts)
	for _, row := range []struct {
		who         string
		tenMin, all int
	}{
		{"a stranger with one IPv4 address, or one IPv6 network", in10m(l.CodesPerIP), inHour(l.CodesPerIP)},
		{"a stranger with a whole IPv6 site", site * in10m(l.CodesPerIP), site * inHour(l.CodesPerIP)},
		{"strangers and accounts of today, all together", l.CodesPerHour, l.CodesPerHour},
		{"strangers, at one address", in10m(l.CodesPerAddress) + again + spent, inHour(l.CodesPerAddress) + 6*again + spent},
		{"an account that proves what it asks for, in one session", in10m(l.CodesPerSession), l.CodesPerAccountHour},
		{"an account that proves none, in all its sessions", in10m(l.CodesPerAccount), l.CodesPerAccountHour},
		{"an account that proves none, at its own address", in10m(l.CodesPerAddress), inHour(l.CodesPerAddress)},
	} {
		want := fmt.Sprintf("| %s | %s | %s |", row.who, thousands(row.tenMin), thousands(row.all))
		if !strings.Contains(page, want) {
			t.Errorf("limits.md should say\n%s", want)
		}
	}
}

// TestFactorGuessingArithmetic recomputes what guessing at an authenticator app
// and at recovery codes is worth from the defaults and the waits of internal/limit.
func TestFactorGuessingArithmetic(t *testing.T) {
	page := doctest.Read(t, "docs/limits.md")
	limits := environment.Defaults().Limits
	waits := limit.InARow{Free: limits.FactorGuesses, Stop: limits.FactorHardStop}
	within := func(d time.Duration) int { // tries as early as they are let
		n, at := 0, time.Duration(0)
		for n < waits.Stop && at <= d {
			n++
			at += waits.Wait(n)
		}
		return n
	}
	const accepted = 3 // codes of an app that are good at a time
	hour, day := within(time.Hour), within(24*time.Hour)
	want := fmt.Sprintf("| a thief of a session, at the owner's app | %d in an hour, %d in a day, %d in all | %s | %s | %s |",
		hour, day, waits.Stop, chance(accepted*hour, 0), chance(accepted*day, 0), chance(accepted*waits.Stop, 0))
	if !strings.Contains(page, want) {
		t.Errorf("limits.md should say\n%s", want)
	}
	if codes := float64(recovery.Count) * float64(waits.Stop) / math.Pow(2, 80); codes*100 >= 1e-18 {
		t.Errorf("recovery codes are guessed with a chance of %g %%, and limits.md says less", codes*100)
	}
}

// chance is that of guessing a code in so many tries at six digits and so many
// at eight, to two digits.
func chance(short, long int) string {
	percent := 100 * (1 - math.Pow(1-1e-6, float64(short))*math.Pow(1-1e-8, float64(long)))
	digits := max(0, 1-int(math.Floor(math.Log10(percent))))
	text := fmt.Sprintf("%.*f", digits, percent)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
