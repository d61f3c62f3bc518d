"""Releases that we deployed and that the files do not name any more: named, never uninstalled on absence."""

from collections.abc import Mapping, Sequence

from bot.app.ports.cluster import ReleaseHead
from bot.core.model import DesiredRelease, Finding, Level

Heads = Mapping[tuple[str, str], Sequence[ReleaseHead]]


def unlisted(heads: Heads, desired: Sequence[DesiredRelease]) -> tuple[Finding, ...]:
    """One finding each, of those in the namespaces of the desired releases. `heads` are newest first."""
    wanted = {(release.namespace, release.name) for release in desired}
    namespaces = {release.namespace for release in desired}
    left = [
        f"{namespace}/{name}"
        for (namespace, name), (newest, *_) in sorted(heads.items())
        if namespace in namespaces
        and (namespace, name) not in wanted
        and newest.ours
        and newest.status != "uninstalled"
    ]
    return tuple(
        Finding(
            Level.INFO,
            "not-managed",
            f"Release {key} was deployed by Purser and is not in the files (any more), or is of another "
            "target. It stays as it is: what is absent is never uninstalled.",
            "To remove it, write it with `installed: false`; to go on with it, write it as it was.",
        )
        for key in left
    )
