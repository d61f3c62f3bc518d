"""Charts for the benchmark, of our own making and always the same: small, medium, large and huge."""

from collections.abc import Iterator, Mapping
from pathlib import Path

SIZES = ("small", "small", "medium", "small", "small", "large", "medium", "small", "huge", "small")
"""The charts of ten releases: about 5, 20, 40 and 120 objects, the last of 600 KB."""

_HELPERS = """\
{{- define "app.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
team: {{ .Values.team | quote }}
{{- end -}}
"""
_CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-PART
  labels: {{- include "app.labels" . | nindent 4 }}
data:
  settings.yaml: |
{{- range $i := until LINES }}
    key_{{ $i }}: {{ printf "value %d of PART in a line of settings" $i | quote }}
{{- end }}
  level: {{ .Values.level | quote }}
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-PART
  labels: {{- include "app.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}-PART}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}-PART}
    spec:
      serviceAccountName: {{ .Release.Name }}
      containers:
        - name: app
          image: "registry.example.com/{{ .Chart.Name }}:{{ .Values.tag }}"
          args: ["--level", {{ .Values.level | quote }}]
          ports: [{name: http, containerPort: 8080}]
          env:
{{- range $i := until 12 }}
            - name: SETTING_{{ $i }}
              value: {{ printf "%s-%d" $.Values.team $i | quote }}
{{- end }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-PART
  labels: {{- include "app.labels" . | nindent 4 }}
spec:
  selector: {app: {{ .Release.Name }}-PART}
  ports: [{name: http, port: 80, targetPort: http}]
"""
_ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Release.Name }}
  labels: {{- include "app.labels" . | nindent 4 }}
"""
_SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-PART
  labels: {{- include "app.labels" . | nindent 4 }}
stringData:
  password: {{ .Values.password | quote }}
"""
_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .Release.Name }}-PART
  labels: {{- include "app.labels" . | nindent 4 }}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}
"""
_SHAPES: Mapping[str, tuple[int, int]] = {
    "small": (1, 10),
    "medium": (4, 12),
    "large": (8, 16),
    "huge": (24, 360),
}
"""Parts of a chart (five objects each, but for the account), and the lines of settings in each."""


def write_charts(folder: Path) -> None:
    """`folder`/small, /medium, /large and /huge."""
    for name, (parts, lines) in _SHAPES.items():
        for path, text in _files(name, parts, lines):
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _files(name: str, parts: int, lines: int) -> Iterator[tuple[str, str]]:
    yield "Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: 1.4.2\nappVersion: 2.0.0\n"
    yield (
        "values.yaml",
        'team: none\nlevel: info\nreplicas: 0\ntag: 1.0.0\npassword: ""\nresources: {}\n',
    )
    yield "templates/_helpers.tpl", _HELPERS
    yield "templates/account.yaml", _ACCOUNT
    for part in range(parts):
        for kind, template in _templates(part):
            text = template.replace("PART", f"part{part}").replace("LINES", str(lines))
            yield f"templates/{kind}-{part}.yaml", text


def _templates(part: int) -> Iterator[tuple[str, str]]:
    yield "config", _CONFIG
    yield "deployment", _DEPLOYMENT
    yield "service", _SERVICE
    yield "secret", _SECRET
    if part:
        yield "role", _ROLE
