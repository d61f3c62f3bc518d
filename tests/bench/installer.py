"""Installs releases by Helm's library, several at once: `python -m tests.bench.installer KUBECONFIG`.

Reads one order a line: {"name", "namespace", "chart", "values"}.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from helm_python import Chart, Config, _native

AT_ONCE = 4


def main() -> None:
    """Ends with a traceback at the first release that fails."""
    orders = [json.loads(line) for line in sys.stdin if line.strip()]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(_install, orders))


def _install(order: dict[str, Any]) -> None:
    options = {"namespace": order["namespace"], "timeout_seconds": 300, "wait": "hookOnly"}
    with (
        Chart.load(order["chart"]) as chart,
        Config(kubeconfig_path=sys.argv[1], namespace=order["namespace"]) as config,
    ):
        _native.call_string(
            "helm_install",
            *(config._raw(), _native.HANDLE(0), chart._raw(), None),
            *(order["name"], json.dumps(order["values"]), json.dumps(options)),
        )


if __name__ == "__main__":
    main()
