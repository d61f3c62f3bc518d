"""The texts of a rendering, by which it is known again without being read.

Helm keeps in a release's record what its templates rendered, text for text. A rendering with the same texts
at the same paths is the same one, and nothing of it has to be parsed to know that.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_KEEPS = re.compile(r"[|>][0-9]?\+")
_HEAD = re.compile(r"^---\n# Source: (.*)\n", re.MULTILINE)


def texts_digest(texts: Iterable[tuple[str, str]]) -> str:
    """One digest over (path, document's text), in any order; of a hook as of any other document.

    White space at the end counts where YAML heeds it: Helm's command does not print the last one's.
    """
    whole = hashlib.sha256()
    for path, text in sorted(texts):
        said = text if _KEEPS.search(text) else text.rstrip()
        for part in (path.encode(errors="surrogatepass"), said.encode(errors="surrogatepass")):
            whole.update(len(part).to_bytes(8))
            whole.update(part)
    return whole.hexdigest()


def recorded_texts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, text) of a release record's documents and hooks, as Helm's renderResources wrote them.

    A manifest that another program wrote gives other texts, or none: then it has to be parsed.
    """
    # One line break behind each text is the frame's.
    parts = _HEAD.split(str(record.get("manifest", "")))
    for path, text in zip(parts[1::2], parts[2::2], strict=True):
        yield path, text.removesuffix("\n")
    for hook in record.get("hooks") or ():
        if isinstance(hook, dict):
            yield str(hook.get("path", "")), str(hook.get("manifest", ""))
