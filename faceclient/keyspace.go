package faceclient

// positionBits is how much of an id its position is read from.
const positionBits = 48

// position tells where in the key space an id lies, from 0 to below 1, by its first 48 bits. Only a lower-case random
// UUID (version 4, RFC variant) has a position: those ids are spread evenly, so that a share of the key space holds that
// share of the sessions.
func position(id []byte) (float64, bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' || id[14] != '4' {
		return 0, false
	}
	switch id[19] {
	case '8', '9', 'a', 'b':
	default:
		return 0, false
	}
	bits := uint64(0)
	for i, c := range id {
		digit := uint64(0)
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			continue
		case c >= '0' && c <= '9':
			digit = uint64(c - '0')
		case c >= 'a' && c <= 'f':
			digit = uint64(c-'a') + 10
		default:
			return 0, false
		}
		if i < 13 { // 8 digits before the first hyphen and 4 after it
			bits = bits<<4 | digit
		}
	}
	return float64(bits) / (1 << positionBits), true
}
