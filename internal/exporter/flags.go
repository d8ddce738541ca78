package exporter

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

const (
	programName    = "face_liveness_exporter"
	defaultAddress = ":10520"
	defaultConfig  = "config.yaml"
)

// flags are the command line.
type flags struct {
	configFile    string
	configFileSet bool // by the user, so that it must be there
	configCheck   bool
	dryRun        bool
	doctor        bool
	demo          bool

	telemetryPath          string
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
	app.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	app.Flag("web.max-requests", "Scrapes to answer at once; more get 503. 0 is no bound.").Default("40").IntVar(&f.maxRequests)
	app.Flag("web.disable-exporter-metrics", "Leave out the metrics about the exporter itself (go_*, process_*, promhttp_*).").BoolVar(&f.disableExporterMetrics)
	app.Flag("web.enable-lifecycle", "Allow POST to /-/reload.").BoolVar(&f.enableLifecycle)
	app.Flag("web.enable-pprof", "Serve /debug/pprof.").BoolVar(&f.enablePprof)
	app.Flag("log.level", "Only log messages of this level or above: debug, info, warn or error.").
		Default("info").EnumVar(&f.logLevel, "debug", "info", "warn", "error")
	app.Flag("log.format", "Format of log messages: auto (tint on a terminal, else logfmt), tint, logfmt or json.").
		Default("auto").EnumVar(&f.logFormat, "auto", "tint", "logfmt", "json")

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
	if err := f.checkTelemetryPath(); err != nil {
		return nil, err
	}
	return f, nil
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
		return errors.New("--web.telemetry-path is a path that the exporter serves something else under")
	}
	return nil
}
