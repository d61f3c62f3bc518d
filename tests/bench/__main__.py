"""`python -m tests.bench`: measures, and prints tables in Markdown; `--only plans --releases 1` a part."""

import argparse
import asyncio
import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.bench.drift import measured as drift
from tests.bench.plans import Bench, measured
from tests.bench.table import Row, markdown
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import missing

PARTS = ("door", "note", "requests", "plans", "drift")


def main() -> None:
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description="Figures of this machine, from one run.")
    parser.add_argument("--only", help=f"parts, of {', '.join(PARTS)}", default=",".join(PARTS))
    parser.add_argument("--releases", help="sizes of the plans", default="1,10,100,500")
    chosen = parser.parse_args()
    parts = chosen.only.split(",")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory(prefix="purser-bench-") as folder:
        (Path(folder) / "note").mkdir()
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
        for part, measure in (("plans", measured), ("drift", drift)):
            if part in parts:
                (Path(folder) / part).mkdir()
                _on_a_server(Path(folder) / part, sizes, measure)


def _on_a_server(
    folder: Path, sizes: list[int], measure: Callable[[Bench, list[int]], Iterator[Row]]
) -> None:
    if absent := missing():
        print(f"Not measured: {', '.join(absent)} not built; `make cluster` builds them.")
        return
    with ControlPlane.start(controllers=False, audit_log=folder / "audit.log") as plane:
        rows = []
        for row in measure(Bench(plane, folder), sizes):
            print(
                f"  {row.count:4} {row.what}: {', '.join(f'{k} {v}' for k, v in row.cells.items())}",
                flush=True,
            )
            rows.append(row)
    _show(rows, "releases")


def _show(rows: Iterable[Row], counted: str) -> None:
    print("\n" + markdown(rows, counted) + "\n", flush=True)


if __name__ == "__main__":
    main()
