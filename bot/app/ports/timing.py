"""Where the time of a piece of work goes, in our words."""

from contextlib import AbstractContextManager, nullcontext
from typing import Final, Literal, Protocol, TypeAlias

Phase: TypeAlias = Literal[
    "checkout", "files", "releases", "charts", "render", "compare", "gate", "rollouts", "note"
]


class Phases(Protocol):
    """Measures the phases of the work that is under way where it is called.

    They follow one another and none holds another, so that their seconds add up to no more than the work's.
    """

    def __call__(self, phase: Phase) -> AbstractContextManager[None]:
        """Around the phase; one that comes several times in a piece of work is measured each time."""
        ...


class NoPhases:
    """Nobody looks at a clock."""

    def __call__(self, phase: Phase) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()


UNTIMED: Final = NoPhases()
