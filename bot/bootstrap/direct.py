"""Mode `direct` in the service: where runs live, and what they are told."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.adapters.direct_runs import DirectRuns
from bot.app.ports.running import RunOrder
from bot.bootstrap.direct_run import ARGV, environment, order_of
from bot.bootstrap.tools import Settings
from bot.config import Config


def direct_runs(config: Config, settings: Settings) -> DirectRuns:
    """Runs below `data_dir`, which have the service's environment without its secrets."""
    helm = (config.helm.engine, config.helm.binary)

    def order(run: RunOrder, tree: Path, head: str | None) -> Mapping[str, Any]:
        return order_of(run, tree, head, settings, helm)

    given = environment(config.secrets, os.environ)
    return DirectRuns(config.data_dir.absolute() / "runs", ARGV, given, order, config.database.keep)
