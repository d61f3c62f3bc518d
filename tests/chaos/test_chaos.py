"""A few of the runs that `python -m tests.chaos` makes many of."""

from pathlib import Path

import pytest

from tests.chaos.run import run, stage

pytestmark = [pytest.mark.long, pytest.mark.crash, pytest.mark.timeout(1500)]
SEEDS = (112,)


async def test_whatever_dies_or_gets_lost_the_cluster_is_what_was_deployed_last(tmp_path: Path) -> None:
    async with stage(tmp_path) as base:
        for number, seed in enumerate(SEEDS):
            outcome = await run(base, seed, number)
            assert outcome.wrong == (), f"seed {seed}: python -m tests.chaos --runs 1 --seed {seed}"
            assert outcome.counts["merge requests"] > 5
