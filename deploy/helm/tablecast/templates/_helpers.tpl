{{- define "tablecast.name" -}}
{{- if contains "tablecast" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-tablecast" (.Release.Name | trunc 42 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "tablecast.selector" -}}
app.kubernetes.io/name: tablecast
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tablecast.labels" -}}
{{ include "tablecast.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tablecast.serviceAccount" -}}
{{- default (include "tablecast.name" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "tablecast.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}
