"""A deployment as Markdown: one note in the thread of the merge request that was merged."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.deploy.release_report import ReleaseReport
from bot.core.notes import markdown as md
from bot.core.notes import rollback as rollback_note
from bot.core.notes.marks import deploy_marker
from bot.core.notes.symptoms import symptoms_part
from bot.core.notes.verify import verification_part
from bot.core.planned import Rollback
from bot.core.verify.outcome import Verdict
from bot.core.verify.symptoms import Symptoms

LOG_LINES = 80
EMPTY = "A fresh plan is empty."
_TITLE = {
    "held": "⏸️ Held: {target} was not deployed",
    "waiting": "🕐 Deploying to {target}: waiting for the pipeline",
    "running": "🚀 Deploying to {target}",
    "verifying": "🔎 Deployed to {target}, now verifying",
    "succeeded": "✅ Deployed to {target} and verified",
    "failed": "❌ The deploy to {target} failed",
    "nothing": "✅ Nothing to deploy to {target}",
}
_BACK = {
    "held": "⏸️ Held: {release} on {target} was not rolled back to revision {revision}",
    "waiting": "🕐 Rolling {release} on {target} back to revision {revision}: waiting for the pipeline",
    "running": "🚀 Rolling {release} on {target} back to revision {revision}",
    "verifying": "🔎 Rolled {release} on {target} back to revision {revision}, now verifying",
    "rolled back": "✅ Rolled {release} on {target} back to revision {revision} and verified",
    "failed": "❌ The rollback of {release} on {target} to revision {revision} failed",
}


@dataclass(frozen=True, slots=True)
class DeployReport:
    """What the note says. `state` is a DeployState or `nothing`; texts are plain and masked.

    `links` are (label, URL) of GitLab's own pages. `log` is the end of the job's log. `trail` is the head of
    the trail, so that the database alone cannot be rewritten unseen. `run` names the process of mode direct;
    `releases` say what became of each, `verification` how the cluster took it, `symptoms` what it says
    of those that went wrong. `back` is where a rollback goes.
    """

    target: str
    state: str
    reason: str = ""
    way_out: str = ""
    merge_sha: str = ""
    seal: str = ""
    links: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    log: str = ""
    trail: str = ""
    run: str = ""
    releases: tuple[ReleaseReport, ...] = ()
    verification: Verdict | None = None
    back: Rollback | None = None
    trace: str = ""
    symptoms: tuple[Symptoms, ...] = ()


def deploy_note(report: DeployReport) -> str:
    """The note, with its marker."""
    title, way_out = _title(report), report.way_out
    parts = [deploy_marker(report.target), f"### {title}"]
    if report.reason:
        parts.append(f"**Why:** {md.text(report.reason)}")
    if report.releases:
        parts.append(_table(report.releases))
    if report.verification:
        parts.append(_verified(report.verification, report.back))
    parts += [symptoms_part(one) for one in report.symptoms]
    if report.lines:
        parts.append("\n".join(f"- {md.text(line)}" for line in report.lines))
    if report.log:
        tail = "\n".join(report.log.splitlines()[-LOG_LINES:])
        parts.append(md.fold(f"The end of the {'run' if report.run else 'job'}'s log", md.fence(tail)))
    if way_out and report.back:
        way_out = rollback_note.way_out(way_out, rollback_note.again(report.back))
    if report.back and report.state == "rolled back":
        parts.append(f"**{md.text(rollback_note.DIFFER)}**")
    if way_out:
        parts.append(f"**What to do:** {md.text(way_out)}")
    parts.append(_footer(report))
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(report: DeployReport) -> str:
    target, back = md.code(report.target), report.back
    if back is None:
        return _TITLE[report.state].format(target=target)
    return _BACK[report.state].format(target=target, release=md.code(back.release), revision=back.revision)


def _verified(verdict: Verdict, back: Rollback | None) -> str:
    """The fresh plan of a rollback is one of the same way back, which Git knows nothing of."""
    said = verification_part(verdict)
    instead = f"All is as revision {back.revision} has it." if back else EMPTY
    return said.replace(EMPTY, instead)


def _table(releases: Sequence[ReleaseReport]) -> str:
    rows = ["| release | what | how it went |", "|---|---|---|"]
    rows += [f"| {md.code(one.key)} | {one.action} | {_went(one)} |" for one in releases if _shown(one)]
    unchanged = sum(one.state == "unchanged" for one in releases)
    rest = f"\n\n{unchanged} more had nothing to do." if unchanged else ""
    return ("\n".join(rows) if len(rows) > 2 else "") + rest


def _shown(report: ReleaseReport) -> bool:
    return report.state != "unchanged"


def _went(report: ReleaseReport) -> str:
    took = f"{report.seconds:.0f} s"
    match report.state:
        case "applied":
            revision = f", revision {report.revision}" if report.revision else ""
            return f"✅ in {took}{revision}"
        case "already":
            return "✅ by an earlier try"
        case "failed" | "stopped":
            return f"❌ {report.state} after {took}"
        case "not started" | "unchanged":
            return f"⏸️ {report.state}" + (f": {md.text(report.why)}" if report.why else "")


def _footer(report: DeployReport) -> str:
    facts: Sequence[str] = [
        f"merge commit {md.code(report.merge_sha[:12])}" if report.merge_sha else "",
        f"seal {md.code(report.seal)}" if report.seal else "",
        f"run {md.code(report.run)}" if report.run else "",
        f"trail {md.code(report.trail)}" if report.trail else "",
        f"trace {md.code(report.trace)}" if report.trace else "",
        *(f"[{md.text(label)}]({url})" for label, url in report.links if _safe(url)),
    ]
    return "---\n" + " · ".join(fact for fact in facts if fact) if any(facts) else ""


def _safe(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not set(url) & set("()<> \n\\\"'")
