"""What somebody may have meant, and what there is."""

import difflib
from collections.abc import Iterable

MOST_NAMES = 20


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The known word that is most like this one; None where none is."""
    plain = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower()[:100], plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def nearest_release(word: str, keys: Iterable[str]) -> str | None:
    """As `nearest`, for `namespace/name` or a name alone among `namespace/name`s."""
    known = list(keys)
    return nearest(word, known if "/" in word else {key.rpartition("/")[2] for key in known})


def named(names: Iterable[str]) -> list[str]:
    """The first of these names in their order, and how many more there are; `none` where there are none."""
    known = sorted(set(names))
    more = len(known) - MOST_NAMES
    return [*known[:MOST_NAMES], *([f"{more} more"] if more > 0 else [])] or ["none"]
