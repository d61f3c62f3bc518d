"""`python -m tests.bench`: measures, and prints tables in Markdown; `--only plans --releases 1` a part."""

import argparse
import asyncio
import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench.drift import measured as drift
from tests.bench.plans import Bench
from tests.bench.plans import measured as plans
from tests.bench.table import Row, markdown
from tests.bench.through import measured as through
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import missing

ON_A_SERVER: Mapping[str, Callable[[Bench, list[int]], Iterator[Row]]] = {
    "plans": plans, "through": through, "drift": drift,
}  # fmt: skip
"""In this order, since the last edits what is deployed."""
PARTS = ("door", "note", "requests", *ON_A_SERVER)


def main() -> None:
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description="Figures of this machine, from one run.")
    parser.add_argument("--only", help=f"parts, of {', '.join(PARTS)}", default=",".join(PARTS))
    parser.add_argument("--releases", help="sizes of the plans", default="1,10,100,500")
    chosen = parser.parse_args()
    parts = chosen.only.split(",")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory(prefix="purser-bench-") as folder:
        if "door" in parts:
            from tests.bench.door import door

            _show(asyncio.run(door(Path(folder) / "door")), "at once")
        if "note" in parts:
            from tests.bench.note import notes

            _show(asyncio.run(notes(Path(folder) / "note")), "releases")
        if "requests" in parts:
            from tests.bench.requests import requests

            _show(asyncio.run(requests(Path(folder) / "requests")), "releases")
        sizes = [int(size) for size in chosen.releases.split(",")]
        if measures := [measure for part, measure in ON_A_SERVER.items() if part in parts]:
            _on_a_server(Path(folder), sizes, measures)


def _on_a_server(
    folder: Path, sizes: list[int], measures: Sequence[Callable[[Bench, list[int]], Iterator[Row]]]
) -> None:
    """One API server, whose releases are deployed once."""
    if absent := missing():
        print(f"Not measured: {', '.join(absent)} not built; `make cluster` builds them.")
        return
    with ControlPlane.start(controllers=False, audit_log=folder / "audit.log") as plane:
        bench = Bench(plane, folder)
        for measure in measures:
            rows = []
            for row in measure(bench, sizes):
                figures = ", ".join(f"{name} {figure}" for name, figure in row.cells.items())
                print(f"  {row.count:4} {row.what}: {figures}", flush=True)
                rows.append(row)
            _show(rows, "releases")


def _show(rows: Iterable[Row], counted: str) -> None:
    print("\n" + markdown(rows, counted) + "\n", flush=True)


if __name__ == "__main__":
    main()
