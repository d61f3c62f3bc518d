"""How the releases of helmfiles stand to each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.errors import AuthorError
from bot.core.layouts.form import shown
from bot.core.layouts.helmfile_entry import Entry, Report
from bot.core.model import DesiredRelease
from bot.core.order import by_needs


@dataclass(frozen=True, slots=True)
class Found:
    """The releases of one helmfile: each entry with what was made of it, and its key if that is known."""

    file: str
    releases: Sequence[tuple[Entry, DesiredRelease | None, str]]


def in_one_list(found: Sequence[Found], report: Report) -> tuple[DesiredRelease, ...]:
    """All releases, file by file; complains about what stands twice and needs that cannot be met."""
    known: dict[str, DesiredRelease] = {}
    for one in found:
        for entry, release, _ in one.releases:
            if release is None:
                continue
            first = known.get(release.key)
            if first is not None:
                report.error(
                    "duplicate-release",
                    entry.at(),
                    f"The release {release.key} stands twice; it is first at {first.where}.",
                    "Take one of them out.",
                )
            else:
                known[release.key] = release
        _needs(one, report)
    try:
        by_needs(known.values())
    except AuthorError as error:
        report.take(error)
    return tuple(known.values())


def _needs(found: Found, report: Report) -> None:
    """helmfile looks for what a release needs in the same helmfile only."""
    wanted = {release.key: release for _, release, _ in found.releases if release is not None}
    unread = any(release is None and not key for _, release, key in found.releases)
    named = {key for _, _, key in found.releases}
    for entry, release, _ in found.releases:
        for at, need in enumerate(release.needs if release else ()):
            if need not in wanted and need not in named and not unread:
                report.error(
                    "unknown-need",
                    entry.at("needs", at),
                    f"`{shown(need)}` is needed here, and it is no release of this helmfile.",
                    "helmfile refuses it. Write namespace/name of one beside it.",
                )
            elif release and release.installed and need in wanted and not wanted[need].installed:
                report.warning(
                    "need-uninstalled",
                    entry.at("needs", at),
                    f"{release.key} needs {need}, which `installed: false` removes.",
                )
