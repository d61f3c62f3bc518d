"""Checks how the releases of one file stand to each other: their names, and what they need."""

from collections.abc import Sequence, Set

from bot.core.composing import Path
from bot.core.errors import AuthorError
from bot.core.layouts.form import Form, instead, shown
from bot.core.model import DesiredRelease
from bot.core.order import by_needs


def checked_needs(
    form: Form, read: Sequence[tuple[Path, DesiredRelease]], named: Set[str]
) -> tuple[DesiredRelease, ...]:
    """The releases without those that stand twice, as written; complains about needs that cannot be met.

    `named` are the keys of all releases of the file, those that could not be read as well.
    """
    known: dict[str, DesiredRelease] = {}
    paths: dict[str, Path] = {}
    for path, release in read:
        if release.key in known:
            form.error(
                "duplicate-release",
                path,
                f"The release {release.key} stands twice; it is first at {known[release.key].where}.",
                "Take one of them out.",
            )
        else:
            known[release.key], paths[release.key] = release, path
    for key, release in known.items():
        _check(form, paths[key], release, known, named)
    try:
        by_needs(known.values())
    except AuthorError as error:
        form.take(error)
    return tuple(known.values())


def _check(
    form: Form, path: Path, release: DesiredRelease, known: dict[str, DesiredRelease], named: Set[str]
) -> None:
    for index, need in enumerate(release.needs):
        at = (*path, "needs", index)
        if need in named and need not in known:
            continue
        if need not in known:
            form.error(
                "unknown-need",
                at,
                f"{release.key} needs {shown(need)}, which is no release of this file.",
                instead(need, known) if "/" in need else "Write namespace/name.",
            )
        elif release.installed and not known[need].installed:
            form.error(
                "need-uninstalled", at, f"{release.key} needs {need}, which `installed: false` removes."
            )
