package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/stepup-auth/stepup/internal/store"
)

// Origin is where a request came from. All that is recorded in one request shares one
// row beside the log.
type Origin struct {
	address, userAgent string

	once sync.Once
	row  store.AuditSource
}

// maxAgent is how much of a user agent is kept: what tells browsers apart comes first.
const maxAgent = 256

// From is the origin of a request: its network address, and the user agent as it was
// sent, of which what people can read is kept.
func From(address, userAgent string) *Origin {
	return &Origin{address: address, userAgent: readable(userAgent)}
}

func readable(text string) string {
	plain := len(text) <= maxAgent
	for i := 0; plain && i < len(text); i++ {
		plain = text[i] >= ' ' && text[i] <= '~'
	}
	if plain {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text[:min(len(text), 4*maxAgent)])
	return strings.ToValidUTF8(text[:min(len(text), maxAgent)], "")
}

// beside is the row that an entry from there points to; the zero value: it needs none.
func (o *Origin) beside(personal Detail) (store.AuditSource, error) {
	if o == nil {
		o = &Origin{}
	}
	if len(personal) > 0 {
		text, err := json.Marshal(personal)
		return salted(store.AuditSource{Address: o.address, UserAgent: o.userAgent, Personal: string(text)}), err
	}
	if o.address == "" && o.userAgent == "" {
		return store.AuditSource{}, nil
	}
	o.once.Do(func() { o.row = salted(store.AuditSource{Address: o.address, UserAgent: o.userAgent}) })
	return o.row, nil
}

func salted(s store.AuditSource) store.AuditSource {
	s.Salt = make([]byte, 16)
	_, _ = rand.Read(s.Salt) // never fails
	s.ID = SourceHash(s)
	return s
}

// SourceHash is the SHA-256, in hex, of the salt, a zero byte and the JSON array of
// address, user agent and personal fields. Where there is nothing but an address it is
// that of the salt and the address, as before the others were kept.
func SourceHash(s store.AuditSource) string {
	content := append(s.Salt[:len(s.Salt):len(s.Salt)], s.Address...)
	if s.UserAgent != "" || s.Personal != "" {
		fields, _ := json.Marshal([]string{s.Address, s.UserAgent, s.Personal})
		content = append(append(s.Salt[:len(s.Salt):len(s.Salt)], 0), fields...)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// SourceOf is what stands beside an entry: the zero value where nothing was kept, or
// where it is forgotten by now.
func SourceOf(tx *store.Tx, row store.AuditRow) (store.AuditSource, error) {
	id, hash := row.Source, row.Source
	if id == "" {
		id, hash = row.ID, olderSource(row)
	}
	if hash == "" {
		return store.AuditSource{}, nil
	}
	kept, err := tx.AuditSource(id)
	if errors.Is(err, store.ErrNotFound) {
		return store.AuditSource{}, nil
	}
	if err == nil && SourceHash(kept) != hash {
		err = fmt.Errorf("audit entry %s came from elsewhere than what stands beside it says: somebody changed the database", row.ID)
	}
	return kept, err
}

// olderSource is the hash in an entry from before rows had one; empty: it has none.
func olderSource(row store.AuditRow) string {
	if row.Action != "proof.refused" {
		return "" // other entries say other things under this name, or nothing
	}
	var detail struct {
		Source string `json:"source"`
	}
	_ = json.Unmarshal([]byte(row.Detail), &detail)
	return detail.Source
}
