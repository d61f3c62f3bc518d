"""The small project that the stories are about: one chart of our own, in the layout `releases`."""

from collections.abc import Mapping
from pathlib import Path

import yaml

CI_TEMPLATE = Path(__file__).parents[2] / "config" / "ci" / "purser-apply.gitlab-ci.yml"
VALUES = "values/web.yaml"
RELEASES = "releases.yaml"
_CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: a page and its settings\n"
_TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  color: {{ .Values.color | quote }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-login
stringData:
  password: {{ .Values.password | quote }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:{{ .Values.tag | default "1.0.0" }}
{{- with .Values.refused }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $.Release.Name }}
spec: {type: {{ . }}, ports: [{port: 80}]}
{{- end }}
"""
CI_WITHOUT_INPUTS = CI_TEMPLATE.with_name("purser-apply-variables.gitlab-ci.yml").read_text(encoding="utf-8")


def releases(namespace: str, *names: str) -> str:
    """`releases.yaml` with these releases of the chart, in one namespace."""
    entries = [
        {"name": name, "namespace": namespace, "chart": "./charts/web", "values": [f"values/{name}.yaml"],
         "createNamespace": True}
        for name in names or ("web",)
    ]  # fmt: skip
    return yaml.safe_dump({"version": 1, "releases": entries}, sort_keys=False)


def values(
    color: str = "blue", replicas: int = 0, password: str = "not-a-real-password-1", **more: str
) -> str:
    """The values of one release."""
    return yaml.safe_dump({"color": color, "replicas": replicas, "password": password, **more})


def project_files(namespace: str, ci: str | None = None) -> Mapping[str, str]:
    """A whole project: one release `web` that no cluster has yet."""
    return {
        ".gitlab-ci.yml": CI_TEMPLATE.read_text(encoding="utf-8") if ci is None else ci,
        RELEASES: releases(namespace),
        VALUES: values(),
        "charts/web/Chart.yaml": _CHART,
        "charts/web/values.yaml": "refused: ''\n",
        "charts/web/templates/all.yaml": _TEMPLATE,
    }
