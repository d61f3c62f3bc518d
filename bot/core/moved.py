"""What moved between the plan that was sealed and the plan that would be made now, in plain sentences."""

from bot.core.diff import changes
from bot.core.planned import ObjectPlan, Plan, ReleasePlan


def moved(sealed: Plan, present: Plan) -> list[str]:
    """One sentence a difference that a reader can see; where the seals differ without one, one that says so.

    Empty where the seals are the same.
    """
    if sealed.seal is not None and sealed.seal == present.seal:
        return []
    before = {release.key: release for release in sealed.releases}
    after = {release.key: release for release in present.releases}
    lines: list[str] = []
    for key in sorted({*before, *after}):
        lines += _release(key, before.get(key), after.get(key))
    if sealed.cluster_version != present.cluster_version:
        lines.append(f"The cluster was at {sealed.cluster_version} and is at {present.cluster_version} now.")
    if not present.complete:
        lines.append("The plan could not be made completely this time.")
    lines += [
        f"Found now: {finding.message}" for finding in present.findings if finding not in sealed.findings
    ]
    return lines or [
        "Something that is applied but not shown differs: a masked value, or the chart's own files."
    ]


def _release(key: str, before: ReleasePlan | None, after: ReleasePlan | None) -> list[str]:
    if before is None or after is None:
        found = "is in the present plan but was not in the sealed one" if after else "is no longer planned"
        return [f"{key} {found}."]
    lines: list[str] = []
    if before.action != after.action:
        lines.append(f"{key}: the sealed plan would {_verb(before)}, now it would {_verb(after)}.")
    if before.revision_from != after.revision_from:
        was, now = before.revision_from or "nothing", after.revision_from or "nothing"
        lines.append(f"{key}: the plan started from revision {was}, the cluster has {now} now.")
    if before.chart_to != after.chart_to:
        lines.append(f"{key}: the chart was {before.chart_to}, now it is {after.chart_to}.")
    lines += _objects(key, before, after)
    lines += [f"{key}: found now: {f.message}" for f in after.findings if f not in before.findings]
    return lines


def _verb(release: ReleasePlan) -> str:
    return "leave it alone" if release.action == "none" else release.action


def _objects(key: str, before: ReleasePlan, after: ReleasePlan) -> list[str]:
    planned = {item.ref.identity: item for item in before.objects if item.action != "unchanged"}
    present = {item.ref.identity: item for item in after.objects if item.action != "unchanged"}
    lines: list[str] = []
    for identity in sorted({*planned, *present}):
        one, other = planned.get(identity), present.get(identity)
        if one is None or other is None:
            item = one or other
            word = "is not touched any more" if one else "is touched now"
            lines.append(f"{key}: {item.ref if item else ''} {word}.")
        elif _essence(one) != _essence(other):
            lines.append(f"{key}: {one.ref} would change otherwise ({', '.join(_differing(one, other))}).")
    return lines


def _essence(item: ObjectPlan) -> tuple[object, ...]:
    # What is created has no changed fields: there the whole object tells.
    return (item.action, item.hook, item.changes, item.after if item.action == "create" else None)


def _differing(one: ObjectPlan, other: ObjectPlan) -> list[str]:
    if one.action != other.action:
        return [f"{one.action}, now {other.action}"]
    both = {change.path for change in one.changes if change not in other.changes}
    both |= {change.path for change in other.changes if change not in one.changes}
    if one.action == "create":
        both |= {change.path for change in changes(one.after, other.after)}
    return sorted(both)[:10]
