{{- define "rodopath.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* The selector of the pods of one part, which must never change: the selector of a Deployment is immutable. */}}
{{- define "rodopath.selector" -}}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* The labels of pods, without the version: a new version of the chart alone restarts no pod. */}}
{{- define "rodopath.podLabels" -}}
{{ include "rodopath.selector" . }}
app.kubernetes.io/part-of: rodopath
{{- end }}

{{- define "rodopath.labels" -}}
{{ include "rodopath.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "rodopath.image" -}}
{{ .root.Values.image.registry }}/{{ .part }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* Errors that a schema cannot describe well. */}}
{{- define "rodopath.required" -}}
{{- if and .Values.nats.url .Values.nats.urlSecret }}{{ fail "nats.url and nats.urlSecret: give one of the two" }}{{ end }}
{{- $_ := required "nats.url is missing: where NATS with JetStream is (or nats.urlSecret, for an address with a password)" (or .Values.nats.url .Values.nats.urlSecret) }}
{{- $_ := required "mongodb.uriSecret is missing: a Secret with the connection string under the key \"uri\"" .Values.mongodb.uriSecret }}
{{- $_ := required "keysSecret is missing: a Secret with the output of \"rodopath keys\" under the key \"keys.json\"" .Values.keysSecret }}
{{- $tokens := dig "api" "tokens" list (.Values.config | default dict) }}
{{- if and .Values.apiTokenSecret $tokens }}{{ fail "apiTokenSecret and config.api.tokens: give one of the two" }}{{ end }}
{{- $_ := required "apiTokenSecret is missing: a Secret with a token under the key \"token\" (or config.api.tokens)" (or .Values.apiTokenSecret (first $tokens)) }}
{{- $_ := required "config.sources is empty: list the sources of webhooks" (first (.Values.config.sources | default list)) }}
{{- range $part := list "ingest" "lifecycle" "dispatch" }}
{{- $replicas := int (get $.Values $part).replicas }}
{{- if and $.Values.autoscaling.enabled (gt $replicas (int $.Values.autoscaling.maxReplicas)) }}{{ fail (printf "autoscaling.maxReplicas is less than %s.replicas" $part) }}{{ end }}
{{- end }}
{{- $intake := .Values.ingest.intake }}
{{- /* A tenth for the file system, and 42 MiB for the file that is begun and the room that stays free: see package intake. */}}
{{- $least := add (divf (mulf $intake.maxMB 11) 10 | ceil | int64) 42 }}
{{- if lt (include "rodopath.bytes" $intake.size | float64) (mulf $least 1048576) }}
{{- fail (printf "ingest.intake.size (%s) cannot hold an intake log of ingest.intake.maxMB (%d): give the volume %dMi or more, or lower maxMB" $intake.size (int64 $intake.maxMB) $least) }}
{{- end }}
{{- if and .Values.keda.enabled (gt (int .Values.lifecycle.replicas) (int .Values.keda.maxReplicas)) }}{{ fail "keda.maxReplicas is less than lifecycle.replicas" }}{{ end }}
{{- end }}

{{/* The number of bytes of a quantity of the schema, such as 1Gi. */}}
{{- define "rodopath.bytes" -}}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "m" 0.001 }}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[a-zA-Z]*$" .) | default 1) }}
{{- end }}

{{/* The paths that may be reached from outside, as a list. */}}
{{- define "rodopath.publicPaths" -}}
- {path: /webhooks/, match: Prefix, part: ingest}
- {path: /v1/receipts, match: Exact, part: lifecycle}
- {path: /consent/, match: Prefix, part: lifecycle}
{{- if dig "request_form" false (.Values.config | default dict) }}
- {path: /request, match: Exact, part: lifecycle}
- {path: /request/, match: Prefix, part: lifecycle}
{{- end }}
- {path: /todo, match: Exact, part: lifecycle}
{{- end }}

{{/* The configuration refers to the policy file beside the configuration, if the values contain a policy. */}}
{{- define "rodopath.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if .Values.policy }}{{ $_ := set $config "policy" "policy.yaml" }}{{ end }}
{{- toYaml $config }}
{{- end }}

{{/* A changed configuration replaces the pods, and so does a changed Secret that the services read at their start. The
     annotation has the versions of the Secrets and nothing of their contents, which could be guessed from a checksum.
     "helm template" sees no Secrets, and writes no annotation for them. */}}
{{- define "rodopath.annotations" -}}
checksum/config: {{ printf "%s\n%s" (include "rodopath.config" .root) .root.Values.policy | sha256sum }}
{{- $seen := list }}
{{- range include "rodopath.secrets" . | fromYamlArray }}
{{- with lookup "v1" "Secret" $.root.Release.Namespace . }}
{{- $seen = append $seen (printf "%s %s" .metadata.name .metadata.resourceVersion) }}
{{- end }}
{{- end }}
{{- with $seen }}
checksum/secrets: {{ join "\n" . | sha256sum }}
{{- end }}
{{- end }}

{{/* The names of the Secrets that a service reads, as a list. */}}
{{- define "rodopath.secrets" -}}
{{- $v := .root.Values }}
{{- $names := concat (list $v.nats.urlSecret .values.secretFiles) .values.secretEnv }}
{{- range include "rodopath.credentials" . | fromYamlArray }}
{{- $names = append $names .secret.name }}
{{- end }}
{{- without $names "" | uniq | sortAlpha | toJson }}
{{- end }}

{{/* The number of pods. Of a workload that an autoscaler scales, the chart keeps the number that runs: without the
     field the number would be 1 in the moment in which the autoscaler is switched on. "helm template" sees no cluster
     and leaves the field out. */}}
{{- define "rodopath.replicas" -}}
{{- if not .scaled -}}
replicas: {{ .values.replicas }}
{{- else }}
{{- with lookup "apps/v1" .kind .root.Release.Namespace (printf "%s-%s" (include "rodopath.name" .root) .part) -}}
replicas: {{ .spec.replicas }}
{{- end }}
{{- end }}
{{- end }}

{{/* How many seconds a pod has to become able to answer. */}}
{{- define "rodopath.startupSeconds" -}}
{{ .values.startupSeconds | default 120 }}
{{- end }}

{{/* After this time without progress a rollout counts as failed: as long as the start-up probe allows, and 480 seconds in
     which the pod is scheduled and the image is pulled. */}}
{{- define "rodopath.progressSeconds" -}}
{{ add (include "rodopath.startupSeconds" .) 480 }}
{{- end }}

{{/* The names of the Secrets that the services read. */}}
{{- define "rodopath.allSecrets" -}}
{{- $names := list }}
{{- range $part := list "ingest" "lifecycle" "dispatch" }}
{{- $names = concat $names (include "rodopath.secrets" (dict "root" $ "part" $part "values" (get $.Values $part)) | fromYamlArray) }}
{{- end }}
{{- $names | uniq | sortAlpha | toJson }}
{{- end }}

{{- define "rodopath.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "rodopath.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The service account of a pod, without any permission at the API of the cluster. */}}
{{- define "rodopath.account" -}}
serviceAccountName: {{ include "rodopath.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . | quote }}}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The common part of the pods of all three services. */}}
{{- define "rodopath.pod" -}}
{{ include "rodopath.account" .root }}
# Time for preStop, for open requests, and for the work that the loops have begun; for ingest also for its log.
terminationGracePeriodSeconds: {{ if eq .part "ingest" }}{{ add 25 .root.Values.ingest.intake.drainSeconds }}{{ else }}45{{ end }}
securityContext: {{- include "rodopath.podSecurity" . | nindent 2 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "rodopath.selector" . | nindent 8 }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "rodopath.selector" . | nindent 8 }}
{{ include "rodopath.volumes" . }}
{{- end }}

{{- define "rodopath.volumes" -}}
volumes:
  - name: config
    configMap: {name: {{ include "rodopath.name" .root }}}
  {{- with include "rodopath.credentials" . }}
  # Each service sees only the Secrets that the service uses.
  - name: credentials
    projected:
      defaultMode: 0440
      sources: {{- . | trim | nindent 8 }}
  {{- end }}
  {{- with .values.secretFiles }}
  - name: secrets
    secret: {secretName: {{ . | quote }}, defaultMode: 0440}
  {{- end }}
  {{- if eq .part "lifecycle" }}
  # The store of a dry run of an import while its preview is counted, under keys that the process alone has.
  - name: tmp
    emptyDir: {sizeLimit: 4Gi}
  {{- end }}
{{- end }}

{{- define "rodopath.credentials" -}}
{{- $v := .root.Values }}
{{- with $v.nats.credentialsSecret }}
- secret: {name: {{ . | quote }}, items: [{key: creds, path: nats.creds}]}
{{- end }}
{{- with $v.nats.certificateSecret }}
- secret: {name: {{ . | quote }}, items: [{key: tls.crt, path: nats.crt}, {key: tls.key, path: nats.key}]}
{{- end }}
{{- with $v.caSecret }}
- secret: {name: {{ . | quote }}, items: [{key: ca.crt, path: ca/ca.crt}]}
{{- end }}
{{- if or (ne .part "ingest") $v.ingest.import }}
{{- with $v.apiTokenSecret }}
- secret: {name: {{ . | quote }}, items: [{key: token, path: token}]}
{{- end }}
{{- end }}
{{- if eq .part "lifecycle" }}
- secret: {name: {{ $v.mongodb.uriSecret | quote }}, items: [{key: uri, path: mongodb-uri}]}
- secret: {name: {{ $v.keysSecret | quote }}, items: [{key: keys.json, path: keys.json}]}
{{- end }}
{{- end }}

{{- define "rodopath.container" -}}
image: {{ include "rodopath.image" . | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{- include "rodopath.containerSecurity" . | nindent 2 }}
resources: {{- toYaml .values.resources | nindent 2 }}
lifecycle:
  preStop:
    # The pod leaves the endpoints before the service stops listening.
    sleep: {seconds: 5}
# A service listens after it has connected to NATS and created the streams; lifecycle has
# also opened MongoDB and evaluated a new policy.
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: {{ div (include "rodopath.startupSeconds" .) 2 }}
# The process still answers. NATS and MongoDB do not count: a restart would not repair NATS or
# MongoDB.
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
# The service is ready, and its dependencies are available. ingest accepts webhooks also
# while NATS is unavailable, until the intake log is full.
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- with .values.secretEnv }}
envFrom:
  {{- range . }}
  - secretRef: {name: {{ . | quote }}}
  {{- end }}
{{- end }}
{{- end }}

{{- define "rodopath.env" -}}
{{- $v := .root.Values -}}
{{- if $v.nats.urlSecret -}}
- name: RODOPATH_NATS_URL
  valueFrom: {secretKeyRef: {name: {{ $v.nats.urlSecret | quote }}, key: url}}
{{- else -}}
- {name: RODOPATH_NATS_URL, value: {{ $v.nats.url | quote }}}
{{- end }}
- {name: RODOPATH_NATS_REPLICAS, value: {{ $v.nats.replicas | quote }}}
- {name: RODOPATH_NATS_PARTITIONS, value: {{ $v.nats.partitions | quote }}}
{{- if $v.nats.credentialsSecret }}
- {name: RODOPATH_NATS_CREDENTIALS, value: "file:/credentials/nats.creds"}
{{- end }}
{{- if $v.nats.certificateSecret }}
- {name: RODOPATH_NATS_CERTIFICATE, value: "file:/credentials/nats.crt"}
- {name: RODOPATH_NATS_CERTIFICATE_KEY, value: "file:/credentials/nats.key"}
{{- end }}
{{- with $v.nats.tags }}
- {name: RODOPATH_NATS_TAGS, value: {{ toJson . | quote }}}
{{- end }}
{{- if $v.caSecret }}
# Go reads this directory in addition to the file of public CAs in the image.
- {name: SSL_CERT_DIR, value: /credentials/ca}
{{- end }}
{{- if and $v.apiTokenSecret (or (ne .part "ingest") $v.ingest.import) }}
- {name: RODOPATH_API_TOKENS, value: '["file:/credentials/token"]'}
{{- end }}
{{- end }}

{{- define "rodopath.mounts" -}}
- {name: config, mountPath: /config, readOnly: true}
{{- if include "rodopath.credentials" . }}
- {name: credentials, mountPath: /credentials, readOnly: true}
{{- end }}
{{- if .values.secretFiles }}
- {name: secrets, mountPath: /secrets, readOnly: true}
{{- end }}
{{- if eq .part "lifecycle" }}
- {name: tmp, mountPath: /tmp}
{{- end }}
{{- end }}
