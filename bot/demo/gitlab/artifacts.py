"""Files that jobs leave behind, kept as a zip for each job."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from bot.demo.gitlab.ci_state import Job


def collect(root: Path, job: Job, checkout: Path, succeeded: bool, say: Callable[[str], None]) -> None:
    """Zips what `artifacts: paths` match below the checkout, where `artifacts: when` asks for it."""
    wanted = {"always": True, "on_success": succeeded, "on_failure": not succeeded}[job.spec.artifacts_when]
    if not job.spec.artifacts or not wanted:
        return
    found = sorted({file for pattern in job.spec.artifacts for file in _files(checkout, pattern)})
    say(f"Uploading artifacts... {', '.join(job.spec.artifacts)}: found {len(found)} matching artifact files")
    if not found:
        return
    target = root / "artifacts" / f"{job.id}.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in found:
            archive.write(file, file.relative_to(checkout))
    job.artifacts = target


def _files(checkout: Path, pattern: str) -> list[Path]:
    """Symbolic links are left out, so that no artifact reaches out of the checkout."""
    inside = pattern.strip("/")
    if not inside or ".." in inside.split("/"):
        return []
    matches = [
        match for top in checkout.glob(inside) for match in (top.rglob("*") if top.is_dir() else [top])
    ]
    return [match for match in matches if match.is_file() and not match.is_symlink()]


def restore(job: Job, checkout: Path) -> None:
    """Lays down the artifacts of the jobs before, as a later stage finds them."""
    for other in job.pipeline.jobs:
        needed = other.name in job.spec.needs if job.spec.needs is not None else other.stage != job.stage
        if needed and not other.retried and other.artifacts is not None:
            with zipfile.ZipFile(other.artifacts) as archive:
                archive.extractall(checkout)


def read(job: Job, path: str) -> bytes | None:
    """One file of a job's archive."""
    if job.artifacts is None:
        return None
    with zipfile.ZipFile(job.artifacts) as archive:
        return archive.read(path) if path in archive.namelist() else None
