"""What `purser doctor` says of one thing: how it is, and what mends it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["well", "unsure", "ill"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`area` is one word for scripts, `about` names the thing. `mend` is what to do, best a command.

    unsure: it works, or cannot be judged from here, and somebody should know.
    """

    area: str
    about: str
    state: State
    said: str
    mend: str = ""


def well(area: str, about: str, said: str) -> Diagnosis:
    """Nothing to do."""
    return Diagnosis(area, about, "well", said)


def ill(area: str, about: str, said: str, mend: str) -> Diagnosis:
    """This must be mended."""
    return Diagnosis(area, about, "ill", said, mend)


def unsure(area: str, about: str, said: str, mend: str = "") -> Diagnosis:
    """This may be as it should."""
    return Diagnosis(area, about, "unsure", said, mend)


def all_well(found: Iterable[Diagnosis]) -> bool:
    """Whether nothing must be mended."""
    return all(it.state != "ill" for it in found)


def to_document(found: Iterable[Diagnosis]) -> dict[str, Any]:
    """As plain JSON, for scripts."""
    every = list(found)
    return {"schema": "purser.doctor/v1", "well": all_well(every), "checks": [asdict(it) for it in every]}
