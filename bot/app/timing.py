"""Ports that say how long they took."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from bot.app.ports import Checkout, Repositories
from bot.app.ports.timing import Phases


class TimedRepositories:
    """The port Repositories over another one: that a tree comes to this disk is a phase."""

    def __init__(self, repositories: Repositories, phases: Phases) -> None:
        self._repositories = repositories
        self._phases = phases

    def at(self, project: str, ref: str, sha: str) -> AbstractAsyncContextManager[Checkout]:
        """As the port says."""
        return self._at(project, ref, sha)

    @asynccontextmanager
    async def _at(self, project: str, ref: str, sha: str) -> AsyncIterator[Checkout]:
        async with AsyncExitStack() as stack:
            with self._phases("checkout"):
                tree = await stack.enter_async_context(self._repositories.at(project, ref, sha))
            yield tree
