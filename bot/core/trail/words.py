"""What a trail entry says, as one plain sentence; who did it; which targets it is about."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.core.trail.chain import Entry


def who(entry: Entry) -> str:
    """The username that the entry names as the doer; empty for what the bot or GitLab did."""
    return str(entry.facts.get("by") or "")


def targets_of(entry: Entry) -> tuple[str, ...]:
    """The targets that the entry is about; none for what concerns a merge request or a project as a whole."""
    match entry.facts:
        case {"target": str(target)}:
            return (target,)
        case {"targets": [*names]}:
            return tuple(str(name) for name in names)
        case {"work": str(work)} if entry.kind == "delivery" and len(parts := work.split(":")) > 3:
            return (parts[3],) if parts[0] in ("plan", "deploy", "gate") else ()
    return ()


def sentence(entry: Entry) -> str:
    """One line of plain text, from facts that may be of an older or a newer version."""
    say = _WORDS.get(entry.kind, _others)
    return " ".join(say(_Facts(entry.facts)).split())


def jobs_of(entry: Entry) -> list[str]:
    """A line for each job of a pipeline that ended, with the digest of its log; for each release of a run."""
    report = entry.facts.get("report")
    if isinstance(report, Mapping):
        found = [it for it in report.get("releases") or () if isinstance(it, Mapping)]
        return [f"{it.get('action')} {it.get('release')}: {it.get('state')}" for it in found]
    return [
        f"job {job['name']} ({job['id']}): {job['status']}, {job['url']}, log {job['log'] or 'not read'}"
        for job in entry.facts.get("jobs") or ()
        if isinstance(job, Mapping) and {"name", "id", "status", "url", "log"} <= job.keys()
    ]


class _Facts:
    """Facts as text; what is missing is empty."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.all = facts

    def __getitem__(self, name: str) -> str:
        found = self.all.get(name)
        return "" if found is None else str(found)

    def short(self, name: str) -> str:
        """The first digits of a commit."""
        return self[name][:12] or "unknown"

    def lines(self, name: str) -> str:
        """A list of sentences as one text."""
        found = self.all.get(name)
        return " ".join(str(it) for it in found) if isinstance(found, list) else ""

    @property
    def seal(self) -> str:
        """Which seal, in words."""
        return f"seal {self['seal']}" if self["seal"] else "no seal"


def _approval(of: _Facts) -> str:
    saw = f"commit {of.short('head')}, {of.seal}" if of["head"] else "no plan"
    worth = {"bound": "stands", "void": "void: the plan changed", "unplanned": "of no plan"}
    said = f"not counted: the {of['barred']}" if of["barred"] else worth.get(of["bond"], of["bond"])
    return f"Approved having seen {saw} ({said}; access level {of['level']})"


def _plan(of: _Facts) -> str:
    return f"Planned commit {of.short('head')}, {'' if of.all.get('complete') else 'in'}complete, {of.seal}"


def _verified(of: _Facts) -> str:
    return f"The cluster is {'' if of.all.get('good') else 'not '}as planned. {of.lines('lines')}"


def _before(of: _Facts) -> str:
    probes = of.all.get("probes")
    taken = [it for it in probes if isinstance(it, Mapping)] if isinstance(probes, list) else []
    return "Before the deploy: " + "; ".join(
        f"{it.get('name')} {it.get('why') if it.get('value') is None else it.get('value')}" for it in taken
    )


def _run_ended(of: _Facts) -> str:
    report = of.all.get("report")
    result = report.get("result") if isinstance(report, Mapping) else None
    return f"{of['run']} ended: {result or 'it died'}; log {of['log']}"


def _back(of: _Facts) -> str:
    asked = ", with a revert in Git" if of.all.get("revert") else ""
    return f"the way of {of['release']} back to revision {of['revision']}, {of.seal}{asked}"


def _push(how: str) -> Callable[[_Facts], str]:
    return lambda of: f"{how} push to {of['branch']}: {of.short('before')} to {of.short('after')}"


def _others(of: _Facts) -> str:
    return "; ".join(f"{name}: {of[name]}" for name in of.all if name not in ("target", "by"))


_WORDS: Mapping[str, Callable[[_Facts], str]] = {
    "delivery": lambda of: f"GitLab delivered {of['event']}; work: {of['work']}; its body: {of['digest']}",
    "plan": _plan,
    "unplanned": lambda of: f"Not planned commit {of.short('head')}: {of['reason']}",
    "approval": _approval,
    "gate": lambda of: f"The gate said {of['decision']}, {of.seal}. {of['reason']}",
    "command": lambda of: f"/helm {of['command']}: {'done' if of.all.get('good') else 'refused'}",
    "lock": lambda of: f"Locked the target. {of['reason']}",
    "lock.vain": lambda of: "Wanted to lock the target, which was locked",
    "unlock": lambda of: "Unlocked the target",
    "unlock.vain": lambda of: "Wanted to unlock the target, which was not locked",
    "cancel": lambda of: f"Cancelled what was {of['state']}",
    "deploy.offered": lambda of: f"Was shown a plan of the merge commit {of.short('sha')}, {of.seal}",
    "rollback.previewed": lambda of: f"Was shown code {of['code']} for {_back(of)}",
    "rollback.confirmed": lambda of: f"Confirmed {_back(of)}",
    "revert": lambda of: f"Opened the merge request that takes commit {of.short('sha')} back: {of['url']}",
    "merge": lambda of: f"Merged as commit {of.short('merge_sha')}",
    "pipeline": lambda of: f"Pipeline {of['pipeline']} runs on commit {of.short('sha')} for {of.seal}",
    "pipeline.elsewhere": lambda of: (
        f"Pipeline {of['pipeline']} was made on the newer commit {of.short('sha')}, and cancelled"
    ),
    "pipeline.ended": lambda of: f"Pipeline {of['pipeline']} ended: {of['status']}",
    "run": lambda of: f"The bot applies commit {of.short('sha')} for {of.seal}: {of['run']}",
    "run.ended": _run_ended,
    "probes.before": _before,
    "verified": _verified,
    "deploy.ended": lambda of: f"The deployment ended: {of['state']}, {of.seal}. {of['reason']}",
    "drift.found": lambda of: f"Found drift at commit {of.short('head')}. {of.lines('releases')}",
    "drift.gone": lambda of: f"The drift is gone at commit {of.short('head')}",
    "push.direct": _push("Direct"),
    "push.forced": _push("Forced"),
}
