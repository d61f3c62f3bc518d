"""What a pure function gave for the same text before: found by the digest of all that it was given.

Files and manifests are read again at every plan, mostly unchanged; taking YAML apart costs a hundred times
what a copy costs.
"""

import hashlib
import marshal
import threading
from collections import OrderedDict
from typing import Any, Final

PARSED_BYTES: Final = 48 * 1024 * 1024


class Remembered:
    """Plain values (what JSON has, and tuples): at most `limit` bytes, what was used last goes last.

    For threads too. What it holds never leaves this process.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Any:
        """A copy of its own of what was kept, or None."""
        with self._lock:
            content = self._kept.get(key)
            if content is None:
                return None
            self._kept.move_to_end(key)
        return marshal.loads(content)  # noqa: S302 (these bytes are our own and never left this process)

    def put(self, key: bytes, value: Any) -> None:
        """Keeps a copy; nothing of what is no plain value, or of a quarter of the limit and more."""
        try:
            content = marshal.dumps(value)
        except ValueError:
            return
        if len(content) * 4 > self._limit:
            return
        with self._lock:
            self._size += len(content) - len(self._kept.pop(key, b""))
            self._kept[key] = content
            while self._size > self._limit:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone)


def text_key(what: str, text: str, *more: str) -> bytes:
    """The key of what was made, by the function `what`, of this text and these words."""
    whole = hashlib.sha256()
    for part in (what, *more, text):
        data = part.encode(errors="surrogatepass")
        whole.update(len(data).to_bytes(8))
        whole.update(data)
    return whole.digest()


parsed: Final = Remembered(PARSED_BYTES)
"""Of this process: what was taken apart once."""
