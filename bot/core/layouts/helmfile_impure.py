"""What in the templates of a checkout gives helmfile another value at each reading, or in each place."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.errors import AuthorError, Where
from bot.core.layouts.files import Files

_MAX_FILES: Final = 5000
_ACTION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_WORD: Final = re.compile(r"""(?:"(?:\\.|[^"\\\n])*"|`[^`]*`|/\*.*?\*/|[.$\w]+)""", re.DOTALL)
_RANDOM: Final = frozenset(
    "now ago randAlphaNum randAlpha randAscii randNumeric randBytes randInt uuidv4 shuffle bcrypt htpasswd "
    "genPrivateKey genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert "
    "genSignedCertWithKey encryptAES getHostByName".split()
)
_SEEN: Final = (".gotmpl", ".tpl", ".yaml", ".yml", ".tmpl")


def impure(files: Files, directory: str, variables: Mapping[str, str]) -> Iterator[tuple[Where, str]]:
    """Places whose value is another one elsewhere, and why. Directories of charts are Helm's own affair.

    helmfile takes a variable that is not there for an empty one; whoever runs it by hand may have it.
    """
    for path in _below(files, directory):
        try:
            text = files.text(path) or ""
        except AuthorError:
            continue  # what cannot be read here, helmfile cannot read either
        for action in _ACTION.finditer(text) if "{{" in text else ():
            for at, why in _within(action[0], variables):
                yield Where(path, text.count("\n", 0, action.start() + at) + 1), why


def _within(action: str, variables: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    words = list(_WORD.finditer(action))
    for number, word in enumerate(words):
        if word[0] in _RANDOM:
            yield word.start(), f"`{word[0]}` gives another value at each reading"
        elif word[0] == "expandenv":
            yield word.start(), "`expandenv` asks for variables that cannot be told"
        elif word[0] == "env":
            asked = words[number + 1][0] if number + 1 < len(words) else ""
            if asked[:1] not in ('"', "`"):
                yield word.start(), "`env` asks for a variable that cannot be told"
            elif asked[1:-1] not in variables:
                yield word.start(), f"the variable {asked[1:-1]} is not among the target's `variables`"


def _below(files: Files, directory: str) -> Iterator[str]:
    waiting, seen = [directory], 0
    while waiting:
        base = waiting.pop()
        names = files.names(base)
        if "Chart.yaml" in names:
            continue
        for name in names:
            path = posixpath.normpath(posixpath.join(base, name))
            seen += 1
            if seen > _MAX_FILES:
                raise AuthorError(
                    f"More than {_MAX_FILES} files are here, too many to look through for templates.",
                    where=Where(directory),
                    code="template-limit",
                )
            if name.endswith(_SEEN):
                yield path
            elif files.names(path):
                waiting.append(path)
