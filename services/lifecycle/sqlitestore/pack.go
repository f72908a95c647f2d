package sqlitestore

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// packedSum is the number of bytes of a keyed hash that a packed key has, of the 20 that the key has. Only the holder
// of the key of the hashes can work out a hash, so no two names can be sought that have one packed key; that any two
// of 50 million keys have one by chance has a probability of 2 in 100,000,000,000,000.
const packedSum = 12

// pack returns the form in which tables keep a key: the kind, the generation, and the first bytes of the keyed hash.
// The documents of subjects have the keys as a whole. A key that is no keyed hash is kept as it is.
func pack(key string) string {
	front, sum, later := strings.Cut(key, ".")
	if !later && key != "" {
		front, sum = key[:1], key[1:]
	}
	hash, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	if err != nil || len(hash) < packedSum || front == "" || front[0] != 'p' && front[0] != 'l' {
		return "\x00" + key
	}
	out := []byte{front[0]}
	if later {
		generation, err := strconv.ParseUint(front[1:], 10, 32)
		if err != nil || strconv.FormatUint(generation, 10) != front[1:] {
			return "\x00" + key
		}
		out = binary.AppendUvarint([]byte{front[0] - 'a' + 'A'}, generation)
	}
	return string(append(out, hash[:packedSum]...))
}

// packAll packs keys.
func packAll(keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = pack(key)
	}
	return out
}

// inHex are packed keys for json_each and unhex.
func inHex(keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = hex.EncodeToString([]byte(key))
	}
	return out
}
