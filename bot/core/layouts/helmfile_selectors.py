"""Selectors of nested helmfiles: which of their releases are meant."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.core.layouts.helmfile_entry import Entry

_TERM: Final = re.compile(r"([a-zA-Z0-9_./+-]+?)(!?=)([a-zA-Z0-9_./+-]+)")


def selects(selectors: Sequence[str], labels: Mapping[str, str], entry: Entry) -> bool:
    """Whether one of the selectors matches; none at all match everything.

    Raises AuthorError (`bad-selector`).
    """
    return not selectors or any([_matches(one, labels, entry) for one in selectors])


def _matches(selector: str, labels: Mapping[str, str], entry: Entry) -> bool:
    fits = True
    for term in selector.split(","):
        found = _TERM.fullmatch(term)
        if found is None:
            raise entry.wrong(
                "bad-selector", f"The selector {selector!r} is not of the form key=value or key!=value."
            )
        key, sign, value = found.groups()
        fits = fits and (labels.get(key) == value) == (sign == "=")
    return fits
