"""The order in which releases are worked on."""

from collections.abc import Iterable, Sequence

from bot.core.errors import AuthorError
from bot.core.model import DesiredRelease


def by_needs(releases: Iterable[DesiredRelease]) -> tuple[DesiredRelease, ...]:
    """Those that are needed first; otherwise as written. Uninstalls go last, in the opposite order.

    Raises AuthorError (`needs-cycle`) where releases need each other. A need that is not in the list is taken
    for one that stands already.
    """
    wanted = list(releases)
    installs = _sorted([r for r in wanted if r.installed])
    removals = _sorted([r for r in wanted if not r.installed])
    return (*installs, *reversed(removals))


def _sorted(releases: Sequence[DesiredRelease]) -> list[DesiredRelease]:
    waiting = {release.key: release for release in releases}
    done: list[DesiredRelease] = []
    while waiting:
        ready = [r for r in waiting.values() if not any(need in waiting for need in r.needs)]
        if not ready:
            first = next(iter(waiting.values()))
            raise AuthorError(
                f"These releases need each other in a circle: {', '.join(sorted(waiting))}.",
                where=first.where,
                fix="Take one of their `needs` out.",
                code="needs-cycle",
            )
        for release in ready:
            done.append(waiting.pop(release.key))
    return done
