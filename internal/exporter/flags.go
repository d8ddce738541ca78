package exporter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

const (
	programName    = "face_liveness_exporter"
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
	dryRun        bool
	doctor        bool
	demo          bool

	telemetryPath string
	// externalURL is where others reach the exporter, without a slash at its end; nil where it was not given.
	externalURL *url.URL
	// routePrefix comes before every path that is served: "" or /like/this.
	routePrefix            string
	healthAddress          string // of a listener only for the health endpoints; "" for none
	maxRequests            int
	disableExporterMetrics bool
	enableLifecycle        bool
	enablePprof            bool

	logLevel, logFormat string

	web *web.FlagConfig
}

// errAnswered says that the command line asked for the help or the version and has got it.
var errAnswered = errors.New("answered")

// parseFlags reads the command line. Help and version go to out.
func parseFlags(args []string, out io.Writer) (*flags, error) {
	f := new(flags)
	app := kingpin.New(programName, "Shows the liveness sessions of Azure AI Face resources to Prometheus.")
	answered := false
	app.Terminate(func(int) { answered = true })
	var usage bytes.Buffer
	app.UsageWriter(&usage)
	app.Version(version.Print(programName))
	app.HelpFlag.Short('h')

	app.Flag("config.file", "Path of the configuration file. Without this flag and without config.yaml in the working directory, the environment variables FACE_ENDPOINT, FACE_API_KEY, FACE_API_KEY_FILE, FACE_RESOURCE_NAME and FACE_OPERATIONS are used.").
		Default(defaultConfig).IsSetByUser(&f.configFileSet).StringVar(&f.configFile)
	app.Flag("config.check", "Validate the configuration, print every problem and the least requests in 30 days, and exit. No request is made.").BoolVar(&f.configCheck)
	app.Flag("dry-run", "Read every list once, print the metrics to stdout and a summary to stderr, and exit. The exit code is 1 if a list cannot be read.").BoolVar(&f.dryRun)
	app.Flag("doctor", "Read every list once and print a report: what works, what the lists are like, what they cost, and what to do. The exit code is 1 if a list cannot be read.").BoolVar(&f.doctor)
	app.Flag("demo", "Show a simulated Face resource with live traffic. Needs no configuration and no account.").BoolVar(&f.demo)
	f.web = kingpinflag.AddFlags(app, defaultAddress)
	var addressSet bool
	app.GetFlag("web.listen-address").IsSetByUser(&addressSet)
	var externalURL, routePrefix string
	var routePrefixSet bool
	app.Flag("web.external-url", "URL under which the exporter is reached from outside, for example through a reverse proxy. Links and the targets of /sd use it. Its path is the default of --web.route-prefix.").
		StringVar(&externalURL)
	app.Flag("web.route-prefix", "Prefix of all paths that are served. Default: the path of --web.external-url.").
		IsSetByUser(&routePrefixSet).StringVar(&routePrefix)
	app.Flag("web.health-listen-address", "Address on which to serve only /-/healthy and /-/ready, without TLS and without authentication. For probes that cannot present a client certificate.").
		StringVar(&f.healthAddress)
	app.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	app.Flag("web.max-requests", "How many scrapes may have their answer made or be next. Others wait, and get 503 when their time is over. 0 means no limit.").Default("40").IntVar(&f.maxRequests)
	app.Flag("web.disable-exporter-metrics", "Leave out the metrics about the exporter itself (go_*, process_*, promhttp_*).").BoolVar(&f.disableExporterMetrics)
	app.Flag("web.enable-lifecycle", "Allow POST to /-/reload.").BoolVar(&f.enableLifecycle)
	app.Flag("web.enable-pprof", "Serve /debug/pprof.").BoolVar(&f.enablePprof)
	app.Flag("log.level", "Only log messages of this level or above: debug, info, warn or error.").
		Default("info").SetValue(&choice{flag: "log.level", value: &f.logLevel, of: []string{"debug", "info", "warn", "error"}})
	app.Flag("log.format", "Format of log messages: auto (tint on a terminal, else logfmt), tint, logfmt or json.").
		Default("auto").SetValue(&choice{flag: "log.format", value: &f.logFormat, of: []string{"auto", "tint", "logfmt", "json"}})

	_, err := app.Parse(args)
	switch {
	case answered:
		if err := printUsage(out, usage.String()); err != nil {
			return nil, err
		}
		return nil, errAnswered
	case err != nil:
		return nil, err
	case f.maxRequests < 0:
		return nil, errors.New("--web.max-requests must not be below 0")
	}
	if f.demo && !addressSet {
		*f.web.WebListenAddresses = []string{demoAddress}
	}
	if err := f.setURLs(externalURL, routePrefix, routePrefixSet); err != nil {
		return nil, err
	}
	if err := f.checkTelemetryPath(); err != nil {
		return nil, err
	}
	return f, nil
}

// choice is a flag that takes one of some words, in capitals or not.
type choice struct {
	flag  string
	value *string
	of    []string
}

// Set is part of kingpin.Value.
func (c *choice) Set(given string) error {
	word := strings.ToLower(given)
	if !slices.Contains(c.of, word) {
		return fmt.Errorf("--%s must be one of %s, not %q", c.flag, strings.Join(c.of, ", "), given)
	}
	*c.value = word
	return nil
}

// String is part of kingpin.Value.
func (c *choice) String() string { return *c.value }

// setURLs checks --web.external-url and --web.route-prefix.
func (f *flags) setURLs(external, prefix string, prefixSet bool) error {
	if external != "" {
		u, err := url.Parse(external)
		switch {
		case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
			return errors.New("--web.external-url must be a URL such as https://example.org/face/")
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return errors.New("--web.external-url must not hold a user, a query or a fragment")
		}
		u.Path = cleanPrefix(u.Path)
		u.RawPath = ""
		f.externalURL = u
		if !prefixSet {
			prefix = u.Path
		}
	}
	f.routePrefix = cleanPrefix(prefix)
	if strings.ContainsAny(f.routePrefix, "{}?#% ") {
		return errors.New("--web.route-prefix must hold no space and none of {}?#%")
	}
	return nil
}

// cleanPrefix returns "" or a path with a slash at its beginning and none at its end.
func cleanPrefix(prefix string) string { return strings.TrimSuffix(path.Clean("/"+prefix), "/") }

// linkPrefix comes before every path that clients are told.
func (f *flags) linkPrefix() string {
	if f.externalURL != nil {
		return f.externalURL.Path
	}
	return f.routePrefix
}

// printUsage shows every switch by the name that people type and search for: --demo, not --[no-]demo.
func printUsage(out io.Writer, usage string) error {
	usage = regexp.MustCompile(`--\[no-\](\S+)`).ReplaceAllString(usage, "--$1     ")
	_, err := io.WriteString(out, usage)
	return err
}

func (f *flags) checkTelemetryPath() error {
	switch {
	case !strings.HasPrefix(f.telemetryPath, "/") || strings.ContainsAny(f.telemetryPath, "{}?#% "):
		return errors.New("--web.telemetry-path must begin with / and hold no space and none of {}?#%")
	case f.telemetryPath != "/" && strings.HasSuffix(f.telemetryPath, "/"):
		return errors.New("--web.telemetry-path must not end with /")
	case path.Clean(f.telemetryPath) != f.telemetryPath: // http.ServeMux panics
		return errors.New("--web.telemetry-path must not hold //, /./ or /../")
	case f.telemetryPath == "/probe" || f.telemetryPath == "/sd" ||
		strings.HasPrefix(f.telemetryPath, "/-/") || strings.HasPrefix(f.telemetryPath, "/debug/"):
		return errors.New("--web.telemetry-path is a path that the exporter uses for something else")
	}
	return nil
}
