{{- /* Rules of the planning identity: reads, and the verbs whose dry runs a plan makes. Never a wildcard. */ -}}
{{- define "purser.rules" -}}
{{- range $group, $resources := .kinds }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ toJson $resources }}
  verbs: [get, list, create, patch, delete]
{{- end }}
{{- end }}

{{- /* Trying a chart's roles and bindings is judged like making them. */ -}}
{{- define "purser.role-rules" -}}
- apiGroups: [rbac.authorization.k8s.io]
  resources: {{ toJson .roles }}
  verbs: [escalate, bind]
{{- end }}
