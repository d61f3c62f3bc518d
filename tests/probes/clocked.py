"""`purser serve` with a machine's clock that is set while it runs: by as many seconds as a file says.

`python -m tests.probes.clocked CONFIG FILE`
"""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.bootstrap.service import service
from bot.config import load
from bot.log import configure
from tests.e2e.bot_process import BotProcess


class Clocked(BotProcess):
    """The bot with such a clock; `set_clock` sets it."""

    @property
    def _file(self) -> Path:
        return self.config.with_name("clock")

    def set_clock(self, by: timedelta) -> None:
        """From what the machine says; all at once."""
        part = self._file.with_suffix(".part")
        part.write_text(str(by.total_seconds()), encoding="utf-8")
        part.rename(self._file)

    def _argv(self, arguments: list[str]) -> tuple[str, ...]:
        return (sys.executable, "-m", "tests.probes.clocked", str(self.config), str(self._file))


async def _serve(config: Path, file: Path) -> None:
    def clock() -> datetime:
        by = float(file.read_text(encoding="utf-8")) if file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=by)

    loaded = load(config, os.environ)
    configure(loaded.log.format, loaded.log.level, loaded.secrets)
    async with service(loaded, clock):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), Path(sys.argv[2])))
