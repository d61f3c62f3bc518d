"""The issue about a target's drift, and the answer to a command that looked for it."""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, assert_never

from bot.core.drift.check import DriftReport, ReleaseDrift, Unread
from bot.core.notes import markdown as md
from bot.core.notes.drift import minutes
from bot.core.notes.release_diff import release_diff
from bot.core.objects import canonical
from bot.core.planned import Change, Drift

ROOM = 300_000
"""Characters of all folds; GitLab takes a million in a description."""

_LONGEST_FOLD = 60_000
_MOST_ROWS = 500
_MOST_CHANGES = 40
_LONGEST_VALUE = 400
_DIGEST = re.compile(r"<!-- purser:drift-is:([0-9a-f]{16}) -->")
_WHAT_TO_DO = """\
#### What to do
- **The change was right**: put it into Git. Open a merge request that says the same; its plan holds Git
  against the cluster as it is, and its merge makes both one.
- **The change was wrong**: take it back in the cluster, with the value on the red line. All objects of a
  release at once: `helm rollback RELEASE REVISION --namespace NAMESPACE --force-conflicts` with the revision
  that it has (without `--force-conflicts` for a release that Helm 3 deployed). `/helm deploy` does not do it
  for a release whose revision is what Git says: there is nothing to deploy.
- **Git is ahead, or a release failed or is pending**: say `/helm deploy` in the merge request that brought it
  (`/helm deploy --recover` where a release is pending and nothing runs any more).
- Left as it is, the next upgrade that changes such a field fails with a conflict, or sets it back; its plan
  says which."""


def title(target: str) -> str:
    """The title of the target's issue."""
    return f"Drift: the cluster of {target} has what Git does not say"


def digest(report: DriftReport) -> str:
    """Sixteen hex digits of what is found, wherever the branch stands: the same drift has the same."""
    found = [
        [one.key, one.kind, one.revision, one.status, one.plan.chart_to if one.plan else None]
        + [[str(it.ref), _facts(it.changes), it.managers, it.time] for it in one.drifts]
        for one in report.releases
    ]
    return hashlib.sha256(canonical(found).encode(errors="surrogatepass")).hexdigest()[:16]


def _facts(changes: Iterable[Change]) -> list[list[Any]]:
    return [[one.path, one.op, one.before, one.after] for one in changes]


def told_digest(body: str) -> str | None:
    """The digest of the drift that an issue speaks of; None where it speaks of none."""
    found = _DIGEST.search(body)
    return found[1] if found else None


def drift_issue(report: DriftReport, branch: str, at: datetime) -> str:
    """The issue's text while there is drift."""
    count = len(report.releases)
    first = (
        f"{count} of {report.looked_at} releases of {md.code(report.target)} "
        f"{'is' if count == 1 else 'are'} not as {md.code(branch)} says at "
        f"{md.code(report.head[:12])}, found {at:%Y-%m-%d %H:%M} UTC."
    )
    parts = [f"<!-- purser:drift-is:{digest(report)} -->", first, _table(report.releases)]
    parts += _folds(report.releases)
    parts += [_unread(report.unread)] if report.unread else []
    parts.append(_WHAT_TO_DO)
    parts.append(
        "Purser edits this issue when the drift becomes another one, closes it when it is gone and opens it "
        "when it comes again; closed by hand, it stays closed while the drift stays the same. "
        f"{md.code('/helm drift')} in a merge request looks now."
    )
    return "\n\n".join(parts)


def gone_issue(target: str, branch: str, head: str, at: datetime) -> str:
    """The issue's text once there is none."""
    return (
        f"The drift is gone: at {at:%Y-%m-%d %H:%M} UTC the cluster of {md.code(target)} was as "
        f"{md.code(branch)} says at {md.code(head[:12])}. Purser opens this issue again when there is drift."
    )


def drift_answer(report: DriftReport, branch: str, issue: str | None) -> str:
    """The answer to `/helm drift`, for one target. `issue` is the address of the one that has it whole."""
    parts = [f"#### {md.code(report.target)}"]
    if report.quiet:
        parts.append(
            f"No drift: {report.looked_at} releases are as {md.code(branch)} says at "
            f"{md.code(report.head[:12])}."
        )
    if report.releases:
        parts += [_table(report.releases[:20])]
        more = f" and {len(report.releases) - 20} more" if len(report.releases) > 20 else ""
        where = f"With diffs and what to do: {issue}" if issue else "The issue could not be written."
        parts.append(f"{more} {where}".strip())
    if report.unread:
        parts.append(_unread(report.unread))
    return "\n\n".join(parts)


def lines(report: DriftReport) -> list[str]:
    """A plain line for each release, for the trail."""
    return [f"{one.key}: {_what(one)}{_by(one)}" for one in report.releases]


def _by(one: ReleaseDrift) -> str:
    managers = sorted({name for drift in one.drifts for name in drift.managers})
    return f", by {' and '.join(managers)}" if managers else ""


def _table(releases: Sequence[ReleaseDrift]) -> str:
    rows = [
        (md.code(one.key), md.text(_what(one)), _who(one.drifts), _when(one.drifts))
        for one in releases[:_MOST_ROWS]
    ]
    left = len(releases) - _MOST_ROWS
    more = f"\n\nand {left} more releases" if left > 0 else ""
    return md.table(("release", "what", "who", "last (UTC)"), rows) + more


def _what(one: ReleaseDrift) -> str:
    match one.kind:
        case "pending":
            return f"revision {one.revision} is {one.status}: an operation runs, or was killed half-way"
        case "failed":
            return f"revision {one.revision} failed{_also(one)}"
        case "missing":
            return "in Git, not in the cluster"
        case "differs":
            return f"{_differs(one)}{_also(one)}"
        case "stays":
            return "Git wants it gone (`installed: false`)"
        case "changed":
            return _counted(one.drifts)
        case "unlisted":
            return "deployed by Purser; the files do not name it, or those of another target do"
        case _ as unknown:
            assert_never(unknown)


def _differs(one: ReleaseDrift) -> str:
    plan = one.plan
    if plan is None or plan.chart_from == plan.chart_to:
        return f"Git wants other values or templates than revision {one.revision} has"
    return f"runs {plan.chart_name} {plan.chart_from}, Git wants {plan.chart_to}"


def _also(one: ReleaseDrift) -> str:
    return f"; {_counted(one.drifts)}" if one.drifts else ""


def _counted(drifts: Sequence[Drift]) -> str:
    gone = {one.ref for one in drifts if _whole(one)}
    changed = {one.ref for one in drifts} - gone
    said = [_number(len(gone), "gone")] if gone else []
    said += [_number(len(changed), "changed by hand")] if changed else []
    return ", ".join(said)


def _number(count: int, what: str) -> str:
    return f"{count} object{'' if count == 1 else 's'} {what}"


def _whole(drift: Drift) -> bool:
    return any(not change.path for change in drift.changes)


def _who(drifts: Sequence[Drift]) -> str:
    names = list(dict.fromkeys(name for one in drifts for name in one.managers))
    if not names:
        return "not known" if drifts else ""
    return ", ".join(map(md.code, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _when(drifts: Sequence[Drift]) -> str:
    return _at(max((one.time for one in drifts), default=""))


def _at(time: str) -> str:
    return minutes(time) or md.text(time)


def _folds(releases: Sequence[ReleaseDrift]) -> list[str]:
    """One a release that has something to show; what does not fit is named."""
    folds, left, room = [], [], ROOM
    for one in releases:
        body = _fold(one)
        if not body:
            continue
        fold = md.fold(f"<b>{md.html(one.key)}</b>: {md.html(_what(one))}", body)
        if len(fold) > min(room, _LONGEST_FOLD):
            left.append(md.code(one.key))
            continue
        room -= len(fold)
        folds.append(fold)
    if left:
        folds.append(f"Too long to be shown here: {', '.join(left[:100])}.")
    return folds


def _fold(one: ReleaseDrift) -> str:
    parts = [_object(drift) for drift in one.drifts]
    if one.plan is not None and any(item.action != "unchanged" for item in one.plan.objects):
        parts.append(f"What a deploy would do now:\n\n{release_diff(one.plan, 3)}")
    elif one.plan is not None and one.plan.findings:
        parts += [f"{md.text(it.message)} {md.text(it.fix)}" for it in one.plan.findings[:5]]
    return "\n\n".join(parts)


def _object(drift: Drift) -> str:
    what = md.code(str(drift.ref))
    if _whole(drift):
        return (
            f"{what} is gone. Kubernetes keeps no record of who deleted it; the API server's audit log may."
        )
    by = f", written by {' and '.join(map(md.code, drift.managers))}" if drift.managers else ""
    when = f", last at {_at(drift.time)} UTC" if drift.time else ""
    shown = [line for change in drift.changes[:_MOST_CHANGES] for line in _change(change)]
    left = len(drift.changes) - _MOST_CHANGES
    more = f"\n\nand {left} more fields" if left > 0 else ""
    return f"{what}{by}{when}:\n\n{md.fence(chr(10).join(shown), 'diff')}{more}"


def _change(change: Change) -> list[str]:
    """Red as it was deployed, green as it is."""
    if isinstance(change.before, str) and isinstance(change.after, str) and "\n" in change.before:
        found = list(
            difflib.unified_diff(change.before.splitlines(), change.after.splitlines(), lineterm="", n=2)
        )
        return [f"  {change.path}:", *found[2:]]
    was = f"- {change.path}: {_value(change.before)}"
    return [was] if change.op == "remove" else [was, f"+ {change.path}: {_value(change.after)}"]


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def _unread(unread: Sequence[Unread]) -> str:
    said = [f"- {md.code(one.key)}: {md.text(one.why)}" for one in unread[:20]]
    more = [f"- and {len(unread) - 20} more"] if len(unread) > 20 else []
    return "\n".join(["Not compared:", "", *said, *more])
