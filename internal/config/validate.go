package config

import (
	"cmp"
	"slices"
	"strings"

	"face_liveness_exporter/faceclient"
)

// validate checks what one setting says of another, and the variables that settings name.
func (c *checker) validate(cfg *Config, general TLS) {
	c.hashKey(&cfg.Devices)
	c.tls("tls", general)
	switch {
	case len(c.lines) == 1 && len(c.errors) > 0: // the document alone
		c.errors = nil
		c.refuse("resources", "is missing, as is every field of this exporter: it looks like the file of another program. "+
			"Give the right one by --config.file, or start in another folder")
	case !c.has("resources"):
		c.refuse("resources", "is missing: list at least one resource, with name, endpoint and a credential")
	}
	for i := range cfg.Resources {
		if c.sound(at(i, "")) {
			c.resource(i, &cfg.Resources[i])
		}
	}
	c.duplicates(cfg.Resources)
	c.proxies(cfg.Resources)
}

func (c *checker) resource(i int, r *Resource) {
	for _, field := range []string{"name", "endpoint"} {
		if !c.has(at(i, field)) {
			c.refuse(at(i, field), "is missing: every resource needs one")
		}
	}
	c.endpoint(at(i, "endpoint"), at(i, "allow_insecure"), r)
	slices.Sort(r.Operations) // another order is no other resource
	if path := at(i, "tls"); c.has(path) {
		c.tls(path, r.TLS)
	}
	c.credential(i, r)
}

// minHashKeyBytes is what FIPS 140-3 asks of an HMAC key (112 bits), and two bytes more.
const minHashKeyBytes = 16

// hashKey reads the HMAC key. Unlike the other files it must exist when the configuration is checked: a hash with an
// empty key is no pseudonym.
func (c *checker) hashKey(devices *Devices) {
	const path = "devices.hash_key_file"
	if devices.Label != DeviceLabelHash && c.has(path) && !c.refused("devices.label") {
		c.warn(path, "has no effect: only label: hash uses it")
	}
	if devices.Label != DeviceLabelHash || c.refused(path) {
		return
	}
	key, err := readSecret(devices.HashKeyFile)
	switch {
	case !c.has(path):
		c.refuse(path, "is missing: label: hash needs a file with a secret key; make one with `head -c 32 /dev/urandom | base64`")
	case err != nil:
		c.refuse(path, "%s: %v", shown(devices.HashKeyFile), err)
	case len(strings.TrimSpace(key)) < minHashKeyBytes:
		c.refuse(path, "%s: the key has fewer than %d bytes and can be guessed: make one with `head -c 32 /dev/urandom | base64`; "+
			"a new key changes the label of every device", shown(devices.HashKeyFile), minHashKeyBytes)
	}
	c.file(path, devices.HashKeyFile, nil)
	devices.HashKey = Secret(key)
}

func (c *checker) tls(path string, t TLS) {
	for _, pair := range [][2]string{{"cert_file", "key_file"}, {"key_file", "cert_file"}} {
		if c.has(join(path, pair[0])) && !c.has(join(path, pair[1])) {
			c.refuse(join(path, pair[0]), "needs %s beside it: a client certificate is both", pair[1])
		}
	}
	if t.InsecureSkipVerify {
		c.warn(join(path, "insecure_skip_verify"), "anyone between here and the service can read the credential: set ca_file instead")
	}
}

// credential settles which one of the four kinds a resource has, and whether it can work.
func (c *checker) credential(i int, r *Resource) {
	kinds := []string{"key", "key_file", "key_env", "entra"}
	given := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !c.has(at(i, kind)) })
	switch {
	case len(given) == 0:
		c.refuse(at(i, ""), "needs exactly one of %s, and has none", commaSeparated(kinds))
	case len(given) > 1:
		c.refuse(at(i, ""), "needs exactly one of %s, and has %s", commaSeparated(kinds), strings.Join(given, " and "))
	case c.refused(at(i, given[0])):
	case given[0] == "entra":
		c.entra(at(i, "entra"), r.Entra, r.Endpoint)
	default:
		c.key(at(i, given[0]), r)
	}
}

// key reads a key, and warns of one that is none. If the endpoint is not one of Azure's, such as a gateway's, keys can have any
// form. The name of a variable is not repeated, because somebody may have put the key there.
func (c *checker) key(path string, r *Resource) {
	if r.KeyEnv != "" {
		r.Key = Secret(c.getenv(r.KeyEnv))
		if r.Key == "" {
			c.refuse(path, "the environment variable of this name is not set, or empty: set it, or use key_file")
		} else if wrong := key.wrong(scalar(r.Key.Reveal())); wrong != "" {
			c.refuse(path, "the value of this environment variable %s", wrong)
		}
	}
	secret := r.Key
	if r.KeyFile != "" {
		secret, _ = ReadSecretFile(r.KeyFile) // a file that cannot be read was reported
	}
	if secret != "" && !c.refused(path) && cloudOf(hostOf(r.Endpoint)) != "" && !azureKey.MatchString(secret.Reveal()) {
		c.warn(path, "this is no key: a key has 32 hexadecimal or 84 letters and digits")
	}
}

// entra checks the fields of a sign-in, and fills in the cloud.
func (c *checker) entra(path string, entra *Entra, endpoint string) {
	host := hostOf(endpoint)
	if regionalHost.MatchString(host) {
		c.refuse(path, "a regional endpoint takes keys only: use the resource's own endpoint, "+wantedEndpoint+", or a key")
	}
	if !c.refused(join(path, "credential")) {
		c.signIn(path, entra)
	}
	native := cloudOf(host)
	if !c.has(join(path, "cloud")) {
		entra.Cloud = cmp.Or(native, faceclient.CloudPublic)
	}
	if native != "" && entra.Cloud != native && !c.refused(join(path, "cloud")) {
		c.refuse(join(path, "cloud"), "does not fit the endpoint, which is of the cloud %s: remove the line, or correct the endpoint", native)
	}
}

func (c *checker) signIn(path string, entra *Entra) {
	rule := signIns[slices.IndexFunc(signIns, func(s signIn) bool { return s.credential == entra.Credential })]
	for _, field := range []string{"tenant_id", "client_id", "client_secret_file", "client_certificate_file"} {
		here := join(path, field)
		switch needed := slices.Contains(rule.needs, field); {
		case needed && !c.has(here):
			c.refuse(here, "is missing: credential %s needs it", entra.Credential)
		case c.has(here) && !needed && !slices.Contains(rule.takes, field):
			c.refuse(here, "has no effect with credential %s: remove it, or choose another credential", entra.Credential)
		}
	}
	if entra.Credential != faceclient.EntraWorkloadIdentity {
		return
	}
	// A configuration is often checked outside of its pod.
	var missing []string
	for _, needed := range [][2]string{
		{"AZURE_TENANT_ID", entra.TenantID}, {"AZURE_CLIENT_ID", entra.ClientID}, {"AZURE_FEDERATED_TOKEN_FILE", ""},
	} {
		if needed[1] == "" && c.getenv(needed[0]) == "" {
			missing = append(missing, needed[0])
		}
	}
	if len(missing) > 0 {
		c.warn(join(path, "credential"), "workload_identity needs %s, not set here: label the pod azure.workload.identity/use: \"true\" "+
			"and use a service account with the annotation azure.workload.identity/client-id", strings.Join(missing, ", "))
	}
}

// duplicates looks for resources with the same name, or with the same list.
func (c *checker) duplicates(resources []Resource) {
	first := map[string]int{}
	before := func(what string, i int) (earlier int, twice bool) {
		if earlier, twice = first[what]; !twice {
			first[what] = i
		}
		return earlier, twice
	}
	for i, r := range resources {
		if earlier, twice := before("the name "+r.Name, i); twice && c.sound(at(i, "name")) {
			c.refuse(at(i, "name"), "is also the name of %s (line %d): names must differ", at(earlier, ""), c.line(at(earlier, "name")))
		}
		for _, operation := range r.Operations {
			if earlier, twice := before(string(operation)+" of "+r.Endpoint, i); twice && r.Endpoint != "" {
				c.warn(at(i, "endpoint"), "%s of this endpoint is already read for %s (line %d): every request of both is billed",
					operation, at(earlier, ""), c.line(at(earlier, "endpoint")))
			}
		}
	}
}
