{{- define "fle.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fle.fullname" -}}
{{- $name := include "fle.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fle.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* A derived name that still ends in what it is for where the full name is long. */}}
{{- define "fle.nameOf" -}}
{{- $suffix := index . 1 -}}
{{- printf "%s-%s" (include "fle.fullname" (index . 0) | trunc (int (sub 62 (len $suffix))) | trimSuffix "-") $suffix -}}
{{- end -}}

{{- define "fle.selector" -}}
app.kubernetes.io/name: {{ include "fle.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. Its own ones come as second argument; the chart's prevail, because selectors need them. */}}
{{- define "fle.labels" -}}
{{- $root := index . 0 -}}
{{- $fixed := include "fle.selector" $root | fromYaml -}}
{{- $fixed = merge $fixed (dict
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
      "app.kubernetes.io/version" ($root.Chart.AppVersion | replace "+" "_" | trunc 63)
      "app.kubernetes.io/managed-by" $root.Release.Service
      "app.kubernetes.io/part-of" "face-liveness-exporter") -}}
{{- mergeOverwrite dict $root.Values.commonLabels (index . 1 | default dict) $fixed | toYaml -}}
{{- end -}}

{{- define "fle.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fle.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "fle.image" -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- fail "image.repository is empty, and there is no published image yet: run `docker build --build-arg VERSION=TAG -t REGISTRY/face_liveness_exporter:TAG .` in a clone, push it, and set image.repository and image.tag" -}}
{{- end -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "fle.secretsFolder" -}}/etc/face_liveness_exporter/secrets{{- end -}}

{{/* The Secret with the keys, or nothing. */}}
{{- define "fle.secretName" -}}
{{- if .Values.demo -}}
{{- else if .Values.secret.existing -}}
{{- .Values.secret.existing -}}
{{- else if .Values.secret.data -}}
{{- include "fle.nameOf" (list . "keys") -}}
{{- end -}}
{{- end -}}

{{- define "fle.webSecretName" -}}
{{- if .Values.web.existingSecret -}}
{{- .Values.web.existingSecret -}}
{{- else if .Values.web.config -}}
{{- include "fle.nameOf" (list . "web") -}}
{{- end -}}
{{- end -}}

{{/* The path of an entry of that Secret. A missing entry fails here, and not in a pod that does not start. */}}
{{- define "fle.secretFile" -}}
{{- $values := (index . 0).Values -}}
{{- $entry := index . 1 -}}
{{- $for := index . 2 -}}
{{- if not (regexMatch "^[-._a-zA-Z0-9]+$" $entry) -}}
{{- fail (printf "%s: %q cannot be the name of a Secret's entry; give a key_file" $for $entry) -}}
{{- end -}}
{{- if not (or $values.secret.existing (hasKey $values.secret.data $entry)) -}}
{{- fail (printf "%s needs a secret: set secret.existing, or secret.data with the entry %q" $for $entry) -}}
{{- end -}}
{{- printf "%s/%s" (include "fle.secretsFolder" .) $entry -}}
{{- end -}}

{{/* config.yaml: `config`, completed with the credentials that the chart provides. */}}
{{- define "fle.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if not $config.resources -}}
{{- fail "config.resources is empty: list your resources, or set existingConfigSecret, or demo: true for a look around" -}}
{{- end -}}
{{- $resources := list -}}
{{- $names := list -}}
{{- range $config.resources -}}
{{- $resource := . -}}
{{- if has .name $names -}}
{{- fail (printf "config.resources: %q is the name of two resources: names must differ" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- $given := list -}}
{{- range $kind := list "key_file" "key_env" "entra" -}}
{{- if hasKey $resource $kind -}}
{{- $given = append $given $kind -}}
{{- end -}}
{{- end -}}
{{- if gt (len $given) 1 -}}
{{- fail (printf "config.resources: %s has %s: keep one credential" .name (join " and " $given)) -}}
{{- end -}}
{{- if and (hasKey . "entra") (regexMatch "\\.api\\.cognitive\\.(microsoft\\.com|microsoft\\.us|azure\\.cn)" (lower .endpoint)) -}}
{{- fail (printf "config.resources: %s has entra, but its endpoint is a regional one, which takes keys only" .name) -}}
{{- end -}}
{{- $credentials := dict -}}
{{- if not (or (hasKey . "key_file") (hasKey . "key_env") (hasKey . "entra")) -}}
{{- if $.Values.workloadIdentity.enabled -}}
{{- $credentials = dict "entra" (dict "credential" "workload_identity") -}}
{{- else -}}
{{- $credentials = dict "key_file" (include "fle.secretFile" (list $ .name (printf "config.resources: %s" .name))) -}}
{{- end -}}
{{- end -}}
{{- $resources = append $resources (merge (deepCopy .) $credentials) -}}
{{- end -}}
{{- $_ := set $config "resources" $resources -}}
{{- with $config.devices -}}
{{- if and (eq (default "raw" .label) "hash") (not (hasKey . "hash_key_file")) -}}
{{- $_ := set . "hash_key_file" (include "fle.secretFile" (list $ "device-hash-key" "config.devices.label: hash")) -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The names of the resources, as a YAML list under `names`. */}}
{{- define "fle.resourceNames" -}}
{{- $names := .Values.monitor.resources -}}
{{- if and (not $names) .Values.demo -}}
{{- $names = list "demo" -}}
{{- else if and (not $names) (not .Values.existingConfigSecret) -}}
{{- range .Values.config.resources -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end -}}
{{- dict "names" $names | toYaml -}}
{{- end -}}

{{/* A duration of Prometheus in milliseconds. */}}
{{- define "fle.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $total = add $total (mul (regexFind "[0-9]+" .) (get $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- $total -}}
{{- end -}}
