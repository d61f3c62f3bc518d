"""`purser plan --helmfile`: what the reader cannot follow is planned where the program is allowed."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Purser, write
from tests.cluster.tools import find, helmfile

PROGRAM, HELM = helmfile(), find("helm")

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.long,
    pytest.mark.skipif(PROGRAM is None or HELM is None, reason="there is no helmfile or no helm"),
]

HELMFILE = """
releases:
- name: web
  namespace: helmfile-program
  chart: ./chart
  values:
  - color: {{ regexReplaceAll "a+" "baanana" "o" }}
"""
FILES = {
    "helmfile.yaml.gotmpl": HELMFILE,
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
    "data: {color: {{ .Values.color | quote }}}\n",
}


async def test_the_program_is_used_only_where_it_is_allowed(purser: Purser, tmp_path: Path) -> None:
    write(tmp_path / "checkout", FILES)
    path = {"PATH": os.pathsep.join((str(Path(sys.executable).parent), str(Path(str(HELM)).parent)))}
    without = json.loads((await purser("plan", "checkout", "--output", "json", environment=path)).out)
    assert (without["complete"], [one["code"] for one in without["findings"]]) == (
        False,
        ["helmfile-unsupported"],
    )
    allowed = ("plan", "checkout", "--output", "json", "--helmfile", str(PROGRAM))
    ran = await purser(*allowed, environment=path)
    made = json.loads(ran.out)
    assert (ran.code, made["complete"]) == (2, True), made["findings"]
    assert [one["code"] for one in made["findings"]] == ["helmfile-program"]
    assert [one["kind"] for one in made["releases"][0]["objects"]][-1] == "ConfigMap"
    again = json.loads((await purser(*allowed, environment=path)).out)
    assert again["seal"] == made["seal"]
