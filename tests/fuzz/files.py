"""A checkout as one text, so that it can be cut up: `-- path --` lines with the file's text below each."""

import re
from collections.abc import Mapping

from tests.core.layouts.tree import Tree

_HEAD = re.compile(r"^-- (.+) --\n", re.MULTILINE)


def packed(files: Mapping[str, str]) -> str:
    """The files as one text."""
    return "".join(f"-- {path} --\n{text}" + "\n" * (not text.endswith("\n")) for path, text in files.items())


def unpacked(text: str) -> Tree:
    """The checkout in such a text; what stands before the first head is left out."""
    parts = _HEAD.split(text)
    return Tree(dict(zip(parts[1::2], parts[2::2], strict=True)))
