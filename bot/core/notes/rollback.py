"""What is said about going back: the preview, what comes of its code, and that Git and cluster differ."""

from collections.abc import Sequence

from bot.core.notes import markdown as md
from bot.core.notes.plan import PlanContext, plan_notes
from bot.core.planned import Plan, Rollback

MOST_LINES = 20
DIFFER = (
    "Git and the cluster differ now: Git still says what was rolled back, and the next merge deploys it "
    "again, unless Git is brought back as well."
)
_NOT_YET = (
    "Nothing is done yet. This is what would change; to Helm it is an upgrade to what revision {} stored."
)
OFFER = "To bring Git back: /helm rollback {name} --revert in this thread opens the merge request that does."


def preview(plan: Plan, code: str, *, revert: bool, left: str = "") -> str:
    """The answer to /helm rollback. `code` is empty where there is nothing to confirm.

    `left` says, as Markdown, what would be marked as failed first.
    """
    back = plan.rollback
    if back is None:
        raise ValueError("a preview is of a way back")
    name = f"{md.code(back.release)} on {md.code(plan.target)}"
    shown = _shown(plan)
    if plan.complete and not plan.has_errors and not plan.changes_something:
        said = f"Nothing to roll back: {name} is as revision {back.revision} had it."
        return "\n\n".join([f"### {said}", shown])
    title = f"### ↩️ Preview: {name} back to revision {back.revision}"
    if not code:
        said = "It cannot be done like this: the plan below has no seal, and its findings say why."
        return "\n\n".join([title, said, shown])
    how = (
        f"**To do exactly this:** {md.code(f'/helm confirm {code}')}, said in this thread within an hour by "
        "somebody who may. It is looked at once more then, and done only if nothing moved; the rules of the "
        "target's gate hold as for any deploy."
    )
    after = "The merge request that brings Git back is opened when it is done." if revert else ""
    afterwards = f"{md.text(_will_differ(back))} {after}".rstrip()
    parts = [title, _NOT_YET.format(back.revision), left, shown, how, afterwards]
    return "\n\n".join(part for part in parts if part)


def _will_differ(back: Rollback) -> str:
    return (
        "Afterwards Git and the cluster differ: Git still says what runs now. Reverting the merge request in "
        f"Git brings them together; /helm rollback {back.release} --revert opens that merge request, too."
    )


def _shown(plan: Plan) -> str:
    notes = plan_notes(plan, PlanContext(in_thread=False))
    # Without the marker and the title: a preview has its own.
    text = notes.parts[0].split("\n\n", 2)[2].rstrip()
    if len(notes.parts) > 1:
        text += f"\n\nToo long for one reply: {md.code('/helm diff RELEASE')} shows all of it."
    return text


def stale(target: str, wanted: Rollback, lines: Sequence[str]) -> str:
    """The answer to a code whose preview does not hold any more."""
    shown = [f"- {md.text(line)}" for line in lines[:MOST_LINES]]
    shown += [f"- and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    first = (
        f"{md.code(target)}: not rolled back. What was shown does not hold any more, so nothing was touched:"
    )
    again = f"/helm rollback {wanted.release} {wanted.revision}"
    return "\n\n".join([first, "\n".join(shown), f"{md.code(again)} shows it as it is now."])


def going(target: str, back: Rollback, seal: str) -> str:
    """The answer to a code that is good."""
    said = f"rolling {md.code(back.release)} back to revision {back.revision} under {md.code(seal)}"
    return f"{md.code(target)}: {said}; the deploy note follows it."


def way_out(text: str, command: str) -> str:
    """A way out that the gate or a deploy names, where a rollback is meant: its own command."""
    recover = f"{command} --recover" if command.startswith("/helm rollback") else command
    return text.replace("/helm deploy --recover", recover).replace("/helm deploy", command)


def again(back: Rollback) -> str:
    """The command that shows a rollback anew."""
    return f"/helm rollback {back.release} {back.revision}"


REVERTED = "The merge request that takes the merge back in Git is open; its merge brings the two together."


def revert_link(url: str) -> tuple[str, str]:
    """How the deploy note names it."""
    return ("revert merge request", url)


def not_reverted(reason: str) -> str:
    """What is said where it could not be opened."""
    return f"The merge request that brings Git back could not be opened: {reason}"
