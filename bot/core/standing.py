"""What the trail and a cluster's records say of what runs, as plain sentences and lists."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar


class Revision(Protocol):
    """One revision of a release."""

    @property
    def name(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    @property
    def revision(self) -> int: ...


_DONE: Mapping[str, str] = {"succeeded": "Deployed by", "rolled back": "Rolled back in"}

R = TypeVar("R", bound=Revision)


def newest_of(revisions: Iterable[R]) -> list[R]:
    """The newest revision of each release, by namespace and name."""
    newest: dict[tuple[str, str], R] = {}
    for it in revisions:
        key = (it.namespace, it.name)
        if key not in newest or newest[key].revision < it.revision:
            newest[key] = it
    return [newest[key] for key in sorted(newest)]


def deployed_lines(ended: Iterable[Mapping[str, Any]], target: str, most: int) -> list[str]:
    """The last deployments of a target that succeeded, from trail entries `deploy.ended`, newest first."""
    good = [
        it
        for it in ended
        if it["facts"].get("target") == target
        and it["facts"].get("state") in _DONE
        and it["facts"].get("seal")
    ]
    return [
        f"{_DONE[it['facts']['state']]} merge request {it['iid']} at "
        f"{str(it['at'])[:16].replace('T', ' ')} UTC, seal {str(it['facts']['seal'])[:19]}…"
        for it in good[:most]
    ]
