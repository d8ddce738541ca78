package config

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"face_liveness_exporter/faceclient"
)

// endpoint writes a resource's address in one spelling, so that the same endpoint is the same string. An address that is
// refused is left out of further checks.
func (c *checker) endpoint(path, insecurePath string, r *Resource) {
	address, err := url.Parse(strings.TrimRight(r.Endpoint, "/"))
	r.Endpoint = ""
	if !c.sound(path) {
		return
	}
	if err != nil {
		c.refuse(path, "is not a URL: write it as "+wantedEndpoint)
		return
	}
	host := strings.ToLower(address.Hostname())
	ip, ipErr := netip.ParseAddr(host)
	insecure := address.Scheme == "http" && !isLoopback(host)
	switch {
	case ipErr == nil && ip.Zone() != "", ipErr != nil && (len(host) > 253 || !hostName.accepts(scalar(host))):
		c.refuse(path, "has no valid host: write it as "+wantedEndpoint)
		return
	case !isPort(cmp.Or(address.Port(), "1")), strings.HasSuffix(address.Host, ":"):
		c.refuse(path, "has a port that is not from 1 to 65535")
		return
	case insecure && !r.AllowInsecure && !c.refused(insecurePath):
		c.refuse(path, "http:// is for loopback addresses only: use https://, or the setting allow_insecure: true of a configuration file")
		return
	case insecure:
		c.warn(path, "http:// sends the credential in clear text: use https:// if the service has it")
	case cloudOf(host) != "" && address.Path != "":
		c.warn(path, "an endpoint of Azure has no path, only a gateway in front of it has: remove it if there is no gateway")
	}
	defaultPort := map[string]string{"https": ":443", "http": ":80"}[address.Scheme]
	address.Host = strings.TrimSuffix(strings.ToLower(address.Host), defaultPort)
	r.Endpoint = strings.TrimSuffix(address.JoinPath().String(), "/") // without the .. and // of a path
}

func isPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
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

// regionalHost is a host that serves a whole region; it knows keys only. The sovereign clouds have the same under their own
// domains.
var regionalHost = regexp.MustCompile(`\.api\.cognitive\.(microsoft\.com|microsoft\.us|azure\.cn)$`)

// cloudOf tells a cloud by its domain; "" for a host that could be of any, such as a gateway's.
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
