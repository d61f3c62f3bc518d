"""A deployment as Markdown: one note in the thread of the merge request that was merged."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core import markdown as md
from bot.core.marks import deploy_marker

LOG_LINES = 60
_TITLE = {
    "held": "⏸️ Held: {target} was not deployed",
    "waiting": "🕐 Deploying to {target}: waiting for the pipeline",
    "running": "🚀 Deploying to {target}",
    "verifying": "🔎 Deployed to {target}, now verifying",
    "succeeded": "✅ Deployed to {target} and verified",
    "failed": "❌ The deploy to {target} failed",
    "nothing": "✅ Nothing to deploy to {target}",
}


@dataclass(frozen=True, slots=True)
class DeployReport:
    """What the note says. `state` is a DeployState or `nothing`; texts are plain and masked.

    `links` are (label, URL) of GitLab's own pages. `log` is the end of the job's log. `trail` is the head of
    the trail, so that the database alone cannot be rewritten unseen.
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


def deploy_note(report: DeployReport) -> str:
    """The note, with its marker."""
    title = _TITLE[report.state].format(target=md.code(report.target))
    parts = [deploy_marker(report.target), f"### {title}"]
    if report.reason:
        parts.append(f"**Why:** {md.text(report.reason)}")
    if report.lines:
        parts.append("\n".join(f"- {md.text(line)}" for line in report.lines))
    if report.log:
        tail = "\n".join(report.log.splitlines()[-LOG_LINES:])
        parts.append(md.fold("The end of the job's log", md.fence(tail)))
    if report.way_out:
        parts.append(f"**What to do:** {md.text(report.way_out)}")
    parts.append(_footer(report))
    return "\n\n".join(part for part in parts if part) + "\n"


def _footer(report: DeployReport) -> str:
    facts: Sequence[str] = [
        f"merge commit {md.code(report.merge_sha[:12])}" if report.merge_sha else "",
        f"seal {md.code(report.seal)}" if report.seal else "",
        f"trail {md.code(report.trail)}" if report.trail else "",
        *(f"[{md.text(label)}]({url})" for label, url in report.links if _safe(url)),
    ]
    return "---\n" + " · ".join(fact for fact in facts if fact) if any(facts) else ""


def _safe(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not set(url) & set("()<> \n\\\"'")
