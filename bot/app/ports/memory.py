"""What earlier plans found out. It may forget anything at any time; each docstring is the contract."""

from collections.abc import Collection
from typing import Protocol

from bot.core.release import Renderings


class Memory(Protocol):
    """Knows by keys over all inputs (core/inputs.py), so that nothing in it is ever out of date.

    Nothing raises: what cannot be kept or read is not known.
    """

    async def standing(self, keys: Collection[str]) -> frozenset[str]:
        """Those of the keys of releases (`standing_key`) that were found to be deployed as desired."""
        ...

    async def keep_standing(self, key: str) -> None:
        """This release is deployed as desired."""
        ...

    async def renderings(self, key: str) -> Renderings | None:
        """What these inputs (`rendering_key`) gave."""
        ...

    async def keep_renderings(self, key: str, renderings: Renderings) -> None:
        """They may hold secrets: kept for this user only."""
        ...


class NoMemory:
    """Forgets at once."""

    async def standing(self, keys: Collection[str]) -> frozenset[str]:
        """None."""
        return frozenset()

    async def keep_standing(self, key: str) -> None:
        """Nothing."""

    async def renderings(self, key: str) -> Renderings | None:
        """Nothing."""
        return None

    async def keep_renderings(self, key: str, renderings: Renderings) -> None:
        """Nothing."""
