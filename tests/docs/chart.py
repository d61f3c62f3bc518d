"""The README of the Helm chart, from its values: `python -m tests.docs.chart` writes it."""

import re
from collections.abc import Iterator
from pathlib import Path

CHART = Path(__file__).parents[2] / "helm" / "purser"
FILE = CHART / "README.md"
WHOLE = ("config", "resources")
"""Values that are one thing to a reader, however deep they are."""

_KEY = re.compile(r"^( *)([A-Za-z]+):(?: (.*))?$")
_HEAD = """\
# The chart purser
<!-- Written by `python -m tests.docs.chart` from values.yaml. -->
Installs Purser into a namespace of its own. The way there: [quickstart](../../docs/quickstart.md).
Values are checked against `values.schema.json` before anything is made.

| what it makes | |
|---|---|
| Deployment | one process; several with PostgreSQL. Not root, nothing writable, restricted pod security |
| ServiceAccount `…-plan` | reads, and tries (dry runs); an admission policy refuses each real write |
| ServiceAccount `…-deploy` | only with `rbac.deploy.create`, for targets that the bot itself deploys to |
| PersistentVolumeClaim | SQLite and caches. It stays when the chart is uninstalled: the trail is in it |
| ConfigMap | the configuration; a change restarts the pod |
| Services, NetworkPolicy | hooks and metrics apart |
| on demand | Ingress, ServiceMonitor, PrometheusRule, dashboard, PodDisruptionBudget |

Secrets are never values: `secrets.existingSecret` names one that exists.

## Values
| value | default | |
|---|---|---|
"""


def page(values: str) -> str:
    """The whole page, of the text of a values.yaml."""
    return (
        _HEAD + "\n".join(f"| `{path}` | {default} | {said} |" for path, default, said in rows(values)) + "\n"
    )


def rows(values: str) -> Iterator[tuple[str, str, str]]:
    """(path, default, description) of each value. A comment `# --` describes the next key."""
    above: list[str] = []
    said = ""
    for line in values.splitlines():
        if line.strip().startswith("#"):
            said = _comment(said, line.strip())
        elif (key := _KEY.match(line)) and not _inside_whole(above, indent := len(key[1]) // 2):
            above = [*above[:indent], key[2]]
            path = ".".join(above)
            if key[3] or path in WHOLE:
                default = f"`{key[3]}`" if key[3] and path not in WHOLE else "see values.yaml"
                yield path, default.replace("|", "\\|"), said
            elif said:
                yield path, "", said
            said = ""


def _comment(so_far: str, line: str) -> str:
    return (
        line[4:].strip()
        if line.startswith("# --")
        else f"{so_far} {line[1:].strip()}".strip()
        if so_far
        else ""
    )


def _inside_whole(above: list[str], indent: int) -> bool:
    return indent > 0 and ".".join(above[:indent]) in WHOLE


if __name__ == "__main__":
    FILE.write_text(page((CHART / "values.yaml").read_text(encoding="utf-8")), encoding="utf-8")
