"""Installs a job's chart with Helm's library, for many jobs: `python -m tests.e2e.fault_helm KUBECONFIG`.

A job that starts `purser apply` costs seconds, and hundreds of them are not what the matrix of faults is
about: its jobs ask this process, which lives on. It prints its port; POST / takes `folder` and `namespace`,
and answers 500 where Helm refuses. Its argv[0] has to be `helm`, of which Helm takes its field manager.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml
from helm_python import Chart, Config, HelmError, _native

from tests.e2e.bot_process import REPOSITORY

CI = """\
spec:
  inputs:
    PURSER_TARGET: {{default: ""}}
    PURSER_SEAL: {{default: ""}}
    PURSER_MERGE_REQUEST: {{default: ""}}
---
"purser-apply $[[ inputs.PURSER_TARGET ]] $[[ inputs.PURSER_SEAL ]]":
  rules:
    - if: '"$[[ inputs.PURSER_SEAL ]]" != ""'
  script:
    - curl --fail --silent --show-error -X POST "{url}/?namespace={namespace}&folder=$PWD"
"""
"""A CI file whose job asks for its installation at `url`."""


class Answer(BaseHTTPRequestHandler):
    """One installation."""

    def do_POST(self) -> None:
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        try:
            install(Path(wanted["folder"]), wanted["namespace"])
            status, words = 200, "installed\n"
        except HelmError as error:
            status, words = 500, f"{error}\n"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, format: str, *args: object) -> None:
        """The job's log has it."""


def install(folder: Path, namespace: str) -> None:
    """The release `web` of the small project."""
    values = yaml.safe_load((folder / "values/web.yaml").read_text(encoding="utf-8"))
    options = {
        "namespace": namespace, "create_namespace": True, "timeout_seconds": 60, "wait": "hookOnly"
    }  # fmt: skip
    with (
        Chart.load(str(folder / "charts/web")) as chart,
        Config(kubeconfig_path=sys.argv[1], namespace=namespace) as config,
    ):
        _native.call_string(
            "helm_install",
            *(config._raw(), _native.HANDLE(0), chart._raw(), None),
            *("web", json.dumps(values), json.dumps(options)),
        )


@asynccontextmanager
async def installer(kubeconfig: Path) -> AsyncIterator[str]:
    """The process, for as long as the context lasts; its address."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("helm")), "-m", "tests.e2e.fault_helm", str(kubeconfig),
        executable=sys.executable, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


def main() -> None:
    """Serves until it is killed."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
