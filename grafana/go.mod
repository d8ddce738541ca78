module face_liveness_exporter/grafana

go 1.26.8

require (
	github.com/grafana/grafana-foundation-sdk/go v0.0.22
	go.uber.org/goleak v1.3.0
)

require go.yaml.in/yaml/v4 v4.0.0
