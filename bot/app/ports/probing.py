"""Asking from outside whether a deploy is well, in our words."""

from typing import Protocol

from bot.core.verify.probes import Reading
from bot.core.verify.rules import Probe


class Probes(Protocol):
    """Asks what a target's configuration names. Addresses are the operator's own: private ones are fine."""

    async def ask(self, probe: Probe) -> Reading:
        """One try, bounded in time and size. Never raises for what the other side does.

        An HttpProbe gives Answered, or NoAnswer where nobody answered or where the answer leads to another
        host. A PromProbe gives Measured where the query has exactly one value and it is a number, else
        NoAnswer.
        """
        ...
