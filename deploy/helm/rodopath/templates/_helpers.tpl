{{- define "rodopath.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "rodopath.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: rodopath
{{ include "rodopath.selector" . }}
{{- end }}

{{- define "rodopath.selector" -}}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "rodopath.image" -}}
{{ .root.Values.image.registry }}/{{ .part }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "rodopath.required" -}}
{{- $_ := required "nats.url is missing: where NATS with JetStream is" .Values.nats.url }}
{{- $_ := required "mongodb.uriSecret is missing: a Secret with the connection string under the key uri" .Values.mongodb.uriSecret }}
{{- $_ := required "keysSecret is missing: a Secret with the output of \"rodopath keys\" under the key keys.json" .Values.keysSecret }}
{{- $_ := required "apiTokenSecret is missing: a Secret with a token under the key token" .Values.apiTokenSecret }}
{{- $_ := required "config.sources is empty: list who sends webhooks" (first .Values.config.sources) }}
{{- end }}

{{/* What the pods of all three services have in common. */}}
{{- define "rodopath.pod" -}}
serviceAccountName: {{ include "rodopath.name" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 45
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "rodopath.selector" . | nindent 8 }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "rodopath.selector" . | nindent 8 }}
volumes:
  - name: config
    configMap: {name: {{ include "rodopath.name" .root }}}
  {{- with .root.Values.secretFiles }}
  - name: secrets
    secret: {secretName: {{ . }}, defaultMode: 0440}
  {{- end }}
  {{- with .root.Values.nats.credentialsSecret }}
  - name: nats
    secret: {secretName: {{ . }}, defaultMode: 0440}
  {{- end }}
  {{- with .root.Values.caSecret }}
  - name: ca
    secret: {secretName: {{ . }}, defaultMode: 0444}
  {{- end }}
{{- end }}

{{- define "rodopath.container" -}}
image: {{ include "rodopath.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  privileged: false
  capabilities: {drop: [ALL]}
resources: {{ toYaml .values.resources | nindent 2 }}
# The service is taken out of the endpoints before it stops to listen.
lifecycle:
  preStop:
    sleep: {seconds: 5}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 10
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 5
  failureThreshold: 2
{{- if .root.Values.secretEnv }}
envFrom:
  {{- range .root.Values.secretEnv }}
  - secretRef: {name: {{ . }}}
  {{- end }}
{{- end }}
{{- end }}

{{- define "rodopath.env" -}}
- {name: RODOPATH_NATS_URL, value: {{ .Values.nats.url | quote }}}
- {name: RODOPATH_NATS_REPLICAS, value: {{ .Values.nats.replicas | quote }}}
{{- if .Values.nats.credentialsSecret }}
- {name: RODOPATH_NATS_CREDENTIALS, value: "file:/nats/creds"}
{{- end }}
{{- if .Values.caSecret }}
- {name: SSL_CERT_DIR, value: /ca}
{{- end }}
{{- end }}

{{- define "rodopath.mounts" -}}
- {name: config, mountPath: /config, readOnly: true}
{{- if .Values.secretFiles }}
- {name: secrets, mountPath: /secrets, readOnly: true}
{{- end }}
{{- if .Values.nats.credentialsSecret }}
- {name: nats, mountPath: /nats, readOnly: true}
{{- end }}
{{- if .Values.caSecret }}
- {name: ca, mountPath: /ca, readOnly: true}
{{- end }}
{{- end }}

{{/* The owner's interface and what reads it need the token. */}}
{{- define "rodopath.token" -}}
- name: RODOPATH_OWNER_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .Values.apiTokenSecret }}, key: token}}
- {name: RODOPATH_API_TOKENS, value: '["env:RODOPATH_OWNER_TOKEN"]'}
{{- end }}
