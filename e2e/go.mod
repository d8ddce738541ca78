module face_liveness_exporter/e2e

go 1.26.8

replace face_liveness_exporter => ../

require (
	face_liveness_exporter v0.0.0
	github.com/chromedp/cdproto v0.159.2
	github.com/chromedp/chromedp v0.23.0
)

require github.com/go-json-experiment/json v1.27.2 // indirect
