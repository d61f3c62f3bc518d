"""A verification as Markdown, for the deploy note."""

from bot.core.notes import markdown as md
from bot.core.verify.outcome import ReleaseCheck, Verdict, bounded
from bot.core.verify.probes import ProbeResult

_CHECK = {"good": "✅", "waiting": "⏳", "bad": "❌"}
_LATER = "⏳ A fresh plan is made when the rollouts are done."
_PROBE = {"passed": "✅ passed", "failed": "❌ failed", "unknown": "❔ unknown"}


def verification_part(verdict: Verdict) -> str:
    """Releases, the fresh plan and the probes. Texts in the verdict are masked already."""
    lines = [f"❔ {md.text(line)}" for line in verdict.unread]
    for check in verdict.releases:
        lines += _release(check)
    if verdict.left is not None:
        lines += [f"❌ {md.text(line)}" for line in bounded(verdict.left)]
        lines += [] if verdict.left else ["✅ A fresh plan is empty."]
    elif verdict.releases and not verdict.unread:
        lines.append("❔ No fresh plan was made." if verdict.settled else _LATER)
    items = "\n".join(line if line.startswith("  ") else f"- {line}" for line in lines)
    parts = ["**Verification**" if items or verdict.probes else "", items, _probes(verdict.probes)]
    return "\n\n".join(part for part in parts if part)


def _release(check: ReleaseCheck) -> list[str]:
    if check.state == "good" or not check.objects:
        return [f"{_CHECK[check.state]} {md.text(line)}{_counted(check)}" for line in check.lines]
    inner = (line.removeprefix(f"{check.key}: ") for line in bounded(check.lines))
    return [
        f"{_CHECK[check.state]} {md.text(check.key)}{_counted(check)}:",
        *(f"  - {md.text(line)}" for line in inner),
    ]


def _counted(check: ReleaseCheck) -> str:
    facts = [f"revision {check.revision}"] if check.revision else []
    facts += [f"{check.ready} of {check.objects} objects are ready"] if check.objects else []
    return f" ({', '.join(facts)})" if facts else ""


def _probes(results: tuple[ProbeResult, ...]) -> str:
    if not results:
        return ""
    rows = [
        (
            md.code(one.name),
            md.code(one.expected),
            md.code(f"{one.before} → {one.after}" if one.before else one.after),
            _PROBE[one.state] + (f": {md.text(one.why)}" if one.why else ""),
        )
        for one in results
    ]
    return md.table(("probe", "expected", "before → after", "result"), rows)
