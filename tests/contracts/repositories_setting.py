"""Repositories of the look-alike, fetched with real git over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.git.repositories import GitLimits, GitRepositories
from bot.app.ports import Repositories
from tests.contracts.gitlab_setting import Setting

LIMITS = GitLimits(timeout=20)


@asynccontextmanager
async def repositories(
    at: Setting, cache: Path, token: str | None = None, limits: GitLimits = LIMITS
) -> AsyncIterator[Repositories]:
    made = GitRepositories(at.gitlab.url, lambda: token or at.token, cache, DirectoryCheckout, limits=limits)
    try:
        yield made
    finally:
        made.close()


def fetches(at: Setting) -> int:
    return sum(r.path.endswith("/git-upload-pack") for r in at.gitlab.requests)


def trees(cache: Path) -> list[Path]:
    return list(cache.glob("slot-*/trees/*"))


def found(cache: Path, pattern: str) -> list[Path]:
    """Paths below the cache."""
    return list(cache.glob(pattern))


async def head(at: Setting, branch: str = "main") -> str:
    found = await at.client.getitem(f"/projects/{at.project.id}/repository/branches/{branch}")
    return str(found["commit"]["id"])
