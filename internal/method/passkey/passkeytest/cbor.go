package passkeytest

import "encoding/binary"

// pairs is a CBOR map in the order given.
type pairs []any

// cbor encodes what authenticators send: integers, bytes, texts and maps (RFC 8949).
func cbor(v any) []byte {
	switch v := v.(type) {
	case int:
		if v < 0 {
			return head(1, uint64(-1-v))
		}
		return head(0, uint64(v))
	case []byte:
		return append(head(2, uint64(len(v))), v...)
	case string:
		return append(head(3, uint64(len(v))), v...)
	case pairs:
		text := head(5, uint64(len(v)/2))
		for _, item := range v {
			text = append(text, cbor(item)...)
		}
		return text
	}
	panic("passkeytest: no CBOR for this")
}

func head(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
	}
	return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
}
