"""Helm's records, where one has to be mended; each docstring is the contract."""

from typing import Protocol

from bot.core.model import Target


class Records(Protocol):
    """The only writes to a cluster besides Helm's own."""

    async def mark_failed(self, target: Target, namespace: str, name: str, revision: int) -> None:
        """Makes a revision that is `pending-…` failed, in its record and its label; failed already is fine.

        Raises AuthorError (`release-moved`) where it is something else by now, or was changed meanwhile: then
        an operation does run. Raises ClusterForbids and ClusterUnreachable.
        """
        ...
