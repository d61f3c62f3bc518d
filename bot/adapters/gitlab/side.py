"""What all parts of the GitLab adapter share: who we are, names in addresses, and writing just once."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import quote

import stamina

from bot.adapters.gitlab.answers import RateLimited, ShutOut
from bot.adapters.gitlab.client import GitLabClient
from bot.adapters.gitlab.reading import read
from bot.core.errors import ForgeRefused, TransientError

T = TypeVar("T")


class UnknownEnd(TransientError):
    """A write may have happened or not: whoever wants it looks again."""


class GitLabSide:
    """One GitLab through one client."""

    def __init__(self, client: GitLabClient) -> None:
        self._client = client
        self._self: tuple[int, str] | None = None

    async def me(self) -> str:
        """Our own username (cached)."""
        return (await self._myself())[1]

    async def _myself(self) -> tuple[int, str]:
        """Our own number and username."""
        if self._self is None:
            user = await self._client.getitem("/user")
            self._self = read(lambda it: (int(it["id"]), str(it["username"])), user, "ourselves")
        return self._self

    async def _once(self, look: Callable[[], Awaitable[T | None]], write: Callable[[], Awaitable[T]]) -> T:
        """What `look` finds, else what `write` makes; after a write whose end is unknown it looks again.

        Nothing tells a creation that got lost on its way from one whose answer got lost. GitLab's 409 is a
        lock that somebody else holds for a moment.
        """
        patience = self._client.patience
        async for attempt in stamina.retry_context(
            on=UnknownEnd,
            attempts=3,
            timeout=patience.budget,
            wait_initial=patience.first_wait * 5,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        ):
            with attempt:
                found = await look()
                return found if found is not None else await _written(write)
        raise AssertionError("the last attempt raises")


async def _written(write: Callable[[], Awaitable[T]]) -> T:
    try:
        return await write()
    except (RateLimited, ShutOut):
        raise
    except TransientError as error:
        raise UnknownEnd(error.what, retry_after=error.retry_after) from None
    except ForgeRefused as refusal:
        if refusal.code == "conflict":
            raise UnknownEnd(refusal.what) from None
        raise


def project_url(project: str) -> str:
    """Where the API has a project, by its path with namespace."""
    return f"/projects/{quote(project, safe='')}"


def merge_request_url(project: str, iid: int) -> str:
    """Where the API has a merge request."""
    return f"{project_url(project)}/merge_requests/{iid}"
