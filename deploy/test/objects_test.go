package deploy_test

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// object is one of a rendered chart: as Helm printed it, and as Kubernetes understands it.
type object struct {
	text string
	runtime.Object
	meta metav1.Object
}

func (o object) kind() string { return o.GetObjectKind().GroupVersionKind().Kind }

func (o object) isDashboard() bool { return strings.Contains(o.meta.GetName(), "-dashboard-") }

// abridged leaves out what another test compares with the files that it comes from, so that a new panel changes no
// golden file.
func (o object) abridged() string {
	for _, cut := range []struct {
		applies      bool
		after, place string
	}{
		{o.kind() == "PrometheusRule", "\n  groups:\n", "    # those of prometheus/rules.yaml and prometheus/alerts.yaml\n"},
		{o.isDashboard(), "\ndata:\n", "  # a file of grafana/dashboards\n"},
	} {
		if before, _, found := strings.Cut(o.text, cut.after); found && cut.applies {
			return before + cut.after + cut.place
		}
	}
	return o.text
}

// objects decodes what Helm printed as a server that warns of every unknown and double field.
func objects(t *testing.T, rendered []byte) []object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
		monitoringv1.AddToScheme, monitoringv1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	// Azure Monitor has a copy of this kind in a group of its own.
	scheme.AddKnownTypes(schema.GroupVersion{Group: "azmonitoring.coreos.com", Version: "v1"}, &monitoringv1.ServiceMonitor{})
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var decoded []object
	for text := range strings.SplitSeq("\n"+string(rendered), "\n---\n") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		text = strings.TrimRight(text, "\n") + "\n"
		value, _, err := decoder.Decode([]byte(text), nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		decoded = append(decoded, object{text: text, Object: value, meta: value.(metav1.Object)})
	}
	if len(decoded) == 0 {
		t.Fatal("the chart made no objects")
	}
	return decoded
}

// only returns the objects of one type.
func only[T any](all []object) []T {
	var found []T
	for _, one := range all {
		if value, ok := one.Object.(T); ok {
			found = append(found, value)
		}
	}
	return found
}

func TestObjectsFitEachOther(t *testing.T) {
	for name, path := range cases(t) {
		t.Run(name, func(t *testing.T) {
			all := rendered(t, path)
			seen := map[string]bool{}
			for _, one := range all {
				id := one.kind() + " " + one.meta.GetNamespace() + "/" + one.meta.GetName()
				if seen[id] {
					t.Errorf("two of %s", id)
				}
				seen[id] = true
				if one.meta.GetNamespace() == "" {
					t.Errorf("%s has no namespace", id)
				}
				if problems := validation.IsDNS1123Label(one.meta.GetName()); len(problems) != 0 {
					t.Errorf("%s: %v", id, problems)
				}
				for key, value := range one.meta.GetLabels() {
					if problems := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(problems) != 0 {
						t.Errorf("%s: label %s=%s: %v", id, key, value, problems)
					}
				}
			}
			deployments, services := only[*appsv1.Deployment](all), only[*corev1.Service](all)
			if len(deployments) != 1 || len(services) != 1 {
				t.Fatalf("%d deployments, %d services", len(deployments), len(services))
			}
			pod := labels.Set(deployments[0].Spec.Template.Labels)
			selects := func(kind string, selector map[string]string, target labels.Set) {
				if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(target) {
					t.Errorf("the %s selects %v, which %v is not", kind, selector, target)
				}
			}
			selects("Deployment", deployments[0].Spec.Selector.MatchLabels, pod)
			selects("Service", services[0].Spec.Selector, pod)
			for _, policy := range only[*networkingv1.NetworkPolicy](all) {
				selects("NetworkPolicy", policy.Spec.PodSelector.MatchLabels, pod)
			}
			for _, budget := range only[*policyv1.PodDisruptionBudget](all) {
				selects("PodDisruptionBudget", budget.Spec.Selector.MatchLabels, pod)
			}
			for _, monitor := range only[*monitoringv1.ServiceMonitor](all) {
				selects("ServiceMonitor", monitor.Spec.Selector.MatchLabels, services[0].Labels)
				for _, endpoint := range monitor.Spec.Endpoints {
					if endpoint.Port != services[0].Spec.Ports[0].Name {
						t.Errorf("the ServiceMonitor scrapes the port %q", endpoint.Port)
					}
				}
			}
			mounted := map[string]bool{}
			for _, mount := range deployments[0].Spec.Template.Spec.Containers[0].VolumeMounts {
				mounted[mount.Name] = true
			}
			for _, volume := range deployments[0].Spec.Template.Spec.Volumes {
				if !mounted[volume.Name] {
					t.Errorf("volume %s is mounted nowhere", volume.Name)
				}
				delete(mounted, volume.Name)
			}
			if len(mounted) != 0 {
				t.Errorf("there is no volume for %v", mounted)
			}
		})
	}
}

// TestEachResourceIsATarget: by its own name, even where that is full of what YAML and relabelling take for theirs.
func TestEachResourceIsATarget(t *testing.T) {
	var got []string
	monitor := only[*monitoringv1.ServiceMonitor](rendered(t, filepath.Join(values, "keys.yaml")))[0]
	for _, endpoint := range monitor.Spec.Endpoints {
		got = append(got, endpoint.Path+" "+strings.Join(endpoint.Params["resource"], ","))
		for _, relabelling := range endpoint.RelabelConfigs {
			if relabelling.TargetLabel == "instance" && strings.ReplaceAll(*relabelling.Replacement, "$$", "$") != endpoint.Params["resource"][0] {
				t.Errorf("instance is %q", *relabelling.Replacement)
			}
		}
	}
	want := []string{"/-/metrics ", "/probe contoso-prod", `/probe Größe: 5 $1 "#"`, "/probe contoso-gov"}
	if !slices.Equal(got, want) {
		t.Errorf("targets are %q, want %q", got, want)
	}
}

// The addresses of the example with several exporters are those of the chart, installed once for each in a namespace.
func TestExportersOfTheExampleAreReleasesOfTheChart(t *testing.T) {
	example := string(read(t, filepath.Join(root, "prometheus", "examples", "sharded.yml")))
	const namespace = "face-liveness-exporter"
	for _, release := range []string{namespace + "-0", namespace + "-1", namespace + "-2"} {
		output, complaint := helm(t, "template", release, chart, "--namespace", namespace, "--kube-version", "1.37.0", "--set", "demo=true,"+image)
		if complaint != "" {
			t.Fatal(complaint)
		}
		services := only[*corev1.Service](objects(t, output))
		if len(services) != 1 {
			t.Fatalf("%d Services, want 1", len(services))
		}
		service := services[0]
		address := fmt.Sprintf("%s.%s:%d", service.Name, service.Namespace, service.Spec.Ports[0].Port)
		if !strings.Contains(example, address) {
			t.Errorf("%s is no address of the example", address)
		}
	}
}

func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for name, path := range cases(t) {
		pod := only[*appsv1.Deployment](rendered(t, path))[0].Spec.Template
		for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		container := pod.Spec.Containers[0]
		if context := container.SecurityContext; context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem {
			t.Errorf("%s: the root file system can be written to", name)
		}
		if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
			t.Errorf("%s: the pod gets a token that it has no use for", name)
		}
	}
}

// TestExporterTakesItsConfigurationAndFlags gives the program what a container of it would find.
func TestExporterTakesItsConfigurationAndFlags(t *testing.T) {
	program := built(t)
	for name, path := range cases(t) {
		t.Run(name, func(t *testing.T) {
			all, folder := rendered(t, path), t.TempDir()
			inside := strings.NewReplacer("/etc/face_liveness_exporter", folder)
			put := func(path, content string) {
				write(t, filepath.Join(folder, path), []byte(inside.Replace(content)))
			}
			switch name {
			case "existing-config":
				put("config/config.yaml", "resources: [{name: a, endpoint: 'https://a.example', key: 9f2c41d7e05b4a3896c1d8e7f4a2b06d}]")
			case "existing-secret":
				put("secrets/contoso-prod", "9f2c41d7e05b4a3896c1d8e7f4a2b06d")
				put("secrets/device-hash-key", "a random key of more than 16 bytes")
			case "bank":
				put("secrets/device-hash-key", "a random key of more than 16 bytes")
				authority := httptest.NewTLSServer(nil)
				authority.Close()
				put("secrets/ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw})))
			}
			for _, configuration := range only[*corev1.ConfigMap](all) {
				if text, ok := configuration.Data["config.yaml"]; ok {
					put("config/config.yaml", text)
				}
			}
			for _, secret := range only[*corev1.Secret](all) {
				if strings.HasSuffix(secret.Name, "-keys") {
					for entry, value := range secret.Data {
						put("secrets/"+entry, string(value))
					}
				}
			}
			container := only[*appsv1.Deployment](all)[0].Spec.Template.Spec.Containers[0]
			args := []string{"--config.check"}
			for _, arg := range container.Args {
				// The web configuration names certificates that are in the cluster.
				if !strings.HasPrefix(arg, "--web.config.file=") {
					args = append(args, inside.Replace(arg))
				}
			}
			check := exec.CommandContext(t.Context(), program, args...)
			check.Dir, check.Env = folder, []string{}
			for _, variable := range container.Env {
				check.Env = append(check.Env, variable.Name+"="+variable.Value)
			}
			if slices.Contains([]string{"workload-identity", "bank"}, name) { // what the webhook of AKS sets
				check.Env = append(check.Env, "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_FEDERATED_TOKEN_FILE="+filepath.Join(folder, "token"))
			}
			output, err := check.CombinedOutput()
			if err != nil || !strings.Contains(string(output), "configuration is valid: ") || strings.Contains(string(output), "warning: ") {
				t.Errorf("%v: %v\n%s", args, err, output)
			}
		})
	}
}
