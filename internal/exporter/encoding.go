package exporter

import (
	"net/http"
	"strconv"
	"strings"
)

// wantsGzip reports whether the client of a request prefers gzip to no encoding. promhttp would log an error for an
// Accept-Encoding that it does not understand, and take gzip;q=0 for a wish.
func wantsGzip(r *http.Request) bool {
	header := r.Header.Get("Accept-Encoding")
	gzip, identity, others := -1.0, -1.0, -1.0 // not named
	for offer := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(offer, ";")
		quality := 1.0
		for parameter := range strings.SplitSeq(parameters, ";") {
			key, value, _ := strings.Cut(parameter, "=")
			if strings.EqualFold(strings.TrimSpace(key), "q") {
				quality, _ = strconv.ParseFloat(strings.TrimSpace(value), 64) // 0 where it is no number
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			gzip = quality
		case "identity":
			identity = quality
		case "*":
			others = quality
		}
	}
	if gzip < 0 {
		gzip = others
	}
	return gzip > 0 && gzip >= identity
}
