package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"face_liveness_exporter/internal/config"
)

// refusal is a document with one thing wrong, and how that must be told.
type refusal struct {
	document, path string
	line           int
	word           string
}

func (r refusal) check(t *testing.T) {
	t.Helper()
	cfg, _, err := config.Parse([]byte(r.document), environment("SPACED", " "+canary))
	r.told(t, cfg, err)
}

// told checks what was read of a document, or of something else.
func (r refusal) told(t *testing.T, cfg *config.Config, err error) {
	t.Helper()
	var problems config.Problems
	if cfg != nil || !errors.As(err, &problems) {
		t.Fatalf("accepted: %+v, %v", cfg, err)
	}
	noCanary(t, err.Error())
	if len(problems) != 1 {
		t.Fatalf("not one problem:\n%v", err)
	}
	got := problems[0]
	if got.Path != r.path || got.Line != r.line || !strings.Contains(got.Message, r.word) || got.Warning {
		t.Errorf("got  %v\nwant %s (line %d) … %s", got, r.path, r.line, r.word)
	}
}

func TestWhatIsRefused(t *testing.T) {
	const end = "  endpoint: https://a.example\n  key: k\n"
	file := func(content string) string { return write(t, "file", content) }
	for name, r := range map[string]refusal{
		// documents that are not one section
		"empty":              {"", "", 0, "not empty"},
		"a list":             {"- " + canary, "", 1, "section"},
		"two documents":      {withKey + "---\na: 1\n", "", 0, "one document"},
		"a zero byte":        {withKey + "\x00" + canary, "", 0, "control character"},
		"no UTF-8":           {withKey + "# \xff" + canary, "", 0, "UTF-8"},
		"a tab":              {"refresh:\n\tinterval: 5m\n", "", 2, "tab"},
		"a key with a colon": {minimal + "  key: " + canary + ": x\n", "", 4, "second colon"},
		"a quote left open":  {minimal + "  key: '" + canary + "\n\n", "", 6, "in what begins on line 4: "},
		"an unknown alias":   {minimal + "  key: *" + canary + "\n", "", 4, "not valid YAML"},
		"a bad indentation":  {withKey + " key_env: " + canary + "\n", "", 5, "indentation"},
		"too many resources": {"resources: [" + strings.Repeat("a,", 5001) + "]", "resources", 1, "1 to 5000"},

		// fields that are not known
		"at the top":                 {withKey + "refreshh: 1\n", "refreshh", 5, "did you mean refresh? Known here: refresh, devices,"},
		"in entra":                   {minimal + "  entra:\n    client_secret: " + canary + "\n", "resources[0].entra.client_secret", 5, "client_secret_file"},
		"a secret in a name's place": {withKey + "  " + canary + ": x\n", "resources[0]", 5, "unknown field"},
		"a merge key":                {withKey + "  <<: {tls: " + canary + "}\n", "resources[0]", 5, "unknown field"},
		"twice":                      {withKey + "  key: " + canary + "\n", "resources[0].key", 5, "first on line 4"},

		// values of the wrong type
		"a section that is text": {withKey + "refresh: " + canary + "\n", "refresh", 5, "section"},
		"resources as a section": {"resources:\n  name: " + canary + "\n", "resources", 1, "list"},
		"a list for a key":       {minimal + "  key: [" + canary + "]\n", "resources[0].key", 4, "key"},
		"nothing for a key":      {minimal + "  key:\n", "resources[0].key", 4, "no value"},
		"quotes around a number": {withKey + "api: {page_size: '5'}\n", "api.page_size", 5, "without quotes"},
		"text for a rate":        {withKey + "api: {max_requests_per_second: " + canary + "}\n", "api.max_requests_per_second", 5, "number"},
		"text for a boolean":     {withKey + "refresh: {on_start: " + canary + "}\n", "refresh.on_start", 5, "true or false"},
		"a list for a duration":  {withKey + "refresh: {interval: [5m]}\n", "refresh.interval", 5, "duration"},
		"text for operations":    {withKey + "  operations: detectLiveness\n", "resources[0].operations", 5, "list"},
		"text for labels":        {withKey + "  labels: " + canary + "\n", "resources[0].labels", 5, "lines"},

		// resources that cannot work
		"another program's file":  {"server: {port: 1}\nlog: {}\n", "resources", 1, "another program"},
		"no resources":            {"refresh: {interval: 5m}\n", "resources", 1, "missing"},
		"an empty list":           {"resources: []\n", "resources", 1, "1 to"},
		"no name":                 {"resources:\n-\n" + end, "resources[0].name", 3, "missing"},
		"a name with white space": {"resources:\n- name: 'a '\n" + end, "resources[0].name", 2, "1 to 64"},
		"a long name":             {"resources:\n- name: " + strings.Repeat("a", 65) + "\n" + end, "resources[0].name", 2, "1 to 64"},
		"a binary name":           {"resources:\n- name: !!binary /w==\n" + end, "resources[0].name", 2, "printable"},
		"a name twice":            {withKey + "- name: contoso\n" + end, "resources[1].name", 5, "resources[0] (line 2)"},
		"no endpoint":             {"resources:\n- name: a\n  key: k\n", "resources[0].endpoint", 2, "missing"},
		"no operation":            {withKey + "  operations: []\n", "resources[0].operations", 5, "one or more"},
		"an unknown operation":    {withKey + "  operations: [" + canary + "]\n", "resources[0].operations", 5, "detectLivenessWithVerify"},
		"an operation twice":      {withKey + "  operations: [detectLiveness, detectLiveness]\n", "resources[0].operations", 5, "each once"},
		"a label that is ours":    {withKey + "  labels: {team: kyc, resource: a}\n", "resources[0].labels", 5, "none of api_version, code,"},
		"a label of a target":     {withKey + "  labels: {job: a}\n", "resources[0].labels", 5, "instance, job, le"},
		"a label of Prometheus":   {withKey + "  labels: {__name: a}\n", "resources[0].labels", 5, "begins with __"},
		"a label with a hyphen":   {withKey + "  labels: {my-team: a}\n", "resources[0].labels", 5, "letters, digits and underscores"},
		"a label with nothing":    {withKey + "  labels: {team: ''}\n", "resources[0].labels", 5, "text for values"},

		// credentials and files that cannot work
		"none":                          {minimal, "resources[0]", 2, "exactly one of key, key_file, key_env, entra, and has none"},
		"two":                           {withKey + "  key_file: /x\n", "resources[0]", 2, "has key and key_file"},
		"a key with space before it":    {minimal + "  key: ' " + canary + "'\n", "resources[0].key", 4, "white space"},
		"a key with a soft hyphen":      {minimal + "  key: \"" + canary + "\\u00adx\"\n", "resources[0].key", 4, "ASCII"},
		"an empty key file":             {minimal + "  key_file: " + file("\n") + "\n", "resources[0].key_file", 4, "empty"},
		"a key file with two lines":     {minimal + "  key_file: " + file(canary+"\n"+canary) + "\n", "resources[0].key_file", 4, "one line"},
		"a key file in UTF-16":          {minimal + "  key_file: " + file("\xff\xfek\x00e\x00y\x00") + "\n", "resources[0].key_file", 4, "ASCII"},
		"a large key file":              {minimal + "  key_file: " + file(strings.Repeat("a", 1<<17)) + "\n", "resources[0].key_file", 4, "64 KiB"},
		"a folder for a key file":       {minimal + "  key_file: " + os.TempDir() + "\n", "resources[0].key_file", 4, "cannot be read"},
		"a variable that is not set":    {minimal + "  key_env: " + canary + "\n", "resources[0].key_env", 4, "not set"},
		"a variable with a space":       {minimal + "  key_env: SPACED\n", "resources[0].key_env", 4, "white space"},
		"hash without a key file":       {withKey + "devices:\n  label: hash\n", "devices.hash_key_file", 5, "missing"},
		"a hash key file not there":     {withKey + "devices:\n  label: hash\n  hash_key_file: /none/" + canary + "\n", "devices.hash_key_file", 7, "no such file"},
		"a short hash key":              {withKey + "devices:\n  label: hash\n  hash_key_file: " + file("fifteen bytes.. \n") + "\n", "devices.hash_key_file", 7, "16 bytes"},
		"a large CA file":               {withKey + "  tls:\n    ca_file: " + file(strings.Repeat("a", 5<<20)) + "\n", "resources[0].tls.ca_file", 6, "4096 KiB"},
		"a key without its certificate": {withKey + "  tls:\n    key_file: " + file("x") + "\n", "resources[0].tls.key_file", 6, "needs cert_file"},
		"a server name with a port":     {withKey + "  tls:\n    server_name: a.example:443\n", "resources[0].tls.server_name", 6, "host's name"},
	} {
		t.Run(name, r.check)
	}
}

func TestNumbersAndWordsOutOfRange(t *testing.T) {
	for setting, word := range map[string]string{
		"refresh interval 5":                 "with its unit",
		"refresh interval 0s":                "above 0",
		"refresh max_stale 11y":              "at most 10y",
		"refresh interval 5m1d":              "with its unit",
		"refresh max_concurrent 0":           "from 1",
		"devices label " + canary:            "raw, hash, none",
		"api page_size 0":                    "from 1 to 1000",
		"api page_size 010":                  "whole number",
		"api page_size 99999999999999999999": "whole number",
		"api max_requests_per_second 0":      "above 0",
		"api max_requests_per_second .nan":   "finite",
		"api monthly_request_budget -1":      "from 0",
		"api price_per_1000_requests -.5":    "0 or above",
		"outcomes samples 10001":             "to 10000",
		"api version v1.3-preview.1":         "removed it and put nothing in its place",
		"api version " + canary:              "v1.1-preview.1, v1.2-preview.1",
	} {
		t.Run(setting, func(t *testing.T) {
			part := strings.Fields(setting)
			section, name, value := part[0], part[1], part[2]
			refusal{withKey + section + ":\n  " + name + ": " + value + "\n", section + "." + name, 6, word}.check(t)
			if section == "api" || section == "outcomes" {
				refusal{withKey + "  " + section + ":\n    " + name + ": " + value + "\n", "resources[0]." + section + "." + name, 6, word}.check(t)
			}
		})
	}
}

func TestEndpointsThatCannotWork(t *testing.T) {
	for endpoint, word := range map[string]string{
		"contoso.cognitiveservices.azure.com":      "address such as",
		"https://a b.example":                      "address such as",
		"https://a_b..example":                     "no valid host",
		"'https://a.example:'":                     "port",
		"https://a.example:0":                      "port",
		"https://a.example:65536":                  "port",
		"https://a.example:" + canary:              "not a URL",
		"'https://[fe80::1%25eth0]'":               "no valid host",
		"https://user:" + canary + "@a.example":    "no user name",
		"https://user:%zz" + canary + "@a.example": "no user name",
		"https://a.example/?key=" + canary:         "no user name, password, ? or #",
		"http://a.example":                         "allow_insecure",
	} {
		t.Run(endpoint, func(t *testing.T) {
			refusal{"resources:\n- name: a\n  endpoint: " + endpoint + "\n  key: k\n", "resources[0].endpoint", 3, word}.check(t)
		})
	}
}

func TestEntraThatCannotWork(t *testing.T) {
	const public = "https://a.cognitiveservices.azure.com"
	file := write(t, "file", "  \n")
	for name, test := range map[string]struct{ endpoint, entra, path, word string }{
		"a regional endpoint":           {"https://westeurope.api.cognitive.microsoft.com", "{}", "", "keys only"},
		"an unknown credential":         {public, "{credential: " + canary + "}", ".credential", "azure_cli"},
		"an unknown cloud":              {public, "{cloud: " + canary + "}", ".cloud", "us_government"},
		"another cloud":                 {public, "{cloud: china}", ".cloud", "public"},
		"a tenant id with a slash":      {public, "{tenant_id: a/" + canary + "}", ".tenant_id", "letters"},
		"a client id for default":       {public, "{client_id: c}", ".client_id", "no effect with credential default"},
		"a tenant for managed identity": {public, "{credential: managed_identity, tenant_id: t}", ".tenant_id", "no effect"},
		"no tenant":                     {public, "{credential: client_secret, client_id: c, client_secret_file: /none}", ".tenant_id", "missing"},
		"an empty secret":               {public, "{credential: client_secret, tenant_id: t, client_id: c, client_secret_file: " + file + "}", ".client_secret_file", "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			refusal{"resources:\n- name: a\n  endpoint: " + test.endpoint + "\n  entra: " + test.entra + "\n", "resources[0].entra" + test.path, 4, test.word}.check(t)
		})
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	path := write(t, "config.yaml", `refresh:
  interval: 5
  timeout: 0s
devices: {top: -1}
api:
  version: v1.2
resources:
- name: a
  endpoint: ftp://a.example
  key: k
- name: a
  endpoint: https://b.example
  colour: red
  key_file: none
`)
	_, warnings, err := config.Load(path, environment())
	want := []string{
		"refresh.interval (line 2): ", "refresh.timeout (line 3): ", "devices.top (line 4): ", "api.version (line 6): ",
		"resources[0].endpoint (line 9): ", "resources[1].name (line 11): ", "resources[1].colour (line 13): ",
	}
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, path+": "+want[i]) {
			t.Errorf("problem %d is %q, want %q", i, line, want[i])
		}
	}
	if len(warnings) != 1 || warnings[0].Path != "resources[1].key_file" {
		t.Errorf("warnings are not kept beside errors: %v", warnings)
	}
}

func TestFilesThatAreNoConfiguration(t *testing.T) {
	for path, word := range map[string]string{
		filepath.Join(t.TempDir(), "none.yaml"):                      "no such file",
		filepath.Dir(write(t, "a", "")):                              "cannot be read",
		write(t, "large.yaml", withKey+strings.Repeat("#\n", 1<<20)): "larger than 1024 KiB",
	} {
		_, _, err := config.Load(path, environment())
		if err == nil || !strings.Contains(err.Error(), path+": the file") || !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want %s", err, word)
		}
		if _, problems := errors.AsType[config.Problems](err); problems || errors.Is(err, fs.ErrNotExist) != (word == "no such file") {
			t.Errorf("%s: the kind of %v", word, err)
		}
	}
}
