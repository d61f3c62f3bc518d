"""What `lookup` tells a plan, on a real API server, held against what Helm then does."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.lookup_bench import LookupBench, bench

PASSWORD = """\
{{- $old := lookup "v1" "Secret" .Release.Namespace "login" }}
apiVersion: v1
kind: Secret
metadata: {name: login}
data:
{{- if $old }}
  password: {{ $old.data.password }}
{{- else }}
  password: {{ randAlphaNum 20 | b64enc }}
{{- end }}
"""
AUTHORITY = """\
{{- $crt := "" }}{{- $key := "" }}{{- $ca := dict }}
{{- with lookup "v1" "Secret" .Release.Namespace "authority" }}
{{- $crt = index .data "ca.crt" }}{{- $key = index .data "ca.key" }}
{{- $ca = buildCustomCert $crt $key }}
{{- else }}
{{- $ca = genCA "test" 3650 }}
{{- end }}
apiVersion: v1
kind: Secret
metadata: {name: authority}
data:
  ca.crt: {{ $ca.Cert | b64enc }}
  ca.key: {{ $ca.Key | b64enc }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: trust}
data:
  color: {{ .Values.color | default "blue" }}
  ca.crt: |
    {{- $ca.Cert | nindent 4 }}
"""


def colored(color: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: color}}\ndata: {{color: {color}}}\n"


@pytest.fixture
async def lookups(
    control_plane: ControlPlane, kubeconfig: Path, helm: Path, namespace: str, tmp_path: Path
) -> AsyncIterator[LookupBench]:
    async with bench(control_plane.api, kubeconfig, helm, namespace, tmp_path) as made:
        yield made


def secret(bench: LookupBench, name: str) -> dict[str, Any]:
    found: dict[str, Any] = bench.api.call("GET", f"/api/v1/namespaces/{bench.namespace}/secrets/{name}")
    return found


async def test_an_unchanged_release_that_keeps_its_password_is_none(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": PASSWORD})
    shown = await lookups.plan({"a.yaml": PASSWORD})
    assert (shown.release.action, shown.codes) == ("none", set())


async def test_only_what_changes_beside_a_kept_password_is_planned(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": PASSWORD, "b.yaml": colored("blue")})
    before = secret(lookups, "login")["data"]
    shown = await lookups.plan({"a.yaml": PASSWORD, "b.yaml": colored("red")})
    changed = {one.ref.name: one.action for one in shown.release.objects if one.action != "unchanged"}
    assert changed == {"color": "update"}
    assert shown.plan.seal
    lookups.deploy({"a.yaml": PASSWORD, "b.yaml": colored("red")})
    assert secret(lookups, "login")["data"] == before


async def test_a_kept_authority_is_kept_in_the_plan_and_unmade_by_nothing(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": AUTHORITY})
    assert (await lookups.plan({"a.yaml": AUTHORITY})).release.action == "none"
    lookups.values = {"color": "red"}
    shown = await lookups.plan({"a.yaml": AUTHORITY})
    changed = {one.ref.name: one.changes for one in shown.release.objects if one.action != "unchanged"}
    assert {name: [one.path for one in found] for name, found in changed.items()} == {
        "trust": ["/data/color"]
    }
    key = base64.b64decode(secret(lookups, "authority")["data"]["ca.key"]).decode().splitlines()[1]
    assert key not in shown.text


async def test_a_first_install_plans_a_new_password_and_warns_of_nothing(lookups: LookupBench) -> None:
    shown = await lookups.plan({"a.yaml": PASSWORD})
    assert shown.release.action == "install"
    assert "lookup-refused" not in shown.codes


async def test_a_password_that_an_uninstalled_release_left_behind_is_found_again(
    lookups: LookupBench,
) -> None:
    keep = PASSWORD.replace("{name: login}", "{name: login, annotations: {helm.sh/resource-policy: keep}}")
    lookups.deploy({"a.yaml": keep})
    before = secret(lookups, "login")["data"]
    lookups.uninstall()
    shown = await lookups.plan({"a.yaml": keep})
    assert {one.ref.name: one.action for one in shown.release.objects} == {"login": "unchanged"}
    lookups.deploy({"a.yaml": keep})
    assert secret(lookups, "login")["data"] == before
