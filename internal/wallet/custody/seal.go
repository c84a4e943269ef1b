package custody

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// keySize is that of AES-256.
const keySize = 32

// ErrSealed says that what is stored does not open in its place.
var ErrSealed = errors.New("the share record does not open: it was moved or changed, or its environment has another key")

// Sealed is a share record as it lies in the database.
type Sealed struct {
	Shares
	key    []byte         // of the record, wrapped by the environment's key
	pieces map[int][]byte // sealed under the record's key
}

// environmentKey wraps the keys of an environment's share records.
type environmentKey struct{ aead cipher.AEAD }

// Seal prepares this custodian's pieces of a new generation for [Store.Stage]. It takes
// exactly the pieces that the scheme gives this custodian, and leaves them as they are.
func (s *Store) Seal(ctx context.Context, g Shares, pieces share.Pieces) (Sealed, error) {
	if g.EnvironmentID == "" || g.WalletID == "" || g.OperationID == "" || g.Number < 1 || !g.Scheme.Valid() {
		return Sealed{}, errors.New("sealing pieces: the generation is not complete")
	}
	if want := share.HeldBy(g.Scheme, s.config.Role); !slices.Equal(pieces.Numbers(), want) {
		return Sealed{}, fmt.Errorf("sealing pieces: the %s holds the pieces %v of %s, not %v", s.config.Role, want, g.Scheme,
			pieces.Numbers())
	}
	environment, err := s.environmentKey(ctx, g.EnvironmentID, true)
	if err != nil {
		return Sealed{}, err
	}
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	defer clear(raw)
	record, err := newAEAD(raw)
	if err != nil {
		return Sealed{}, err
	}
	g.State = wallet.Staged
	sealed := Sealed{Shares: g, key: environment.aead.Seal(nil, nil, raw, s.place(g, "key", 0)), pieces: map[int][]byte{}}
	for n, piece := range pieces {
		if len(piece) != share.Size {
			return Sealed{}, fmt.Errorf("sealing pieces: piece %d has %d bytes, not %d", n, len(piece), share.Size)
		}
		sealed.pieces[n] = record.Seal(nil, nil, piece, s.place(g, "piece", n))
	}
	return sealed, nil
}

// Open opens what [Store.Release] or [Store.Made] returned. Wipe the pieces after use.
func (s *Store) Open(ctx context.Context, sealed Sealed) (share.Pieces, error) {
	g := sealed.Shares
	environment, err := s.environmentKey(ctx, g.EnvironmentID, false)
	if err != nil {
		return nil, err
	}
	raw, err := environment.aead.Open(nil, nil, sealed.key, s.place(g, "key", 0))
	if err != nil {
		return nil, fmt.Errorf("generation %d of wallet %s: %w", g.Number, g.WalletID, ErrSealed)
	}
	defer clear(raw)
	record, err := newAEAD(raw)
	if err != nil {
		return nil, err
	}
	pieces := share.Pieces{}
	for n, ciphertext := range sealed.pieces {
		if pieces[n], err = record.Open(nil, nil, ciphertext, s.place(g, "piece", n)); err != nil {
			pieces.Wipe()
			return nil, fmt.Errorf("piece %d of generation %d of wallet %s: %w", n, g.Number, g.WalletID, ErrSealed)
		}
	}
	if want := share.HeldBy(g.Scheme, s.config.Role); !slices.Equal(pieces.Numbers(), want) {
		pieces.Wipe()
		return nil, fmt.Errorf("generation %d of wallet %s has the pieces %v, not %v: %w", g.Number, g.WalletID, pieces.Numbers(),
			want, ErrSealed)
	}
	return pieces, nil
}

// place is what a ciphertext is bound to, each part behind its length.
func (s *Store) place(g Shares, what string, piece int) (all []byte) {
	for _, part := range []string{"stepup custody", what, string(s.config.Role), g.EnvironmentID, g.WalletID, strconv.Itoa(g.Number),
		string(g.Scheme), g.OperationID, strconv.Itoa(piece)} {
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(part))), part...)
	}
	return all
}

func newAEAD(raw []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// about is the context of an environment's key at the root key.
func (s *Store) about(environmentID string) kek.Context {
	return kek.Context{"use": "stepup wallet environment key", "role": string(s.config.Role), "environment": environmentID}
}

// environmentKey unwraps the key of an environment once, and makes one if it may.
func (s *Store) environmentKey(ctx context.Context, environmentID string, mayMake bool) (*environmentKey, error) {
	s.mu.Lock()
	known := s.keys[environmentID]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	row, err := s.loadKey(ctx, environmentID)
	if errors.Is(err, store.ErrNotFound) && mayMake {
		if err := s.makeKey(ctx, environmentID); err != nil {
			return nil, fmt.Errorf("making the key of environment %s: %w", environmentID, err)
		}
		row, err = s.loadKey(ctx, environmentID)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of environment %s: %w", environmentID, err)
	}
	raw, err := s.unwrap(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("unwrapping the key of environment %s: %w", environmentID, err)
	}
	defer clear(raw)
	aead, err := newAEAD(raw)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[environmentID] == nil {
		s.keys[environmentID] = &environmentKey{aead: aead}
	}
	return s.keys[environmentID], nil
}

// keyRow is an environment's key as it is stored.
type keyRow struct {
	environmentID, rootID string
	wrapped               []byte
}

func (s *Store) loadKey(ctx context.Context, environmentID string) (row keyRow, err error) {
	row.environmentID = environmentID
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT root_id, wrapped FROM environment_keys WHERE environment_id = $1`, environmentID).
			Scan(&row.rootID, &row.wrapped)
	})
	return row, err
}

// makeKey stores a new key. Of two nodes that make one at once the first wins.
func (s *Store) makeKey(ctx context.Context, environmentID string) error {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	defer clear(raw)
	wrapped, err := s.config.Root.Wrap(ctx, raw, s.about(environmentID))
	if err != nil {
		return err
	}
	return s.config.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO environment_keys (environment_id, root_id, wrapped, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING`,
			environmentID, s.config.Root.ID(), wrapped, tx.Now().UnixMilli())
		return err
	})
}

func (s *Store) unwrap(ctx context.Context, row keyRow) ([]byte, error) {
	for _, root := range append([]kek.Key{s.config.Root}, s.config.Former...) {
		if root.ID() == row.rootID {
			raw, err := root.Unwrap(ctx, row.wrapped, s.about(row.environmentID))
			if err == nil && len(raw) != keySize {
				return nil, errors.New("the root key wrapped something else")
			}
			return raw, err
		}
	}
	return nil, fmt.Errorf("it is wrapped by the root key %s, which is not configured", row.rootID)
}

// Rewrap moves each environment's key from a former root key to the present one and
// says how many it moved. Shares are not touched. It may be repeated; a root key that no
// row names any more can be put away, together with the last backup that needs it.
func (s *Store) Rewrap(ctx context.Context, by audit.By) (moved int, err error) {
	rows := map[string]keyRow{}
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := tx.Rows(`SELECT environment_id, root_id, wrapped FROM environment_keys WHERE root_id <> $1`, s.config.Root.ID())
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var row keyRow
			if err := found.Scan(&row.environmentID, &row.rootID, &row.wrapped); err != nil {
				return err
			}
			rows[row.environmentID] = row
		}
		return found.Err()
	})
	if err != nil {
		return 0, fmt.Errorf("looking for keys to wrap anew: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		if err := s.rewrap(ctx, by, rows[id]); err != nil {
			return moved, fmt.Errorf("wrapping the key of environment %s anew: %w", id, err)
		}
		moved++
	}
	return moved, nil
}

func (s *Store) rewrap(ctx context.Context, by audit.By, row keyRow) error {
	raw, err := s.unwrap(ctx, row)
	if err != nil {
		return err
	}
	defer clear(raw)
	wrapped, err := s.config.Root.Wrap(ctx, raw, s.about(row.environmentID))
	if err != nil {
		return err
	}
	return s.config.DB.Write(ctx, func(tx *store.Tx) error {
		changed, err := tx.Exec(`UPDATE environment_keys SET root_id = $1, wrapped = $2 WHERE environment_id = $3 AND root_id = $4`,
			s.config.Root.ID(), wrapped, row.environmentID, row.rootID)
		if err != nil || changed == 0 {
			return err // 0: another node was faster
		}
		return s.audit(tx, by, "root_changed", row.environmentID, audit.Detail{"from": row.rootID, "to": s.config.Root.ID()})
	})
}
