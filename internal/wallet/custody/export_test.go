package custody

import "context"

// RecordKey is the key of a share record, for a test that looks for it.
func RecordKey(ctx context.Context, s *Store, sealed Sealed) ([]byte, error) {
	environment, err := s.environmentKey(ctx, sealed.EnvironmentID, false)
	if err != nil {
		return nil, err
	}
	return environment.aead.Open(nil, nil, sealed.key, s.place(sealed.Shares, "key", 0))
}
