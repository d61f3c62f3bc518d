"""`python -m tests.soak --minutes 30`: work for that long; tables; exit code 1 where something grew."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

import structlog

from tests.bench.table import markdown
from tests.soak.day import MERGE_REQUESTS, TIMES, gap
from tests.soak.run import Soaked, soak
from tests.soak.watch import PER_MERGE_REQUEST, Sample, grown, table


def main() -> int:
    """Exit code 0: all work came to its end, and nothing grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--times", type=float, default=TIMES, help="how many companies")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder that is kept, with the service's log")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(
        f"{given.minutes:g} minutes of {given.times:g} companies with {MERGE_REQUESTS} merge requests a day:"
        f" one each {gap(given.times):.0f} s\n",
        flush=True,
    )
    if given.keep is None:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            return _told(asyncio.run(soak(Path(folder), given.minutes * 60, given.times, given.seed, _tell)))
    given.keep.mkdir(parents=True, exist_ok=True)
    return _told(asyncio.run(soak(given.keep, given.minutes * 60, given.times, given.seed, _tell)))


def _tell(sample: Sample) -> None:
    print(
        f"{sample.at:6.0f} s: service {sample.service / 1e6:.0f} MB,"
        f" renderers {sample.renderers / 1e6:.0f} MB,"
        f" {sample.files} files, {sample.threads} threads, engine {sample.work / 1e6:.1f} MB,"
        f" ours {sample.kept / 1e6:.1f} MB, disk {sample.disk / 1e6:.1f} MB,"
        f" {sample.waiting} works, oldest {sample.oldest:.0f} s",
        flush=True,
    )


def _told(soaked: Soaked) -> int:
    print("\n" + markdown(table(soaked.samples), "looks") + "\n")
    for what, count in soaked.counts.items():
        print(f"{count:>7}  {what}")
    each = soaked.kept_for_good
    print(
        f"\nThe last began {soaked.late:.0f} s late. {each / 1e3:.0f} KB a merge request are kept for good."
    )
    wrong = [*soaked.wrong, *grown(soaked.samples)]
    wrong += [f"{each / 1e3:.0f} KB a merge request are too much"] if each > PER_MERGE_REQUEST else []
    for said in wrong:
        print(f"WRONG: {said}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
