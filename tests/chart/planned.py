"""`purser plan` as a person calls it, with somebody's kubeconfig."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cli.conftest import REPOSITORY


async def purser(
    *arguments: str, home: Path, environment: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Exit code, output and errors."""
    usual = {"PATH": os.defpath, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        env={**usual, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def planned(kubeconfig: Path, checkout: Path, home: Path) -> dict[str, Any]:
    """The plan of the checkout as a document, `complete` or not."""
    where = ("plan", str(checkout), "--kubeconfig", str(kubeconfig), "--output", "json")
    code, out, err = await purser(*where, home=home)
    assert out, (code, err)
    found: dict[str, Any] = json.loads(out)
    return found
