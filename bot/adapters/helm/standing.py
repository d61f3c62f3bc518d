"""Whether directories are still the ones that a worker is sealed to: its seal knows them, not their names."""

import os
from collections.abc import Sequence


class Standing:
    """Directories by name. Each is held open, so that no later one can be taken for it."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(paths)
        self._held: list[int | None] | None = None

    def changed(self) -> bool:
        """Whether another one stands under any of the names, or none, since the last call. False at first."""
        if self._held is None:
            self._held = [_opened(path) for path in self._paths]
            return False
        if all(map(_is_there, self._held, self._paths)):
            return False
        self.close()
        self._held = [_opened(path) for path in self._paths]
        return True

    def close(self) -> None:
        """Lets go of them."""
        for held in self._held or ():
            if held is not None:
                os.close(held)
        self._held = None


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _is_there(held: int | None, path: str) -> bool:
    try:
        there = os.stat(path)
    except OSError:
        return held is None
    return held is not None and os.path.samestat(os.fstat(held), there)
