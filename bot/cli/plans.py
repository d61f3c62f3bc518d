"""The plans that this machine made last, so that a refused apply can say what moved."""

import json
import os
import re
from pathlib import Path

from bot.core.document import from_document, to_document
from bot.core.planned import Plan

KEPT = 50


def keep(plan: Plan, directory: Path) -> None:
    """Keeps a sealed plan, masked and for its owner only. A directory that cannot be written is fine."""
    if plan.seal is None:
        return
    folder = directory / "plans"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = _file(folder, plan.seal)
        descriptor = os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(to_document(plan, whole=True), stream)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def recall(seal: str, directory: Path) -> Plan | None:
    """The plan of this seal, if this machine made it and still has it."""
    try:
        return from_document(json.loads(_file(directory / "plans", seal).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(folder: Path, seal: str) -> Path:
    return folder / f"{re.sub(r'[^0-9a-f]', '', seal.removeprefix('sha256:'))}.json"
