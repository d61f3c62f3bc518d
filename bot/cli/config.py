"""`purser config`: the configuration file, checked and described."""

import json
import os
from pathlib import Path

from bot.config import ConfigInvalid, load
from bot.config import schema as schema_of


def check(path: Path, /) -> int:
    """Checks a configuration file; lists every mistake with its place.

    Exit codes: 0 all well, 1 not.

    Example: purser config check config/purser.yaml
    """
    try:
        found = load(path, os.environ)
    except ConfigInvalid as error:
        print(error)
        return 1
    names = ", ".join(f"{target.project} -> {target.name}" for target in found.targets)
    print(f"{path}: all well. Targets: {names}")
    return 0


def schema() -> int:
    """Prints the JSON schema of the configuration file.

    Example: purser config schema > purser.schema.json
    """
    print(json.dumps(schema_of(), indent=2))
    return 0
