"""What is left of a sealed plan after a process that applied it died half-way."""

from bot.core.planned import Plan


def done_already(sealed: Plan, present: Plan) -> frozenset[str] | None:
    """The releases that are as the sealed plan wants them (`present` would leave them alone).

    None where the rest of the sealed plan is not what would be done now: a release is at something else than
    before and after its step, or another one came, or a plan is not whole. Then nothing may be applied.
    """
    if not present.complete or present.has_errors:
        return None
    wanted = {release.key: release for release in sealed.releases if release.action != "none"}
    now = {release.key: release for release in present.releases if release.action != "none"}
    for key, release in now.items():
        before = wanted.get(key)
        if before is None or not before.digest:
            return None
        if (before.action, before.digest) != (release.action, release.digest):
            return None
    if not wanted.keys() <= {release.key for release in present.releases}:
        return None
    return frozenset(wanted.keys() - now.keys())
