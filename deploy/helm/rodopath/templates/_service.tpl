{{- define "rodopath.service" -}}
{{- $name := printf "%s-%s" (include "rodopath.name" .root) .part -}}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels: {{ include "rodopath.labels" . | nindent 4 }}
spec:
  selector: {{ include "rodopath.selector" . | nindent 4 }}
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
  labels: {{ include "rodopath.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{ include "rodopath.selector" . | nindent 6 }}
{{- end }}
{{- if and .root.Values.autoscaling.enabled (not (and (eq .part "lifecycle") .root.Values.keda.enabled)) }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels: {{ include "rodopath.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ eq .part "ingest" | ternary "StatefulSet" "Deployment" }}
    name: {{ $name }}
  minReplicas: {{ .values.replicas }}
  maxReplicas: {{ .root.Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .root.Values.autoscaling.cpuPercent }}}
{{- end }}
{{- if .root.Values.monitoring.serviceMonitor }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ $name }}
  labels: {{ merge (fromYaml (include "rodopath.labels" .)) .root.Values.monitoring.labels | toYaml | nindent 4 }}
spec:
  selector:
    matchLabels: {{ include "rodopath.selector" . | nindent 6 }}
  endpoints:
    - {port: {{ .metrics }}, path: /metrics, interval: 30s}
{{- end }}
{{- end }}
