"""A plan as Markdown: the note of a merge request, and what `--output markdown` prints.

A reader who opens only the first table is not surprised later. Nothing is cut silently: what does not fit
into one note stands in follow-up notes, and the first one says so.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.deploy.job_words import on_merge
from bot.core.model import Finding, Level, Risk
from bot.core.notes import markdown as md
from bot.core.notes.drift import drift_section
from bot.core.notes.hunks import object_diff
from bot.core.notes.marks import plan_marker
from bot.core.notes.only_labels import labels_sentence, only_labels
from bot.core.notes.pages import paginate
from bot.core.planned import ObjectPlan, Plan, ReleasePlan

LIMIT = 60_000
"""Characters of one note. GitLab takes 1,000,000 but stops rendering after about two seconds."""

MOST_FINDINGS = 50
_RISK = {Risk.HIGH: "🔴 high", Risk.MEDIUM: "🟠 medium", Risk.LOW: "🟢 low", Risk.NONE: "none"}
_RANK = {Risk.HIGH: 0, Risk.MEDIUM: 1, Risk.LOW: 2, Risk.NONE: 3}
_LEVEL = {Level.ERROR: "🔴 error", Level.WARNING: "🟠 warning", Level.INFO: "info"}
_LEVEL_RANK = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
DRAFT = "This merge request is a draft; it is planned all the same."
"""A line of the plan note. The sweep knows by it that the merge request was a draft then."""

_SIGN = {"create": "+", "update": "~", "delete": "-", "replace": "±", "unchanged": "="}


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What a note says besides the plan. `seconds` is how long planning took; None leaves the line out.

    `same_as` is the earlier head whose plan had the same seal. `draft`, `mode`: of merge request and target.
    `partial`: only some releases were planned, by wish. `gate` is the gate's section (core/notes/gate.py).
    `trace` is what the log's lines about it bear (core/trace.py). `job` is the project's own that deploys.
    """

    head: str | None = None
    at: datetime | None = None
    seconds: float | None = None
    same_as: str | None = None
    mode: str = "pipeline"
    draft: bool = False
    in_thread: bool = True
    partial: bool = False
    gate: str = ""
    trace: str = ""
    job: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """`verdict` in one line of plain text; `parts` are whole notes with their markers, at least one."""

    verdict: str
    parts: tuple[str, ...]


def verdict(plan: Plan) -> str:
    """The plan in one line of plain text, under 255 characters."""
    errors = sum(f.level is Level.ERROR for f in plan.all_findings)
    if not plan.complete:
        return f"the plan is incomplete, {_count(errors, 'error')}"
    if errors:
        return f"would fail: {_count(errors, 'error')}"
    changing = [r for r in plan.releases if r.action != "none"]
    if not changing:
        return "no changes"
    actions = Counter[str](r.action for r in changing)
    words = ", ".join(f"{actions[a]} {w}" for a, w in _ACTIONS if actions[a])
    warnings = sum(f.level is Level.WARNING for f in plan.all_findings)
    return words + (f", {_count(warnings, 'warning')}" if warnings else "")


_ACTIONS = (("install", "to install"), ("upgrade", "to upgrade"), ("uninstall", "to uninstall"))


def plan_notes(plan: Plan, context: PlanContext) -> Notes:
    """The plan as one note and, where it is too long for one, follow-up notes with the longest folds."""
    releases = sorted(plan.releases, key=lambda r: (_RANK[r.risk], r.namespace, r.name))
    changing = [r for r in releases if r.action != "none" or r.findings]
    head = [_title(plan), _about(plan, context), context.gate, _table(changing), _unchanged(releases)]
    tail = [drift_section([d for r in plan.releases for d in r.drift]), _footer(plan, context)]
    folds = [(release, _release(release)) for release in changing if release.objects]
    fixed = [plan_marker(plan.target), *head, _findings(plan), *tail]
    room = LIMIT - sum(len(part) + 2 for part in fixed) - 400
    kept, moved = _fit(folds, room)
    parts = paginate([text for _, text in moved], LIMIT - 400)
    where = _moved_line([release for release, _ in moved], len(parts))
    first = _join([plan_marker(plan.target), *head, _findings(plan), *(t for _, t in kept), where, *tail])
    follow = (
        _join([plan_marker(plan.target, number), f"### Plan for {md.code(plan.target)}, part {number}", page])
        for number, page in enumerate(parts, start=2)
    )
    return Notes(verdict(plan), (first, *follow))


def sentence_note(marker: str, title: str, sentences: Sequence[str]) -> str:
    """A note that says one thing: a plain title and plain sentences."""
    return _join([marker, f"### {md.text(title)}", *(md.text(sentence) for sentence in sentences)])


def untouched_note(marker: str, target: str, head: str, paths: Sequence[str]) -> str:
    """The one line for a merge request that changes nothing of a target."""
    kept = ", ".join(md.code(path) for path in paths[:10])
    more = f" and {len(paths) - 10} more" if len(paths) > 10 else ""
    plan = md.code(f"/helm plan --target {target}")
    said = (
        f"{md.code(target)} is not touched at {md.code(head[:12])}: no changed file is one of {kept}{more}. "
        f"The merge deploys nothing to it. ({plan} plans it all the same.)"
    )
    return _join([marker, said])


def _title(plan: Plan) -> str:
    icon = "❌" if plan.has_errors or not plan.complete else ("🔷" if plan.changes_something else "✅")
    return f"### {icon} Plan for {md.code(plan.target)}: {verdict(plan)}"


def _about(plan: Plan, context: PlanContext) -> str:
    facts = []
    if context.head:
        facts.append(f"head {md.code(context.head[:12])}")
    facts.append(f"cluster {md.code(plan.cluster_version)}")
    facts.append(f"rendered by {md.code(f'{plan.engine.name} {plan.engine.version}')}")
    if context.at:
        facts.append(f"{context.at:%Y-%m-%d %H:%M} UTC")
    if context.seconds is not None:
        facts.append(f"{context.seconds:.1f} s")
    lines = [" · ".join(facts)]
    if context.draft:
        lines.append(DRAFT)
    if context.same_as:
        lines.append(f"The same plan as for {md.code(context.same_as[:12])}: what was approved still holds.")
    return "\n\n".join(lines)


def _table(releases: Sequence[ReleasePlan]) -> str:
    if not releases:
        return ""
    header = ("risk", "release", "namespace", "action", "chart", "objects")
    return md.table(header, [_row(release) for release in releases])


def _row(release: ReleasePlan) -> tuple[str, ...]:
    errors = any(f.level is Level.ERROR for f in release.findings)
    risk = "❌ fails" if errors else _RISK[release.risk]
    chart = md.code(f"{release.chart_name} {versions(release)}".strip())
    return (
        risk,
        md.code(release.name),
        md.code(release.namespace),
        release.action,
        chart,
        md.code(tally(release.objects)),
    )


def versions(release: ReleasePlan) -> str:
    """The chart's version, or `old → new`."""
    if release.chart_from and release.chart_to and release.chart_from != release.chart_to:
        return f"{release.chart_from} → {release.chart_to}"
    return release.chart_to or release.chart_from or ""


def tally(objects: Iterable[ObjectPlan]) -> str:
    """How many objects are made (+), changed (~), replaced (±) and deleted (-)."""
    counts = Counter(_SIGN[item.action] for item in objects if item.action != "unchanged")
    return " ".join(f"{sign}{counts[sign]}" for sign in "+~±-" if counts[sign]) or "none"


def _unchanged(releases: Sequence[ReleasePlan]) -> str:
    same = [r for r in releases if r.action == "none" and not r.findings]
    if not same:
        return ""
    return f"Unchanged: {_some([release.name for release in same])}."


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(md.code(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown


def _findings(plan: Plan) -> str:
    pairs = [(f, "") for f in plan.findings] + [(f, r.name) for r in plan.releases for f in r.findings]
    if not pairs:
        return ""
    pairs.sort(key=lambda pair: _LEVEL_RANK[pair[0].level])
    lines = [_finding(finding, name) for finding, name in pairs[:MOST_FINDINGS]]
    if len(pairs) > MOST_FINDINGS:
        lines.append(f"- and {len(pairs) - MOST_FINDINGS} more: {md.code('purser plan')} lists all of them.")
    return "\n".join(["#### Findings", *lines])


def _finding(finding: Finding, release: str) -> str:
    where = ", ".join(md.code(part) for part in (release, str(finding.object or "")) if part)
    text = f"- **{_LEVEL[finding.level]}** {md.code(finding.code)}{f' ({where})' if where else ''}: "
    text += " ".join(md.text(line) for line in finding.message.splitlines() if line.strip())
    return text + (f" **What to do:** {md.text(finding.fix)}" if finding.fix else "")


def _release(release: ReleasePlan) -> str:
    changing = [item for item in release.objects if item.action != "unchanged"]
    marked = [item for item in changing if only_labels(item)]
    body = [_object(item) for item in changing if item not in marked]
    if marked:
        body.append(labels_sentence(marked, md.code))
    noise = [item for item in release.objects if item.noise]
    if noise:
        body.append(_noise(noise))
    name, namespace = md.html(release.name), md.html(release.namespace)
    summary = f"<b>{name}</b> in {namespace}: {release.action}, <code>{tally(changing)}</code>"
    return md.fold(summary, "\n\n".join(body) or "No object changes.")


def _object(item: ObjectPlan) -> str:
    hook = f", hook {md.code(item.hook)}" if item.hook else ""
    title = f"**{item.action}** {md.code(str(item.ref))}{hook}"
    diff = object_diff(item)
    return f"{title}\n\n{md.fence(diff, 'diff')}" if diff else title


def _noise(items: Sequence[ObjectPlan]) -> str:
    paths = [
        f"{md.code(str(item.ref))}: {', '.join(md.code(p) for p in item.noise[:10])}" for item in items[:20]
    ]
    more = len(items) - 20
    lines = [f"- {path}" for path in paths] + ([f"- and {more} more objects"] if more > 0 else [])
    return "\n".join(["Random values, made anew at each rendering and left out of the seal:", "", *lines])


def _footer(plan: Plan, context: PlanContext) -> str:
    if context.partial:
        return "Only these releases were planned, so there is no seal, and nothing is deployed from this."
    if plan.seal is None and plan.rollback is not None:
        return "---\nThis way back has no seal, so there is nothing to confirm."
    if plan.seal is None:
        end = "This plan has no seal: it would not be deployed. Mend what the findings say and push again"
        again = f", or plan again with {md.code('/helm plan')}" if context.in_thread else ""
        return f"---\n{end}{again}.{_trace(context, ' Trace')}"
    lines = [f"---\nSeal {md.code(plan.seal)}{_trace(context, ' · trace')}"]
    if context.in_thread:
        lines.append(_on_merge(plan, context))
        lines.append(f"{md.code('/helm plan')} plans again, {md.code('/helm help')} lists the commands.")
    return "\n\n".join(lines)


def _trace(context: PlanContext, label: str) -> str:
    return f"{label} {md.code(context.trace)}" if context.trace else ""


def _on_merge(plan: Plan, context: PlanContext) -> str:
    if not plan.changes_something:
        return "When this is merged, nothing is deployed: the cluster has all of it already."
    if context.job:
        return on_merge(md.code(context.job))
    how = "a pipeline on the merge commit runs" if context.mode == "pipeline" else "Purser runs"
    apply = md.code("purser apply")
    return f"When this is merged, {how} {apply} with this seal; it refuses if anything has moved by then."


def _fit(
    folds: list[tuple[ReleasePlan, str]], room: int
) -> tuple[list[tuple[ReleasePlan, str]], list[tuple[ReleasePlan, str]]]:
    """Keeps the folds in their order as long as they fit; the longest move out first."""
    moved: set[int] = set()
    total = sum(len(text) + 2 for _, text in folds)
    for index in sorted(range(len(folds)), key=lambda i: -len(folds[i][1])):
        if total <= room:
            break
        moved.add(index)
        total -= len(folds[index][1]) + 2
    keep = [fold for index, fold in enumerate(folds) if index not in moved]
    return keep, [fold for index, fold in enumerate(folds) if index in moved]


def _moved_line(moved: Sequence[ReleasePlan], pages: int) -> str:
    if not moved:
        return ""
    names = _some([release.name for release in moved])
    where = "the note that follows" if pages == 1 else f"the {pages} notes that follow"
    return f"Too long for this note, so in {where}: {names}."


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
