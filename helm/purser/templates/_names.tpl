{{- define "purser.name" -}}
{{- .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-purser" .Release.Name) (contains "purser" .Release.Name)) | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "purser.selector" -}}
app.kubernetes.io/name: purser
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "purser.labels" -}}
{{ include "purser.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "purser.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* What the chart decides wins over what the values say. */ -}}
{{- define "purser.config" -}}
{{- $set := dict "listen" "0.0.0.0:8080" "data_dir" "/var/lib/purser" "metrics" (dict "listen" "0.0.0.0:9090") -}}
{{- if .Values.database.existingSecret -}}
{{- $_ := set $set "database" (dict "url" (dict "env" "PURSER_DATABASE_URL")) -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $set) -}}
{{- end }}

{{- define "purser.checked" -}}
{{- if not .Values.secrets.existingSecret -}}
{{- fail "secrets.existingSecret is empty: make a Secret with the keys gitlab-token and webhook-token, and name it there" -}}
{{- end -}}
{{- if not .Values.config.projects -}}
{{- fail "config.projects is empty: name one project at least (path and targets)" -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.database.existingSecret) -}}
{{- fail "replicas is more than 1, which SQLite cannot serve: name a Secret with PostgreSQL's address in database.existingSecret" -}}
{{- end -}}
{{- if and (not .Values.persistence.enabled) (not .Values.database.existingSecret) -}}
{{- fail "persistence.enabled is false and there is no database.existingSecret: the trail would be lost with the pod" -}}
{{- end -}}
{{- end }}
