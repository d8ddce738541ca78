package tool

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"face_liveness_exporter/internal/exporter"
	"face_liveness_exporter/internal/web"
)

const (
	defaultAddress = ":10520"
	// demoAddress can be reached from this machine only.
	demoAddress   = "localhost:10520"
	defaultConfig = "config.yaml"
)

// flags are the command line.
type flags struct {
	configFile    string
	configFileSet bool // by the user, so that it must be there
	configCheck   bool
	doctor        bool
	demo          bool

	logLevel, logFormat string

	web web.Options
}

// parseFlags reads the command line. There are no flags if it asks only for something to be printed, such as help or version: then
// usage is what is left to print.
func parseFlags(args []string) (f *flags, usage string, err error) {
	f = new(flags)
	app := kingpin.New(exporter.Name, "Shows the liveness sessions of Azure AI Face resources to Prometheus.")
	answered := false
	app.Terminate(func(int) { answered = true })
	var out bytes.Buffer
	app.UsageWriter(&out)
	app.Version(version.Print(exporter.Name))
	app.HelpFlag.Short('h')

	app.Flag("config.file", "Path of the configuration file. Without this flag and without config.yaml in the working directory, the environment variables FACE_ENDPOINT, FACE_API_KEY, FACE_API_KEY_FILE, FACE_RESOURCE_NAME and FACE_OPERATIONS are used.").
		Default(defaultConfig).IsSetByUser(&f.configFileSet).StringVar(&f.configFile)
	app.Flag("config.check", "Validate the configuration, print every problem and the minimum number of requests in 30 days, and exit. No request is made.").BoolVar(&f.configCheck)
	app.Flag("doctor", "Read every list once and print a report: what works, what the lists are like, what they cost, and what to do. The exit code is 1 if a list cannot be read.").BoolVar(&f.doctor)
	app.Flag("demo", "Show a simulated Face resource with live traffic. Needs no configuration and no account.").BoolVar(&f.demo)
	f.web.Toolkit = kingpinflag.AddFlags(app, defaultAddress)
	var addressSet bool
	app.GetFlag("web.listen-address").IsSetByUser(&addressSet)
	var externalURL, routePrefix string
	var routePrefixSet bool
	app.Flag("web.external-url", "URL under which the exporter is reached from outside, for example through a reverse proxy. Links and the targets of /sd use it. Its path is the default of --web.route-prefix.").
		StringVar(&externalURL)
	app.Flag("web.route-prefix", "Prefix of all paths that are served. Default: the path of --web.external-url.").
		IsSetByUser(&routePrefixSet).StringVar(&routePrefix)
	app.Flag("web.health-listen-address", "Address on which to serve only /-/healthy and /-/ready, without TLS and without authentication. For probes that cannot present a client certificate.").
		StringVar(&f.web.HealthAddress)
	app.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&f.web.TelemetryPath)
	app.Flag("web.max-requests", "Maximum number of scrapes that are answered at once. Others get 503. 0 means no limit.").Default("40").IntVar(&f.web.MaxRequests)
	app.Flag("web.disable-exporter-metrics", "Leave out the metrics about the exporter itself (go_*, process_*, promhttp_*).").BoolVar(&f.web.DisableExporterMetrics)
	app.Flag("web.enable-lifecycle", "Allow POST to /-/reload.").BoolVar(&f.web.EnableLifecycle)
	app.Flag("web.enable-pprof", "Serve /debug/pprof.").BoolVar(&f.web.EnablePprof)
	app.Flag("log.level", "Only log messages of this level or above: debug, info, warn or error.").
		Default("info").SetValue(&choice{flag: "log.level", value: &f.logLevel, of: []string{"debug", "info", "warn", "error"}})
	app.Flag("log.format", "Format of log messages: auto (tint on a terminal, else logfmt), tint, logfmt or json.").
		Default("auto").SetValue(&choice{flag: "log.format", value: &f.logFormat, of: []string{"auto", "tint", "logfmt", "json"}})

	_, err = app.Parse(args)
	switch {
	case answered:
		// Every switch by the name that people type and search for: --demo, not --[no-]demo.
		return nil, switchPattern.ReplaceAllString(out.String(), "--$1     "), nil
	case err != nil:
		return nil, "", err
	case f.web.MaxRequests < 0:
		return nil, "", errors.New("--web.max-requests must not be below 0")
	case slices.Contains(*f.web.Toolkit.WebListenAddresses, ""):
		return nil, "", errors.New("--web.listen-address must not be empty; " + defaultAddress + " is every address of this machine")
	}
	if f.demo && !addressSet {
		*f.web.Toolkit.WebListenAddresses = []string{demoAddress}
	}
	f.web.Simulated = f.demo
	if err := f.setURLs(externalURL, routePrefix, routePrefixSet); err != nil {
		return nil, "", err
	}
	err = f.checkTelemetryPath()
	return f, "", err
}

// switchPattern is how kingpin writes a switch.
var switchPattern = regexp.MustCompile(`--\[no-\](\S+)`)

// choice is a flag that takes one of some words, in capitals or not.
type choice struct {
	flag  string
	value *string
	of    []string
}

// Set takes the word, or says which there are.
func (c *choice) Set(given string) error {
	word := strings.ToLower(given)
	if !slices.Contains(c.of, word) {
		return fmt.Errorf("--%s must be one of %s, not %q", c.flag, strings.Join(c.of, ", "), given)
	}
	*c.value = word
	return nil
}

// String is the word.
func (c *choice) String() string { return *c.value }

// setURLs checks --web.external-url and --web.route-prefix.
func (f *flags) setURLs(external, prefix string, prefixSet bool) error {
	if external != "" {
		u, err := url.Parse(external)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("--web.external-url must be a URL such as https://example.org/face/, without a user, a query and a fragment")
		}
		f.web.ExternalURL = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: cleanPrefix(u.Path)}
		if !prefixSet {
			prefix = f.web.ExternalURL.Path
		}
	}
	f.web.RoutePrefix = cleanPrefix(prefix)
	if strings.ContainsAny(f.web.RoutePrefix, unfit) {
		return errors.New("--web.route-prefix must hold no space and none of " + unfit)
	}
	return nil
}

// unfit is what a path that is served must not hold: patterns of http.ServeMux, and what browsers encode.
const unfit = "{}?#% "

// cleanPrefix returns "" or a path with a slash at its beginning and none at its end.
func cleanPrefix(prefix string) string { return strings.TrimSuffix(path.Clean("/"+prefix), "/") }

func (f *flags) checkTelemetryPath() error {
	p := f.web.TelemetryPath
	switch {
	case p != path.Clean("/"+p) || strings.ContainsAny(p, unfit):
		return errors.New("--web.telemetry-path must be a path such as /metrics, with no slash at its end, no space and none of " + unfit)
	case p == "/probe" || p == "/sd" || strings.HasPrefix(p, "/-/") || strings.HasPrefix(p, "/debug/"):
		return errors.New("--web.telemetry-path is a path that the exporter uses for something else")
	}
	return nil
}
