"""How often Python looks for garbage that its counting of references leaves."""

import gc
from typing import Final

_NEW_OBJECTS: Final = 50_000


def collect_rarely() -> None:
    """Once, at the start of a process that makes plans.

    A plan builds hundreds of thousands of small maps and lists, which refer to nothing in circles: by
    Python's own measure (700 new objects) a quarter of its CPU went into looking through them in vain.
    """
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
