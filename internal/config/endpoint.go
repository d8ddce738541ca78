package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"face_liveness_exporter/faceclient"
)

// endpoint reads and normalizes a resource's address.
func (d *decoder) endpoint(at place, into *string, allowInsecure bool) {
	var raw string
	d.text(&raw)(at)
	if d.refused[at.path] {
		return
	}
	endpoint, err := normalEndpoint(raw, allowInsecure)
	if err != nil {
		d.refuse(at, "%v", err)
		return
	}
	*into = endpoint
	if strings.HasPrefix(endpoint, "http:") && !isLoopback(hostOf(endpoint)) {
		d.warn(at, "http:// sends the credential in clear text: use https:// where the service has it")
	}
}

// wantedEndpoint is what an endpoint looks like, for messages.
const wantedEndpoint = "https://NAME.cognitiveservices.azure.com"

// normalEndpoint returns scheme, host and port in one spelling, so that the same endpoint is the same string. Its
// errors do not repeat raw, which may carry a password; nor do they wrap url.Error, which repeats it.
func normalEndpoint(raw string, allowInsecure bool) (string, error) {
	switch {
	case quoted(raw):
		return "", errQuoted
	case strings.Contains(raw, "${"), strings.Contains(raw, "$("), strings.Contains(raw, "{{"):
		return "", errors.New("looks like a variable that was not replaced by its value: write it as " + wantedEndpoint)
	case strings.ContainsAny(raw, "<>"), strings.Contains(raw, "//NAME."), strings.Contains(raw, "//YOUR"), strings.Contains(raw, "//your-"):
		return "", errors.New("is a placeholder: put the name of the resource in its place, as in " + wantedEndpoint)
	}
	address, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("is not a URL: write it as " + wantedEndpoint)
	}
	scheme, host, port := strings.ToLower(address.Scheme), strings.ToLower(address.Hostname()), address.Port()
	switch {
	case !strings.Contains(raw, "://"):
		return "", errors.New("has no scheme: write it as " + wantedEndpoint)
	case scheme != "https" && scheme != "http":
		return "", errors.New("must begin with https:// (or http:// for a loopback address)")
	case address.User != nil:
		return "", errors.New("must not hold a user name or password: remove all up to the @ and give the key in its own setting")
	case strings.Contains(raw, "?"):
		return "", errors.New("must not have a query: remove the ? and what follows")
	case strings.Contains(raw, "#"):
		return "", errors.New("must not have a fragment: remove the # and what follows")
	case address.Path != "" && address.Path != "/":
		return "", errors.New("must not have a path: it is added for each request; write " + wantedEndpoint)
	}
	ip, ipErr := netip.ParseAddr(host)
	if ipErr == nil {
		host = ip.String()
	}
	switch {
	case ipErr == nil && ip.Zone() != "":
		return "", errors.New("must not have an address with a zone: use a host's name")
	case ipErr != nil && hostName(host) != nil:
		return "", errors.New("has no valid host: write it as " + wantedEndpoint)
	case strings.HasSuffix(address.Host, ":"):
		return "", errors.New("has a colon without a port: remove the colon")
	}
	if port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return "", errors.New("has a port that is not from 1 to 65535")
		}
	}
	if scheme == "http" && !allowInsecure && !isLoopback(host) {
		return "", errors.New("http:// is for loopback addresses only: use https://, or the setting allow_insecure: true of a configuration file")
	}
	normal := host
	if strings.Contains(host, ":") {
		normal = "[" + host + "]"
	}
	if defaultPort := map[string]string{"https": "443", "http": "80"}[scheme]; port != "" && port != defaultPort {
		normal = net.JoinHostPort(host, port)
	}
	return scheme + "://" + normal, nil
}

var hostPattern = regexp.MustCompile(`^[0-9A-Za-z_-]{1,63}(\.[0-9A-Za-z_-]{1,63})*$`)

// hostName accepts a name as DNS carries it: an international one must be written in its ASCII form.
func hostName(name string) error {
	if len(name) > 253 || !hostPattern.MatchString(name) {
		return errors.New("must be a host's name: letters, digits, hyphens and dots, no port")
	}
	return nil
}

// hostOf returns the host without port of a normalized endpoint, or "" for none.
func hostOf(endpoint string) string {
	address, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return address.Hostname()
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.Unmap().IsLoopback())
}

// isRegional reports whether the host serves a whole region; such an endpoint knows keys only. The sovereign clouds
// have the same under their own domains.
func isRegional(host string) bool {
	for _, suffix := range []string{".api.cognitive.microsoft.com", ".api.cognitive.microsoft.us", ".api.cognitive.azure.cn"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// cloudOf tells a cloud by its domain; "" for a host that could be of any, such as a proxy's.
func cloudOf(host string) faceclient.Cloud {
	switch {
	case strings.HasSuffix(host, ".azure.com"), strings.HasSuffix(host, ".microsoft.com"):
		return faceclient.CloudPublic
	case strings.HasSuffix(host, ".azure.us"), strings.HasSuffix(host, ".microsoft.us"):
		return faceclient.CloudUSGovernment
	case strings.HasSuffix(host, ".azure.cn"):
		return faceclient.CloudChina
	}
	return ""
}
