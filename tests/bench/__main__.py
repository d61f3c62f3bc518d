"""`python -m tests.bench`: measures, and prints tables in Markdown; `--only plans --releases 1` a part."""

import argparse
import asyncio
import logging
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path

import structlog

from tests.bench.door import door
from tests.bench.drift import measured as drift
from tests.bench.note import notes
from tests.bench.plans import Bench
from tests.bench.plans import measured as plans
from tests.bench.requests import requests
from tests.bench.table import Row, markdown
from tests.bench.through import measured as through
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import missing

ON_A_SERVER: Mapping[str, Callable[[Bench, list[int]], Iterator[Row]]] = {
    "plans": plans, "through": through, "drift": drift,
}  # fmt: skip
"""In this order, since the last edits what is deployed."""
ALONE: Mapping[str, tuple[Callable[[Path], Coroutine[None, None, list[Row]]], str]] = {
    "door": (door, "at once"), "note": (notes, "releases"), "requests": (requests, "releases"),
}  # fmt: skip
PARTS = (*ALONE, *ON_A_SERVER)


def main() -> int:
    """Runs the parts that were asked for. Exit code 0: all of them could be measured."""
    parser = argparse.ArgumentParser(description="Figures of this machine, from one run.")
    parser.add_argument("--only", help=f"parts, of {', '.join(PARTS)}", default=",".join(PARTS))
    parser.add_argument("--releases", help="sizes of the plans", default="1,10,100,500")
    chosen = parser.parse_args()
    parts = chosen.only.split(",")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    good = True
    with tempfile.TemporaryDirectory(prefix="purser-bench-") as folder:
        for part, (measure, counted) in ALONE.items():
            if part in parts:
                good &= _told(part, lambda: asyncio.run(measure(Path(folder) / part)), counted)  # noqa: B023
        sizes = [int(size) for size in chosen.releases.split(",")]
        if measures := {part: measure for part, measure in ON_A_SERVER.items() if part in parts}:
            good &= _on_a_server(Path(folder), sizes, measures)
    return 0 if good else 1


def _on_a_server(
    folder: Path, sizes: list[int], measures: Mapping[str, Callable[[Bench, list[int]], Iterator[Row]]]
) -> bool:
    """One API server, whose releases are deployed once."""
    if absent := missing():
        print(f"Not measured: {', '.join(absent)} not built; `make cluster` builds them.")
        return True
    good = True
    with ControlPlane.start(controllers=False, audit_log=folder / "audit.log") as plane:
        bench = Bench(plane, folder)
        for part, measure in measures.items():
            good &= _told(part, lambda: _said(measure(bench, sizes)), "releases")  # noqa: B023 - called here
    return good


def _said(rows: Iterator[Row]) -> Iterator[Row]:
    """Each as it comes: a part may take minutes."""
    for row in rows:
        figures = ", ".join(f"{name} {figure}" for name, figure in row.cells.items())
        print(f"  {row.count:4} {row.what}: {figures}", flush=True)
        yield row


def _told(part: str, measure: Callable[[], Iterable[Row]], counted: str) -> bool:
    """Whether it could be measured. What could not is said, and what was found before it is shown."""
    began, rows, good = time.monotonic(), [], True
    try:
        for row in measure():
            rows.append(row)
    except Exception:  # noqa: BLE001 - the other parts are measured all the same
        print(f"{part} could not be measured:\n{traceback.format_exc()}", flush=True)
        good = False
    _show(rows, counted)
    print(f"({part}: {time.monotonic() - began:.0f} s)\n", flush=True)
    return good


def _show(rows: Iterable[Row], counted: str) -> None:
    print("\n" + markdown(rows, counted) + "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
