"""`purser serve`: the bot."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bot.bootstrap.service import service
from bot.config import Config, ConfigInvalid, load
from bot.core.errors import PurserError
from bot.core.redact.masking import Masker
from bot.log import configure


def serve(*, config: Annotated[Path, Parameter(help="configuration file")]) -> int:
    """Receives GitLab's webhooks, plans, answers and deploys, until SIGTERM or Ctrl-C.

    Exit codes: 0 after a clean stop, 1 configuration or start error.

    Example: purser serve --config config/purser.yaml
    """
    try:
        loaded = load(config, os.environ)
    except ConfigInvalid as error:
        print(error, file=sys.stderr)
        return 1
    key = os.urandom(32)

    def mask(text: str) -> str:
        return Masker(key).text(text)  # a fresh one each time: it remembers every text that it saw

    configure(loaded.log.format, loaded.log.level, loaded.secrets, mask=mask)
    try:
        asyncio.run(_serve(loaded))
    except (PurserError, OSError) as error:
        print(f"purser: cannot start: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    async with service(config):
        await stop.wait()
