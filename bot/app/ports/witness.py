"""What a cluster can tell of workloads that do not come up; each docstring is the contract."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.model import ObjectRef, Target
from bot.core.verify.symptoms import Sighting


class Witness(Protocol):
    """Reads only, and little: a fixed number of objects, requests and bytes, until a deadline."""

    async def look(self, target: Target, refs: Sequence[ObjectRef]) -> Sighting:
        """Of these objects those that are not as they should be, their newest pods, warnings, ends of logs.

        Never raises for what a cluster does: what could not be read is said in `unread`. Nothing is masked.
        """
        ...
