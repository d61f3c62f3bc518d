"""The whole diff of one release as Markdown, for a reply."""

from bot.core.notes import markdown as md
from bot.core.notes.hunks import object_diff
from bot.core.planned import ReleasePlan

LIMIT = 60_000
"""Characters; see core/notes/plan.py."""


def release_diff(release: ReleasePlan, context: int) -> str:
    """Every object that changes, with `context` lines around changes; what does not fit is named."""
    title = f"**{md.text(release.key)}**: {release.action}"
    changing = [item for item in release.objects if item.action != "unchanged"]
    if not changing:
        return f"{title}, no object changes."
    parts, left, room = [title], [], LIMIT - len(title)
    for item in changing:
        hook = f", hook {md.code(item.hook)}" if item.hook else ""
        diff = object_diff(item, context)
        text = f"**{item.action}** {md.code(str(item.ref))}{hook}"
        text += f"\n\n{md.fence(diff, 'diff')}" if diff else ""
        if len(text) > room:
            left.append(md.code(str(item.ref)))
            continue
        room -= len(text) + 2
        parts.append(text)
    if left:
        names = ", ".join(left[:50]) + (f" and {len(left) - 50} more" if len(left) > 50 else "")
        parts.append(f"Too long for one reply, so not shown: {names}. {md.code('purser plan')} shows them.")
    return "\n\n".join(parts)
