package config

import "strings"

// nearest returns the known name that was probably meant, or "": one that is at most two letters away, or that goes on
// where name ends (client_secret, client_secret_file) or ends where name goes on.
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
		if d := editDistance(name, candidate); d < distance && d < limit {
			best, distance = candidate, d
		}
	}
	if best != "" {
		return best
	}
	for _, candidate := range known {
		if len(name) >= 4 && len(candidate) >= 4 && (strings.HasPrefix(candidate, name) || strings.HasPrefix(name, candidate)) {
			return candidate
		}
	}
	return ""
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
