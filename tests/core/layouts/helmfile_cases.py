# ruff: noqa: E501 (files of a checkout, a line each)
"""Helmfiles, and what helmfile 1.7 hands to Helm for them: the values of each release.

Each case was run through the helmfile program once; what is written here is what it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CHART = "charts/app/Chart.yaml"
CHART_TEXT = "apiVersion: v2\nname: app\nversion: 1.0.0\n"


@dataclass(frozen=True)
class Case:
    """Files, the target's variables, and the values of each release that is wanted (None: to be gone)."""

    name: str
    files: Mapping[str, str]
    wanted: Mapping[str, Mapping[str, Any] | None]
    variables: Mapping[str, str] = field(default_factory=dict)


def release(name: str = "app", **more: str) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in more.items())
    return f"- name: {name}\n  namespace: web\n  chart: ./charts/app\n{lines}"


CASES = [
    Case(
        "later values go over earlier ones and a null is kept for Helm",
        {
            "helmfile.yaml": "releases:\n" + release(values="[a.yaml, {b: {d: 2}, gone: null}, c.yaml]"),
            "a.yaml": "a: 1\nb: {c: 1, d: 1}\nlist: [1, 2]\ngone: 1\n",
            "c.yaml": "list: [3]\n",
        },
        {"web/app": {"a": 1, "b": {"c": 1, "d": 2}, "list": [3], "gone": None}},
    ),
    Case(
        "yes is a text in a helmfile and a boolean in a values file",
        {
            "helmfile.yaml": "releases:\n" + release(installed="yes", values="[a.yaml, {inline: yes, y: n}]"),
            "a.yaml": "file: yes\n",
        },
        {"web/app": {"file": True, "inline": "yes", "y": "n"}},
    ),
    Case(
        "a values file that is a template sees the release and the environment",
        {
            "helmfile.yaml": "releases:\n" + release(values="[v/values.yaml.gotmpl]"),
            "v/values.yaml.gotmpl": "me: {{ .Release.Namespace }}/{{ .Release.Name }}\n"
            "env: {{ .Environment.Name | quote }}\n"
            'other: {{ readFile "other.txt" | trim }}\nchart: {{ .Release.Chart }}\n',
            "v/other.txt": "beside\n",
        },
        {"web/app": {"me": "web/app", "env": "default", "other": "beside", "chart": "./charts/app"}},
    ),
    Case(
        "environments choose values, the later file over the earlier, inline too",
        {
            "helmfile.yaml.gotmpl": "values:\n- {a: 0, e: 5}\nenvironments:\n  default: {values: [d.yaml]}\n"
            "  prod:\n    values: [one.yaml, {b: 2}, two.yaml.gotmpl]\n---\nreleases:\n"
            + release(values="[{all: {{ .Values | toJson }}, name: {{ .Environment.Name }}}]"),
            "d.yaml": "a: 9\n",
            "one.yaml": "a: 1\nb: 1\nl: [1, 2]\noff: true\n",
            "two.yaml.gotmpl": "c: {{ .Environment.Name }}\nl: [3]\noff: false\n",
        },
        {"web/app": {"all": {"a": 1, "b": 2, "c": "prod", "e": 5, "l": [3], "off": False}, "name": "prod"}},
        {"HELMFILE_ENVIRONMENT": "prod"},
    ),
    Case(
        "nested helmfiles get what is passed on and read files beside themselves",
        {
            "helmfile.yaml.gotmpl": "environments:\n  default: {values: [{x: 1}]}\n---\n"
            "helmfiles:\n- path: apps/*/helmfile.yaml.gotmpl\n  values: [{y: 2}, passed.yaml]\n"
            "releases:\n" + release("last", needs="[app]") + release(),
            "passed.yaml": "z: [3]\n",
            "apps/one/helmfile.yaml.gotmpl": "releases:\n- name: one\n  namespace: a\n"
            "  chart: ../../charts/app\n  values: [v.yaml, {seen: {{ .Values | toJson }}}]\n",
            "apps/one/v.yaml": "own: true\n",
            "apps/two/helmfile.yaml.gotmpl": "environments: {default: {values: [{y: 9}]}}\n---\nreleases:\n"
            "- name: two\n  namespace: a\n  chart: ../../charts/app\n  values: [{y: {{ .Values.y }}}]\n",
        },
        {
            "a/one": {"own": True, "seen": {"y": 2, "z": [3]}},
            "a/two": {"y": 2},
            "web/last": {},
            "web/app": {},
        },
    ),
    Case(
        "bases come first and their lists are added to",
        {
            "helmfile.yaml": "bases: [base.yaml, sub/env.yaml.gotmpl]\nreleases:\n" + release(),
            "base.yaml": "helmDefaults: {wait: true, timeout: 60}\nreleases:\n" + release("based"),
            "sub/env.yaml.gotmpl": "releases:\n" + release("tmpl", values="[{e: {{ .Environment.Name }}}, top.yaml]"),
            "top.yaml": "top: true\n",
        },
        {"web/based": {}, "web/tmpl": {"e": "default", "top": True}, "web/app": {}},
    ),
    Case(
        "a later part replaces lists and keeps the rest",
        {
            "helmfile.yaml": "helmDefaults: {timeout: 60}\nreleases:\n" + release("first") + "---\nreleases:\n" + release(),
        },
        {"web/app": {}},
    ),
    Case(
        "YAML anchors and release templates",
        {
            "helmfile.yaml": "templates:\n  common: &common\n    namespace: web\n    chart: ./charts/app\n"
            "    values: [common.yaml, \"{{ .Release.Name }}.yaml\"]\n    missingFileHandler: Warn\nreleases:\n"
            "- {name: one, <<: *common}\n- name: two\n  <<: *common\n  values: [{own: 1}]\n"
            "- name: three\n  inherit: [{template: common}]\n  values: [{own: 3}]\n",
            "common.yaml": "c: 1\n",
            "one.yaml": "one: 1\n",
        },
        {"web/one": {"c": 1, "one": 1}, "web/two": {"own": 1}, "web/three": {"c": 1, "own": 3}},
    ),
    Case(
        "installed, conditions and what templates decide",
        {
            "helmfile.yaml": "environments: {default: {values: [{on: {enabled: true}, off: {enabled: false}}]}}\n---\n"
            "releases:\n" + release("on", condition="on.enabled") + release("off", condition="off.enabled")
            + release("gone", installed="false")
            + release("asked", installedTemplate="'{{ .Values.off.enabled }}'")
            + release("tmpl", valuesTemplate="[{n: '{{ .Release.Name }}'}]", values="[{v: '{{ .Release.Name }}'}]"),
        },
        {"web/on": {}, "web/gone": None, "web/asked": None,
         "web/tmpl": {"n": "tmpl", "v": "{{ .Release.Name }}"}},
    ),
    Case(
        "nested helmfiles with selectors",
        {
            "helmfile.yaml": "helmfiles:\n- path: sub/helmfile.yaml\n  selectors: [name=one, tier!=front]\n",
            "sub/helmfile.yaml": "commonLabels: {team: a}\nreleases:\n"
            + "".join(
                f"- {{name: {name}, namespace: web, chart: ../charts/app, labels: {{tier: {tier}}}}}\n"
                for name, tier in (("one", "front"), ("two", "front"), ("three", "back"))
            ),
        },
        {"web/one": {}, "web/three": {}},
    ),
    Case(
        "a directory of helmfiles",
        {"helmfile.d/20-b.yaml": "releases:\n- {name: b, namespace: web, chart: ../charts/app}\n",
         "helmfile.d/10-a.yaml.gotmpl": "releases:\n- {name: a, namespace: web, chart: ../charts/app}\n"},
        {"web/a": {}, "web/b": {}},
    ),
]  # fmt: skip
"""Cases whose values can be compared one by one."""

SETS = """releases:
- name: app
  namespace: web
  chart: ./charts/app
  values: [{list: [{a: 1}, {a: 2}], keep: 1}]
  set:
  - {name: a.b, value: 1.10}
  - {name: number, value: 12}
  - {name: flag, value: true}
  - {name: nothing, value: "null"}
  - {name: 'list[1].a', value: x}
  - {name: many, values: [1, two, true]}
  - {name: 'dotted\\.key', value: "a,b{c}"}
  - {name: text, file: text.txt}
  - {name: zero, value: "007"}
  setString:
  - {name: number2, value: 12}
"""
