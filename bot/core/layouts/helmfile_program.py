"""The helmfile program as the reader of helmfiles sees it, and the parts of what it prints."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from bot.core.layouts.files import Files

_HEAD: Final = re.compile(r"^---\n#  Source: (.+)\n", re.MULTILINE)


@runtime_checkable
class OnDisk(Files, Protocol):
    """Files that lie in a directory of this machine."""

    @property
    def root(self) -> str:
        """Absolute path of the root, without symlinks."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What helmfile is to evaluate. `directory` and `file` (empty: helmfile's own choice) are relative.

    `embed` asks for the contents of values files instead of their paths.
    """

    root: str
    directory: str
    file: str
    environment: str
    variables: Mapping[str, str]
    embed: bool = False


class HelmfileProgram(Protocol):
    """`helmfile build`, sealed. Blocks while it runs."""

    def build(self, question: Question) -> str:
        """What it printed: the evaluated helmfiles. Raises AuthorError (`helmfile-program`)."""
        ...


def parts(printed: str) -> Iterator[tuple[str, str]]:
    """The absolute path of each helmfile and its evaluated text. Values are indented, so none is a head."""
    heads = list(_HEAD.finditer(printed))
    ends = [*(head.start() for head in heads[1:]), len(printed)]
    for head, end in zip(heads, ends, strict=True):
        yield head[1], printed[head.end() : end]
