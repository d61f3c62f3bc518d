"""Renders every release once and does nothing else: `python -m tests.bench.renders CHECKOUT COUNT`."""

import json
import sys
import time
from pathlib import Path

from helm_python import Chart, _native

from tests.bench.estate import apps


def main() -> None:
    """Prints {"seconds": wall}, without the start of the process."""
    checkout, count = Path(sys.argv[1]), int(sys.argv[2])
    began = time.perf_counter()
    for app in apps(count):
        options = {"name": app.name, "namespace": app.namespace, "is_upgrade": True, "revision": 2}
        with Chart.load(str(checkout / "charts" / app.chart)) as chart:
            _native.call_string(
                "helm_render", chart._raw(), json.dumps(app.values(after=True)), json.dumps(options)
            )
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
