"""Bringing Git back, in our words; the docstring is the contract."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Revert:
    """A merge request to be opened: `branch` takes back the commit `sha` of the branch `onto`."""

    project: str
    sha: str
    branch: str
    onto: str
    title: str
    description: str


class Reverts(Protocol):
    """The only thing that Purser ever writes to a repository, and only where somebody asked for it."""

    async def open_revert(self, revert: Revert) -> str:
        """The web address of the merge request; one that is open from that branch already is given instead.

        Raises TransientError, and ForgeRefused: `revert-conflict` where GitLab cannot take the commit back
        by itself, any other where our role may not.
        """
        ...
