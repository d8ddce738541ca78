package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"face_liveness_exporter/faceclient"
)

// resourceName keeps out what cannot be seen or told apart in a dashboard or a URL: line breaks, invisible and
// direction-changing characters. Every visible character is accepted: output escapes it.
func resourceName(name string) error {
	invisible := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if utf8.RuneCountInString(name) > 64 || strings.ContainsFunc(name, invisible) {
		return errors.New("must be 1 to 64 printable characters: it becomes the label `resource`")
	}
	return nil
}

func (d *decoder) operations(into *[]faceclient.Operation) func(place) {
	known := faceclient.Operations()
	want := "a list of one or both of: " + commaSeparated(known)
	return func(at place) {
		var read []faceclient.Operation
		first := map[faceclient.Operation]int{}
		d.list(want, func(at place) {
			var operation faceclient.Operation
			oneOf(d, &operation, known...)(at)
			switch line, twice := first[operation]; {
			case operation == "": // refused
			case twice:
				d.refuse(at, "is in the list twice, first on line %d: keep one", line)
			default:
				first[operation] = at.line
				read = append(read, operation)
			}
		})(at)
		if len(read) > 0 {
			slices.Sort(read) // another order is no other resource
			*into = read
		}
	}
}

// key reads the one field whose value is a secret by design.
func (d *decoder) key(into *Secret) func(place) {
	return func(at place) {
		var key string
		d.text(&key, usableKey)(at)
		*into = Secret(key)
	}
}

// credentials settles which one of the four kinds a resource has, and whether it can work.
func (d *decoder) credentials(at place, into *Resource, keyVariable string) {
	kinds := []string{"key", "key_file", "key_env", "entra"}
	given := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !d.has(at, kind) })
	if len(given) != 1 {
		state := "has none"
		if len(given) > 1 {
			state = "has " + strings.Join(given, " and ")
		}
		d.refuse(at, "needs exactly one of %s, and %s", strings.Join(kinds, ", "), state)
		return
	}
	if !d.sound(at, given[0]) {
		return
	}
	here := d.field(at, given[0])
	switch given[0] {
	case "key":
		d.doubt(here, "", into)
	case "key_file":
		d.keyFile(here, into)
	case "key_env":
		into.Key = d.keyFromVariable(here, keyVariable)
		d.doubt(here, "the value of this environment variable ", into)
	case "entra":
		d.identity(here, into.Entra, into.Endpoint)
	}
}

func (d *decoder) keyFile(at place, into *Resource) {
	d.secretFile(at, into.KeyFile, func(key string) string { return doubtfulKey(key, into.Endpoint) })
}

// doubt warns of a key that probably is none.
func (d *decoder) doubt(at place, what string, resource *Resource) {
	if resource.Key == "" {
		return
	}
	if reason := doubtfulKey(resource.Key.Reveal(), resource.Endpoint); reason != "" {
		d.warn(at, "%s%s", what, reason)
	}
}

// keyFromVariable does not repeat the variable's name, because somebody may have put the key there.
func (d *decoder) keyFromVariable(at place, name string) Secret {
	value := d.getenv(name)
	if value == "" {
		d.refuse(at, "the environment variable of this name is not set, or empty: set it, or use key_file")
		return ""
	}
	if err := usableKey(value); err != nil {
		d.refuse(at, "the value of this environment variable %v", err)
		return ""
	}
	return Secret(value)
}

// entraID accepts a UUID, and a domain for a tenant: what azidentity accepts in the authority's URL.
func entraID(id string) error {
	if !entraIDPattern.MatchString(id) {
		return errors.New("must be an id such as 00000000-0000-0000-0000-000000000000, or a tenant's domain: letters, digits, dots and hyphens")
	}
	return nil
}

var entraIDPattern = regexp.MustCompile(`^[0-9A-Za-z.-]{1,253}$`)

// identity checks what an Entra credential needs and what it has no use for, and fills in the cloud. A field without
// effect is refused because the token would be another principal's than the reader of the file believes.
func (d *decoder) identity(at place, into *Entra, endpoint string) {
	host := hostOf(endpoint)
	if isRegional(host) {
		d.refuse(at, "a regional endpoint takes keys only: use the resource's own endpoint, "+wantedEndpoint+", or a key")
	}
	if !d.refused[join(at.path, "credential")] {
		rules := map[faceclient.EntraKind]struct{ needs, takes []string }{
			faceclient.EntraDefault:           {takes: []string{"tenant_id"}},
			faceclient.EntraManagedIdentity:   {takes: []string{"client_id"}},
			faceclient.EntraWorkloadIdentity:  {takes: []string{"tenant_id", "client_id"}},
			faceclient.EntraClientSecret:      {needs: []string{"tenant_id", "client_id", "client_secret_file"}},
			faceclient.EntraClientCertificate: {needs: []string{"tenant_id", "client_id", "client_certificate_file"}},
			faceclient.EntraAzureCLI:          {takes: []string{"tenant_id"}},
		}
		rule := rules[into.Credential]
		for _, name := range []string{"tenant_id", "client_id", "client_secret_file", "client_certificate_file"} {
			switch needed := slices.Contains(rule.needs, name); {
			case needed && !d.has(at, name):
				d.refuse(d.field(at, name), "is missing: credential %s needs it", into.Credential)
			case d.has(at, name) && !needed && !slices.Contains(rule.takes, name):
				d.refuse(d.field(at, name), "has no effect with credential %s: remove it, or choose another credential", into.Credential)
			}
		}
		if d.sound(at, "client_secret_file") {
			d.secretFile(d.field(at, "client_secret_file"), into.ClientSecretFile, doubtfulSecret)
		}
		if d.sound(at, "client_certificate_file") {
			d.pemFile(d.field(at, "client_certificate_file"), into.ClientCertificateFile)
		}
	}
	if into.Credential == faceclient.EntraWorkloadIdentity {
		d.workloadIdentity(at, into)
	}
	native := cloudOf(host)
	switch {
	case into.Cloud == "" && native == "":
		into.Cloud = faceclient.CloudPublic
	case into.Cloud == "":
		into.Cloud = native
	case native != "" && into.Cloud != native:
		d.refuse(d.field(at, "cloud"), "does not fit the endpoint, which is of the cloud %s: remove the line, or correct the endpoint", native)
	}
}

// workloadIdentity warns of what the webhook of Azure Workload Identity sets in a pod and nothing else does. A configuration
// is often checked outside of its pod.
func (d *decoder) workloadIdentity(at place, into *Entra) {
	var missing []string
	for _, needed := range []struct{ variable, setting string }{
		{"AZURE_TENANT_ID", into.TenantID}, {"AZURE_CLIENT_ID", into.ClientID}, {"AZURE_FEDERATED_TOKEN_FILE", ""},
	} {
		if needed.setting == "" && d.getenv(needed.variable) == "" {
			missing = append(missing, needed.variable)
		}
	}
	if len(missing) > 0 {
		d.warn(d.field(at, "credential"), "workload_identity needs %s, not set here: "+
			"label the pod azure.workload.identity/use: \"true\" and use a service account with the annotation azure.workload.identity/client-id",
			strings.Join(missing, ", "))
	}
}

// duplicates looks for resources with the same name, or with the same list.
func (d *decoder) duplicates(path string, resources []Resource) {
	type list struct {
		endpoint  string
		operation faceclient.Operation
	}
	names, lists := map[string]place{}, map[list]place{}
	for i, resource := range resources {
		at := place{path: fmt.Sprintf("%s[%d]", path, i)}
		at.line = d.lines[join(at.path, "name")]
		if first, twice := names[resource.Name]; twice && resource.Name != "" {
			d.refuse(d.field(at, "name"), "is also the name of %s (line %d): names must differ", first.path, first.line)
		} else {
			names[resource.Name] = at
		}
		if resource.Endpoint == "" {
			continue
		}
		for _, operation := range resource.Operations {
			this, here := list{resource.Endpoint, operation}, d.field(at, "endpoint")
			if first, twice := lists[this]; twice {
				d.warn(here, "%s of this endpoint is already read for %s (line %d): every request of both is billed", operation, first.path, first.line)
				continue
			}
			lists[this] = place{path: at.path, line: here.line}
		}
	}
}
