"""What is left of runs that ended."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.direct_runs import DirectRuns
from bot.app.ports.running import RunOrder
from bot.core.deploy.release_report import RunReport, to_json
from bot.core.model import Target

LONG_AGO = 1_000_000_000


def runs(directory: Path) -> DirectRuns:
    def order(run: RunOrder, tree: Path, head: str | None) -> Mapping[str, Any]:
        return {}

    return DirectRuns(directory, ["/bin/true"], {}, order, kept=3600)


async def begin(opened: DirectRuns, tmp_path: Path, name: str) -> None:
    (tmp_path / "files").mkdir(exist_ok=True)
    order = RunOrder(name, Target("production", "a/b"), "sha256:0", {})
    await opened.start(order, DirectoryCheckout(str(tmp_path / "files")))


async def test_what_is_left_of_a_run_goes_long_after_its_end_was_seen(tmp_path: Path) -> None:
    async with runs(tmp_path / "runs") as opened:
        for name in ("gone", "young", "unseen"):
            place = tmp_path / "runs" / name
            place.mkdir()
            (place / "report.json").write_text(json.dumps(to_json(RunReport("applied"))))
            os.utime(place / "report.json", (LONG_AGO, LONG_AGO))
        for name in ("gone", "young"):
            assert (await opened.look(name)).state == "ended"
        os.utime(tmp_path / "runs" / "gone" / "seen", (LONG_AGO, LONG_AGO))
        await begin(opened, tmp_path, "new")
        left = {place.name for place in (tmp_path / "runs").iterdir()}
        assert left == {"young", "unseen", "new"}
