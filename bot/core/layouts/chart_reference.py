"""Names, versions and durations as releases are written with them."""

import re
from typing import Any, Final

_VERSION: Final = re.compile(
    r"v?(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
LONGEST_WAIT: Final = 24 * 3600


def is_exact_version(text: str) -> bool:
    """Whether this is one semantic version (`1.2.3`, `v1.2.3-rc.1`), and not a range or a part of one."""
    return len(text) <= 128 and _VERSION.fullmatch(text) is not None


def is_release_name(text: str) -> bool:
    """Helm's rule: a DNS subdomain of at most 53 characters."""
    return len(text) <= 53 and _NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Kubernetes' rule: a DNS label of at most 63 characters."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None


def seconds(value: Any) -> int | None:
    """A duration in seconds from a number of seconds or `1h30m`, `5m`, `90s`; None if it is neither.

    At least a second, at most a day.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = _DURATION.fullmatch(value) if value and len(value) < 20 else None
        if found is None:
            return None
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        value = hours * 3600 + minutes * 60 + rest
    return value if isinstance(value, int) and 0 < value <= LONGEST_WAIT else None
