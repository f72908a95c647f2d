{{/* The objects beside the pods of a service: Service, PodDisruptionBudget,
     HorizontalPodAutoscaler and ServiceMonitor. "metrics" is the port of the metrics, "kind"
     the kind of the workload, "scaled" whether the number of pods follows the CPU. */}}
{{- define "rodopath.service" -}}
{{- $name := printf "%s-%s" (include "rodopath.name" .root) .part -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels: {{- include "rodopath.labels" . | nindent 4 }}
spec:
  selector: {{- include "rodopath.selector" . | nindent 4 }}
  ports:
    - {name: http, port: 80, targetPort: http}
    {{- if eq .metrics "metrics" }}
    - {name: metrics, port: 9090, targetPort: metrics}
    {{- end }}
{{- if .root.Values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels: {{- include "rodopath.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # A pod that is not ready does not block the drain of a node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "rodopath.selector" . | nindent 6 }}
{{- end }}
{{- if .scaled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels: {{- include "rodopath.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ .kind }}
    name: {{ $name }}
  minReplicas: {{ .values.replicas }}
  maxReplicas: {{ .root.Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .root.Values.autoscaling.cpuPercent }}}
  {{- if eq .kind "StatefulSet" }}
  behavior:
    # Webhooks in the volume of a removed pod would wait until the pod exists again.
    scaleDown: {selectPolicy: Disabled}
  {{- end }}
{{- end }}
{{- if .root.Values.monitoring.serviceMonitor }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ $name }}
  labels: {{- merge (fromYaml (include "rodopath.labels" .)) .root.Values.monitoring.labels | toYaml | nindent 4 }}
spec:
  selector:
    matchLabels: {{- include "rodopath.selector" . | nindent 6 }}
  endpoints:
    - {port: {{ .metrics }}, path: /metrics, interval: 30s}
{{- end }}
{{- end }}
