package share_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

var custodians = []wallet.Role{wallet.Signer, wallet.Guardian}

// groups are all groups of that many parties.
func groups(s wallet.Scheme, size int) (all [][]int) {
	for mask := range 1 << share.Parties(s) {
		var group []int
		for party := 1; party <= share.Parties(s); party++ {
			if mask>>(party-1)&1 == 1 {
				group = append(group, party)
			}
		}
		if len(group) == size {
			all = append(all, group)
		}
	}
	return all
}

// The tables: who is who, and that every quorum has all pieces and nobody else does.
func TestSchemes(t *testing.T) {
	want := map[wallet.Scheme]struct{ threshold, parties, pieces, held int }{
		wallet.TwoOfTwo: {2, 2, 2, 1}, wallet.TwoOfThree: {2, 3, 3, 2}, wallet.ThreeOfFive: {3, 5, 10, 6},
	}
	for _, s := range wallet.Schemes {
		w := want[s]
		if share.Threshold(s) != w.threshold || share.Parties(s) != w.parties || share.Count(s) != w.pieces {
			t.Errorf("%s is %d of %d with %d pieces", s, share.Threshold(s), share.Parties(s), share.Count(s))
		}
		for size := 1; size <= share.Parties(s); size++ {
			for _, group := range groups(s, size) {
				held := share.Held(s, group...)
				if size == 1 && len(held) != w.held {
					t.Errorf("%s: party %v holds %v", s, group, held)
				}
				if all := len(held) == share.Count(s); all != (size >= share.Threshold(s)) {
					t.Errorf("%s: the parties %v hold the pieces %v", s, group, held)
				}
			}
		}
		everyone := slices.Concat(share.PartiesOf(s, wallet.Signer), share.PartiesOf(s, wallet.Guardian), share.Offline(s))
		if slices.Sort(everyone); !slices.Equal(everyone, groups(s, share.Parties(s))[0]) {
			t.Errorf("%s: the parties are %v", s, everyone)
		}
		var responsible []int
		for _, c := range custodians {
			if n := len(share.PartiesOf(s, c)); n >= share.Threshold(s) {
				t.Errorf("%s: the %s alone is a quorum", s, c)
			}
			for _, n := range share.Responsible(s, c) {
				if !slices.Contains(share.HeldBy(s, c), n) {
					t.Errorf("%s: the %s answers for piece %d without holding it", s, c, n)
				}
				responsible = append(responsible, n)
			}
		}
		if slices.Sort(responsible); len(responsible) != share.Count(s) || !slices.Equal(responsible, share.Held(s, everyone...)) {
			t.Errorf("%s: the custodians answer for %v", s, responsible)
		}
		if online := slices.Concat(share.HeldBy(s, wallet.Signer),
			share.HeldBy(s, wallet.Guardian)); !subset(share.Held(s, everyone...), online) {
			t.Errorf("%s: signer and guardian are no quorum", s)
		}
	}
	if share.Held(wallet.TwoOfTwo, 0, 3, -1) != nil || share.Held("NINE_OF_TEN", 1) != nil || share.Count("") != 0 {
		t.Error("parties and schemes that do not exist hold pieces")
	}
}

func subset(small, big []int) bool {
	return !slices.ContainsFunc(small, func(n int) bool { return !slices.Contains(big, n) })
}

// A wallet follows one secret through generations of shares. Its random values come
// from draw, which also sees who learns what.
type custody struct {
	scheme wallet.Scheme
	pieces share.Pieces // of all parties together; offline shares are taken from the custodians'
	seen   map[wallet.Role][][]byte
	draw   func([]byte)
}

func begin(t fataler, s wallet.Scheme, secret []byte, draw func([]byte)) *custody {
	pieces, err := share.SplitWith(s, secret, draw)
	if err != nil {
		t.Fatalf("%v", err)
	}
	c := &custody{scheme: s, pieces: pieces, seen: map[wallet.Role][][]byte{}, draw: draw}
	c.remember()
	return c
}

type fataler interface{ Fatalf(string, ...any) }

func (c *custody) of(numbers []int) share.Pieces {
	picked, err := c.pieces.Pick(numbers)
	if err != nil {
		panic(err)
	}
	return picked
}

// remember notes what each custodian has in its memory: it may forget nothing.
func (c *custody) remember() {
	for _, who := range custodians {
		for _, piece := range c.of(share.HeldBy(c.scheme, who)) {
			c.seen[who] = append(c.seen[who], piece)
		}
	}
}

// other is the custodian that the given one works with.
func other(custodian wallet.Role) wallet.Role {
	if custodian == wallet.Signer {
		return wallet.Guardian
	}
	return wallet.Signer
}

// renew does what signer and guardian do, each with its own pieces only.
func (c *custody) renew(t fataler, to wallet.Scheme) {
	own := map[wallet.Role]share.Pieces{}
	for _, who := range custodians {
		made, err := share.ContributeWith(c.scheme, to, who, c.of(share.HeldBy(c.scheme, who)), c.draw)
		if err != nil {
			t.Fatalf("%v", err)
		}
		own[who] = made
		for _, piece := range made {
			c.seen[who] = append(c.seen[who], bytes.Clone(piece))
		}
	}
	next := share.Pieces{}
	for _, who := range custodians {
		sent, err := own[other(who)].Pick(share.HeldBy(to, who))
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, piece := range sent {
			c.seen[who] = append(c.seen[who], bytes.Clone(piece))
		}
		merged, err := share.Merge(to, who, own[who], sent)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for n, piece := range merged {
			if known, ok := next[n]; ok && !bytes.Equal(known, piece) {
				t.Fatalf("the custodians have different copies of piece %d", n)
			}
			next[n] = piece
		}
	}
	c.scheme, c.pieces = to, next
	c.remember()
}

// check demands that every quorum gives the secret and every other group lacks a piece.
func (c *custody) check(t fataler, secret []byte) {
	for size := 1; size <= share.Parties(c.scheme); size++ {
		for _, group := range groups(c.scheme, size) {
			var holders []share.Pieces
			for _, party := range group {
				holders = append(holders, c.of(share.Held(c.scheme, party)))
			}
			got, err := share.Combine(c.scheme, holders...)
			if size < share.Threshold(c.scheme) {
				if !errors.Is(err, share.ErrMissing) || got != nil {
					t.Fatalf("%s: the parties %v: %v", c.scheme, group, err)
				}
			} else if err != nil || !bytes.Equal(got, secret) {
				t.Fatalf("%s: the parties %v are a quorum and combine to something else: %v", c.scheme, group, err)
			}
		}
	}
}

func TestEveryQuorumThroughEveryRenewal(t *testing.T) {
	for _, from := range wallet.Schemes {
		for _, to := range wallet.Schemes {
			secret := make([]byte, share.Size)
			rand.Read(secret)
			c := begin(t, from, secret, func(b []byte) { rand.Read(b) })
			c.check(t, secret)
			old := c.pieces
			c.renew(t, to)
			c.check(t, secret)
			for n, piece := range c.pieces {
				for m, before := range old {
					if bytes.Equal(piece, before) {
						t.Errorf("%s to %s: the new piece %d is the old piece %d", from, to, n, m)
					}
				}
			}
		}
	}
}

func TestChainsOfRenewals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), share.Size, share.Size).Draw(t, "secret")
		scheme := rapid.SampledFrom(wallet.Schemes)
		c := begin(t, scheme.Draw(t, "first"), secret, func(b []byte) { rand.Read(b) })
		for _, to := range rapid.SliceOfN(scheme, 0, 6).Draw(t, "then") {
			c.renew(t, to)
			c.check(t, secret)
		}
	})
}

// What a sub-quorum has says nothing about the secret. Everything here is XOR, so it
// can be shown rather than sampled: the secret and each random draw is one bit of its
// own, and a value is the set of what was XORed into it. A group can compute just the
// span of what it has; as long as the secret alone is not in it, each secret fits what
// the group has with equally many draws, so all are equally likely to it.
func TestSubQuorumsKnowNothing(t *testing.T) {
	chains := [][]wallet.Scheme{}
	for _, a := range wallet.Schemes {
		for _, b := range wallet.Schemes {
			chains = append(chains, []wallet.Scheme{a, b})
			for _, c := range wallet.Schemes {
				chains = append(chains, []wallet.Scheme{a, b, c}, []wallet.Scheme{a, b, c, a, b})
			}
		}
	}
	for _, chain := range chains {
		symbol := 0
		next := func(b []byte) {
			if symbol == 8*share.Size {
				t.Fatal("out of symbols")
			}
			clear(b)
			b[symbol/8] = 1 << (symbol % 8)
			symbol++
		}
		secret := make([]byte, share.Size)
		next(secret)
		c := begin(t, chain[0], secret, next)
		generations := []custody{*c}
		for _, to := range chain[1:] {
			c.renew(t, to)
			generations = append(generations, *c)
		}
		c.check(t, secret)

		// A sub-quorum of each generation, even another one each time: an intruder who
		// moves on from party to party, and always after the shares were renewed.
		for i, g := range generations {
			for _, group := range groups(g.scheme, share.Threshold(g.scheme)-1) {
				view := values(g.of(share.Held(g.scheme, group...)))
				if spans(view, secret) {
					t.Errorf("%v: the parties %v of generation %d know the secret", chain, group, i+1)
				}
				for j, h := range generations[:i] {
					for _, other := range groups(h.scheme, share.Threshold(h.scheme)-1) {
						if spans(slices.Concat(view, values(h.of(share.Held(h.scheme, other...)))), secret) {
							t.Errorf("%v: the parties %v of generation %d and %v of generation %d together know the secret", chain, other,
								j+1, group, i+1)
						}
					}
				}
			}
			quorum := groups(g.scheme, share.Threshold(g.scheme))[0]
			if !spans(values(g.of(share.Held(g.scheme, quorum...))), secret) {
				t.Errorf("%v: this test cannot tell who knows the secret", chain)
			}
		}
		// A custodian that forgot nothing: its pieces of all generations, what it drew and
		// what it was sent.
		for _, who := range custodians {
			if spans(c.seen[who], secret) {
				t.Errorf("%v: the %s alone learnt the secret", chain, who)
			}
		}
	}
}

func values(p share.Pieces) (all [][]byte) {
	for _, piece := range p {
		all = append(all, piece)
	}
	return all
}

// spans tells whether target is the XOR of some of the vectors (Gauss over GF(2)).
func spans(vectors [][]byte, target []byte) bool {
	basis := map[int][]byte{} // by its lowest bit
	reduce := func(v []byte) ([]byte, int) {
		v = bytes.Clone(v)
		for bit := range 8 * len(v) {
			if v[bit/8]>>(bit%8)&1 == 0 {
				continue
			}
			b, ok := basis[bit]
			if !ok {
				return v, bit
			}
			for i := range v {
				v[i] ^= b[i]
			}
		}
		return v, -1
	}
	for _, v := range vectors {
		if rest, bit := reduce(v); bit >= 0 {
			basis[bit] = rest
		}
	}
	_, bit := reduce(target)
	return bit < 0
}

func TestRefusals(t *testing.T) {
	secret := make([]byte, share.Size)
	pieces, err := share.Split(wallet.TwoOfThree, secret)
	if err != nil {
		t.Fatal(err)
	}
	signer, _ := pieces.Pick(share.HeldBy(wallet.TwoOfThree, wallet.Signer))
	guardian, _ := pieces.Pick(share.HeldBy(wallet.TwoOfThree, wallet.Guardian))
	changed, _ := guardian.Pick(guardian.Numbers())
	changed[3][0] ^= 1 // the piece that both hold
	if _, err := share.Combine(wallet.TwoOfThree, signer, changed); !errors.Is(err, share.ErrCopies) {
		t.Errorf("different copies: %v", err)
	}
	for name, err := range map[string]error{
		"no scheme":         second(share.Split("NINE_OF_TEN", secret)),
		"short secret":      second(share.Split(wallet.TwoOfTwo, secret[1:])),
		"combine no scheme": second(share.Combine("", signer, guardian)),
		"combine nobody":    second(share.Combine(wallet.TwoOfThree)),
		"unknown piece":     second(share.Combine(wallet.TwoOfThree, signer, guardian, share.Pieces{4: secret})),
		"piece 0":           second(share.Combine(wallet.TwoOfThree, signer, guardian, share.Pieces{0: secret})),
		"long piece":        second(share.Combine(wallet.TwoOfThree, share.Pieces{1: make([]byte, 33), 2: secret, 3: secret})),
		"no custodian":      second(share.Contribute(wallet.TwoOfThree, wallet.TwoOfTwo, wallet.Issuer, signer)),
		"another's pieces":  second(share.Contribute(wallet.TwoOfThree, wallet.TwoOfTwo, wallet.Signer, guardian)),
		"from no scheme":    second(share.Contribute("", wallet.TwoOfTwo, wallet.Signer, signer)),
		"to no scheme":      second(share.Contribute(wallet.TwoOfThree, "", wallet.Signer, signer)),
		"merge too much":    second(share.Merge(wallet.TwoOfThree, wallet.Signer, pieces, pieces)),
		"merge too little":  second(share.Merge(wallet.TwoOfThree, wallet.Signer, pieces, share.Pieces{2: secret})),
		"merge short":       second(share.Merge(wallet.TwoOfThree, wallet.Signer, pieces, share.Pieces{2: secret, 3: secret[1:]})),
		"merge no own": second(share.Merge(wallet.TwoOfThree, wallet.Signer, share.Pieces{2: secret},
			share.Pieces{2: secret, 3: secret})),
		"merge for nobody": second(share.Merge(wallet.TwoOfThree, wallet.Issuer, share.Pieces{}, share.Pieces{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestPiecesDoNotShowThemselves(t *testing.T) {
	piece := []byte(strings.Repeat("hunter2!", 4))
	pieces := share.Pieces{1: piece}
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		fmt.Fprintf(&out, format, pieces)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "pieces", pieces)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "pieces", pieces)
	for _, spelling := range []string{"hunter2", base64.StdEncoding.EncodeToString(piece), fmt.Sprintf("%x", piece),
		fmt.Sprint(piece[:8])[1:15]} {
		if strings.Contains(out.String(), spelling) {
			t.Errorf("%q is in %s", spelling, out.String())
		}
	}
	copied, err := pieces.Pick([]int{1})
	if err != nil {
		t.Fatal(err)
	}
	pieces.Wipe()
	if !bytes.Equal(piece, make([]byte, len(piece))) || copied[1][0] != 'h' {
		t.Error("Wipe left something, or wiped a copy")
	}
	text, err := json.Marshal(copied)
	var back share.Pieces
	if err := errors.Join(err, json.Unmarshal(text, &back)); err != nil || !bytes.Equal(back[1], copied[1]) {
		t.Errorf("over the wire: %v, %v", err, back)
	}
}
