package config

import (
	"slices"
	"strings"
)

// nearest returns the known name that was probably meant, or "": one that is at most two letters away, or that continues
// name (client_secret, client_secret_file), or that name continues, or that has almost the same words (FACE_KEY,
// FACE_API_KEY).
func nearest(name string, known []string) string {
	const far = 3
	if len(name) > 64 {
		return ""
	}
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	best, distance := "", far
	for _, candidate := range known {
		// Two letters of three are another word.
		limit := min(far, (len(candidate)+1)/2)
		if d := editDistance(name, strings.ToLower(candidate)); d < distance && d < limit {
			best, distance = candidate, d
		}
	}
	if best != "" {
		return best
	}
	for _, candidate := range known {
		lower := strings.ToLower(candidate)
		if len(name) >= 4 && len(lower) >= 4 && (strings.HasPrefix(lower, name) || strings.HasPrefix(name, lower)) {
			return candidate
		}
	}
	return sameWords(name, known)
}

// sameWords returns the known name that shares at least two words with name and differs from it in the fewest others, at
// most two; or "".
func sameWords(name string, known []string) string {
	best, distance := "", 3
	words := strings.Split(name, "_")
	for _, candidate := range known {
		others := strings.Split(strings.ToLower(candidate), "_")
		shared := 0
		for _, word := range words {
			if slices.Contains(others, word) {
				shared++
			}
		}
		if d := len(words) + len(others) - 2*shared; shared >= 2 && d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// editDistance counts the bytes to insert, remove or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
