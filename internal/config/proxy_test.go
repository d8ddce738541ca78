package config_test

import (
	"strings"
	"testing"

	"face_liveness_exporter/internal/config"
)

// Go ignores an address that it cannot parse, and the key would go out directly.
func TestProxies(t *testing.T) {
	const insecure = "resources: [{name: a, endpoint: 'http://a.example', allow_insecure: true, key: k}]"
	for _, test := range []struct {
		variable, address, document string
		refused                     bool
	}{
		{"HTTPS_PROXY", "http://proxy.example:3128", withKey, false},
		{"HTTPS_PROXY", "proxy.example", withKey, false},
		{"https_proxy", "socks5://user:p%25ss@10.0.0.1:1080", withKey, false},
		{"HTTPS_PROXY", "https://[fe80::1]:3128", withKey, false},
		{"HTTPS_PROXY", "http://user:50%off" + canary + "@proxy.example:3128", withKey, true},
		{"https_proxy", "user:50%off@proxy.example:3128", withKey, true},
		{"HTTPS_PROXY", "http://proxy.example:0", withKey, true},
		{"HTTPS_PROXY", "http://proxy.example:99999", withKey, true},
		{"HTTPS_PROXY", "proxy.example:port", withKey, true},
		{"HTTPS_PROXY", "htp://proxy.example:3128", withKey, true},
		{"HTTPS_PROXY", "http://", withKey, true},
		{"HTTPS_PROXY", "http//proxy.example:3128", withKey, true},
		{"HTTPS_PROXY", "http://proxy.example:3128/", withKey, false},
		{"HTTPS_PROXY", " http://proxy.example", withKey, true},
		{"HTTP_PROXY", "http://proxy.example:0", withKey, false},
		{"HTTP_PROXY", "http://proxy.example:0", insecure, true},
		{"http_proxy", "http://proxy.example:0", insecure, true},
		{"HTTPS_PROXY", "http://proxy.example:0", insecure, false},
		{"HTTP_PROXY", "http://proxy.example:0", "resources: [{name: a, endpoint: 'http://127.0.0.1', key: k}]", false},
		{"HTTPS_PROXY", "http://proxy.example:0", "resources: [{name: a, endpoint: 'http://127.0.0.1', entra: {}}]", true},
	} {
		_, _, err := config.Parse([]byte(test.document), environment(test.variable, test.address))
		switch {
		case !test.refused && err != nil:
			t.Errorf("%s=%s: %v", test.variable, test.address, err)
		case test.refused && (err == nil || !strings.HasPrefix(err.Error(), test.variable+": is no address of a proxy")):
			t.Errorf("%s=%s: got %v", test.variable, test.address, err)
		case test.refused:
			noCanary(t, err.Error())
		}
	}
	if _, _, err := config.FromEnvironment(environment("FACE_ENDPOINT", "https://a.example", "FACE_API_KEY", "k", "HTTPS_PROXY", "http://a%zz")); err == nil {
		t.Error("by the environment alone a bad address is accepted")
	}
}
