"""`python -m tests.chaos --runs 200 --seed 1`: that many runs, and what came of them, with figures."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.run import Outcome, run, stage


def main() -> int:
    """Exit code 0: every run was as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each next one has the next")
    parser.add_argument("--keep", type=Path, help="folder that is kept, with the bot's words of bad runs")
    given = parser.parse_args()
    if given.keep is None:
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            return asyncio.run(_all(Path(folder), given.runs, given.seed))
    given.keep.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_all(given.keep, given.runs, given.seed))


async def _all(folder: Path, runs: int, seed: int) -> int:
    began, counts, good = time.monotonic(), Counter[str](), 0
    async with stage(folder) as base:
        for number in range(runs):
            outcome = await run(base, seed + number, number)
            counts += outcome.counts
            good += not outcome.wrong
            _tell(number, outcome)
            # Each time, as somebody may end it before all are made.
            so_far = ", ".join(f"{times} {name}" for name, times in sorted(counts.items()))
            print(
                f"    so far {number + 1} runs, {good} good, {time.monotonic() - began:.0f} s: {so_far}",
                flush=True,
            )
    return 0 if good == runs else 1


def _tell(number: int, outcome: Outcome) -> None:
    word = "BAD" if outcome.wrong else "good"
    print(f"run {number}, seed {outcome.seed}: {word}, {outcome.seconds:.0f} s", flush=True)
    for said in outcome.wrong:
        print(f"    {said}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
