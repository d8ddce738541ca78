package config

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxies refuses the address of a proxy that cannot be used. Go ignores one that it cannot parse without a word, and the key
// goes out directly.
func (c *checker) proxies(resources []Resource) {
	needed := map[string]bool{}
	for _, r := range resources {
		insecure := strings.HasPrefix(r.Endpoint, "http:")
		needed["HTTPS_PROXY"] = needed["HTTPS_PROXY"] || !insecure || r.Entra != nil
		needed["HTTP_PROXY"] = needed["HTTP_PROXY"] || insecure && !isLoopback(hostOf(r.Endpoint))
	}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
		if c.getenv(name) == "" {
			name = strings.ToLower(name)
		}
		if address := c.getenv(name); address != "" && needed[strings.ToUpper(name)] && !usableProxy(address) {
			c.errors = append(c.errors, Problem{Path: name, Message: "is no address of a proxy: write it as http://HOST:PORT, " +
				"with %25 for a % in a user name or password; http, https and socks5 are known"})
		}
	}
}

// usableProxy reads an address as net/http does.
func usableProxy(address string) bool {
	read := httpproxy.Config{HTTPSProxy: address}
	proxy, err := read.ProxyFunc()(&url.URL{Scheme: "https", Host: "service.example"})
	return err == nil && proxy != nil && proxy.Hostname() != "" && !strings.HasSuffix(proxy.Host, ":") && strings.Trim(proxy.Path, "/") == "" &&
		isPort(cmp.Or(proxy.Port(), "1")) && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme)
}
