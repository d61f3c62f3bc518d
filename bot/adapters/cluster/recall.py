"""What one API server answered, kept in this process's memory for some minutes (docs/adr/0009)."""

import marshal
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

SECONDS = 300.0
"""How long an answer may be given again: what no fingerprint shows (flags of the API server) shows then."""
SETTLING = 30.0
"""Until every API server goes by a change of policies, quotas or rights; they do after a second or two."""
_BYTES = 64 * 1024 * 1024
_ENTRY = 1024
"""Bytes that a key and its places in the maps take, on average."""
_SWEPT_EVERY = 30.0
_LEVEL = 1


class Recall:
    """Plain JSON by key, compressed: at most `limit` bytes, what was used last goes last.

    What may not be given again is dropped when the next is kept, half a minute late at most: most of it is of
    states that no longer are, and nobody asks for these again. `settling` is for how long what answers come
    from must have stood before they are kept. `clock` counts seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        limit: int = _BYTES,
        settling: float = SETTLING,
    ) -> None:
        self.settling = settling
        self._clock = clock
        self._limit = limit
        self._size = 0
        self._swept = clock()
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._standing: dict[str, tuple[str, float]] = {}

    @property
    def entries(self) -> int:
        """How many answers it holds, those that are too old included."""
        return len(self._kept)

    def get(self, key: Hashable) -> Any:
        """A copy of its own of what was kept, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        made, content = found
        if self._clock() - made >= SECONDS:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        # These bytes are our own and never left this process.
        return marshal.loads(zlib.decompress(content))  # noqa: S302

    def put(self, key: Hashable, value: Any) -> None:
        """Keeps a copy."""
        # Manifests shrink to a fifth and less: a plan of 500 releases left 38 MB here.
        content = zlib.compress(marshal.dumps(value), _LEVEL)
        self._drop(key)
        self._sweep()
        self._kept[key] = (self._clock(), content)
        self._size += len(content) + _ENTRY
        while self._size > self._limit:
            self._drop(next(iter(self._kept)))

    def steady(self, what: str, state: str) -> bool:
        """Whether `what` has stood for `settling` seconds; it has when it is seen first."""
        before = self._standing.get(what)
        if before is None:
            self._standing[what] = (state, self._clock() - self.settling)
        elif before[0] != state:
            self._standing[what] = (state, self._clock())
        return self._clock() - self._standing[what][1] >= self.settling

    def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept < _SWEPT_EVERY:
            return
        self._swept = now
        for key in [key for key, (made, _) in self._kept.items() if now - made >= SECONDS]:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self._size -= len(gone[1]) + _ENTRY
