package config

import (
	"fmt"
	"math"
	"slices"

	"face_liveness_exporter/faceclient"
)

// most is the upper bound of counts that need none of their own.
const most = math.MaxInt32

// What follows is the file's structure: one function a section, one line a field.

func (d *decoder) config(at place, into *Config) {
	base := Resource{API: DefaultAPI()}
	isSection := d.section(at,
		field{"refresh", func(at place) { d.refresh(at, &into.Refresh) }},
		field{"devices", func(at place) { d.devices(at, &into.Devices) }},
		field{"api", func(at place) { d.api(at, &base.API) }},
		field{"outcomes", func(at place) { d.outcomes(at, &base.Outcomes) }},
		field{"resources", d.list("a list of at least one resource", func(at place) {
			resource := base
			resource.Operations = defaultOperations()
			d.resource(at, &resource)
			into.Resources = append(into.Resources, resource)
		})},
	)
	if isSection && !d.has(at, "resources") && d.unknowns > 0 && len(d.lines) == 0 {
		d.refuse(place{}, "no field of this exporter is in the file: it looks like the file of another program. "+
			"Give the right one by --config.file, or start in another folder")
	}
	if isSection && !d.has(at, "resources") {
		d.refuse(d.field(at, "resources"), "is missing: list at least one resource, with name, endpoint and a credential")
	}
	d.duplicates(d.field(at, "resources").path, into.Resources)
}

func (d *decoder) refresh(at place, into *Refresh) {
	d.section(at,
		field{"interval", d.duration(&into.Interval)},
		field{"timeout", d.duration(&into.Timeout)},
		field{"max_stale", d.duration(&into.MaxStale)},
		field{"on_start", d.boolean(&into.OnStart)},
		field{"max_concurrent", integer(d, &into.MaxConcurrent, 1, most)},
	)
}

func (d *decoder) devices(at place, into *Devices) {
	d.section(at,
		field{"top", integer(d, &into.Top, 0, 10000)},
		field{"label", oneOf(d, &into.Label, DeviceLabelRaw, DeviceLabelHash, DeviceLabelNone)},
		field{"hash_key_file", d.file(&into.HashKeyFile)},
	)
	d.hashKey(at, into)
}

func (d *decoder) api(at place, into *API) {
	d.section(at,
		field{"version", d.text(&into.Version, listVersion)},
		field{"page_size", integer(d, &into.PageSize, 1, 1000)},
		field{"max_pages", integer(d, &into.MaxPages, 1, most)},
		field{"max_requests_per_second", d.number(&into.MaxRequestsPerSecond, false)},
		field{"max_concurrent_requests", integer(d, &into.MaxConcurrentRequests, 1, most)},
		field{"monthly_request_budget", integer(d, &into.MonthlyRequestBudget, 0, 1e12)},
		field{"price_per_1000_requests", d.number(&into.PricePer1000Requests, true)},
		field{"request_timeout", d.duration(&into.RequestTimeout)},
		field{"max_retries", integer(d, &into.MaxRetries, 0, most)},
		field{"max_retry_wait", d.duration(&into.MaxRetryWait)},
	)
}

func (d *decoder) outcomes(at place, into *Outcomes) {
	d.section(at,
		field{"samples", integer(d, &into.Samples, 0, 10000)},
	)
}

func (d *decoder) resource(at place, into *Resource) {
	var keyVariable string
	isSection := d.section(at,
		field{"name", d.text(&into.Name, resourceName)},
		field{"allow_insecure", d.boolean(&into.AllowInsecure)},
		field{"endpoint", func(endpoint place) {
			// A broken allow_insecure is reported by itself.
			d.endpoint(endpoint, &into.Endpoint, into.AllowInsecure || d.refused[join(at.path, "allow_insecure")])
		}},
		field{"operations", d.operations(&into.Operations)},
		field{"key", d.key(&into.Key)},
		field{"key_file", d.file(&into.KeyFile)},
		field{"key_env", d.text(&keyVariable)},
		field{"entra", func(at place) { into.Entra = d.entra(at) }},
		field{"tls", func(at place) { d.tls(at, &into.TLS) }},
		field{"api", func(at place) { d.api(at, &into.API) }},
		field{"outcomes", func(at place) { d.outcomes(at, &into.Outcomes) }},
	)
	if !isSection {
		return
	}
	for _, name := range []string{"name", "endpoint"} {
		if !d.has(at, name) {
			d.refuse(d.field(at, name), "is missing: every resource needs one")
		}
	}
	d.credentials(at, into, keyVariable)
}

func (d *decoder) entra(at place) *Entra {
	into := &Entra{Credential: faceclient.EntraDefault}
	d.section(at,
		field{"credential", oneOf(d, &into.Credential, faceclient.EntraKinds()...)},
		field{"tenant_id", d.text(&into.TenantID, entraID)},
		field{"client_id", d.text(&into.ClientID, entraID)},
		field{"client_secret_file", d.file(&into.ClientSecretFile)},
		field{"client_certificate_file", d.file(&into.ClientCertificateFile)},
		field{"cloud", oneOf(d, &into.Cloud, faceclient.Clouds()...)},
	)
	return into
}

func (d *decoder) tls(at place, into *TLS) {
	d.section(at,
		field{"ca_file", d.file(&into.CAFile)},
		field{"cert_file", d.file(&into.CertFile)},
		field{"key_file", d.file(&into.KeyFile)},
		field{"server_name", d.text(&into.ServerName, hostName)},
		field{"insecure_skip_verify", d.boolean(&into.InsecureSkipVerify)},
	)
	for _, pair := range [][2]string{{"cert_file", "key_file"}, {"key_file", "cert_file"}} {
		if d.has(at, pair[0]) && !d.has(at, pair[1]) {
			d.refuse(d.field(at, pair[0]), "needs %s beside it: a client certificate is both", pair[1])
		}
	}
	for _, file := range []struct{ name, path string }{
		{"ca_file", into.CAFile}, {"cert_file", into.CertFile}, {"key_file", into.KeyFile},
	} {
		if d.sound(at, file.name) {
			d.pemFile(d.field(at, file.name), file.path)
		}
	}
	if into.InsecureSkipVerify {
		d.warn(d.field(at, "insecure_skip_verify"), "anyone between here and the service can read the credential: set ca_file instead")
	}
}

// listVersion refuses the versions that cannot work, by the facts of the service's published specification.
func listVersion(version string) error {
	if slices.Contains(faceclient.APIVersions(), version) {
		return nil
	}
	return fmt.Errorf("must be one of %s, the only versions that can list liveness sessions: "+
		"v1.2 (GA) and v1.3-preview.1 removed the list operation and put nothing in its place", commaSeparated(faceclient.APIVersions()))
}
