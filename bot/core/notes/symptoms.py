"""What a cluster says of a release that failed, as Markdown: all of it is foreign text."""

from bot.core.notes import markdown as md
from bot.core.verify.symptoms import NOTHING, Symptoms


def symptoms_part(symptoms: Symptoms) -> str:
    """States and warnings in the open, ends of logs in folds."""
    parts = [f"**What the cluster says of {md.code(symptoms.release)}**"]
    lines = [md.text(line) for line in (*symptoms.lines, *symptoms.unread)]
    if not lines and not symptoms.logs:
        lines = [NOTHING]
    if lines:
        parts.append("\n".join(f"- {line}" for line in lines))
    parts += [
        md.fold(md.html(log.of), md.fence("\n".join(f" {line}" for line in log.lines)))
        for log in symptoms.logs
    ]
    return "\n\n".join(parts)
