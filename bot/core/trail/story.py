"""The trail of one merge request and target as a story that an auditor reads, in Markdown."""

from collections.abc import Iterable, Sequence

from bot.core.notes import markdown as md
from bot.core.trail.chain import Entry
from bot.core.trail.words import jobs_of, sentence, targets_of, who

_ENDS = {
    "succeeded": "deployed and verified",
    "failed": "the deploy failed",
    "rolled back": "rolled back and verified",
    "held": "held: merged, not deployed",
}


def stories(project: str, iid: int, entries: Sequence[Entry], target: str | None = None) -> list[str]:
    """One section of Markdown for each target that the entries of a merge request speak of, oldest first.

    An entry about no target in particular stands in each. `target` leaves out all others.
    """
    named = list(dict.fromkeys(name for it in entries for name in targets_of(it)))
    wanted = [name for name in named if target in (None, name)]
    return [
        _story(project, iid, name, [it for it in entries if not targets_of(it) or name in targets_of(it)])
        for name in wanted
    ]


def pushes(entries: Iterable[Entry]) -> str:
    """A section of what belongs to no merge request; empty where there is nothing."""
    found = list(entries)
    return "\n\n".join(["## Past the merge requests", _timeline(found)]) + "\n" if found else ""


def _story(project: str, iid: int, target: str, entries: Sequence[Entry]) -> str:
    title = f"## {md.text(project)}, merge request {iid} to {md.text(target)}: {_end(entries)}"
    answers = [
        ("Who proposed it", _by(entries, "plan")),
        ("What would change", _changes(entries)),
        ("Who approved", _each(entries, "approval")),
        ("What the gate said", _each(entries, "gate")),
        ("Who merged it", _by(entries, "merge")),
        ("What ran", _ran(entries)),
        ("What was verified", _each(entries, "verified")),
        ("How it ended", _each(entries, "deploy.ended")),
    ]
    rows = [(question, answer or "nothing on record") for question, answer in answers]
    return "\n\n".join([title, md.table(("question", "answer"), rows), _timeline(entries)]) + "\n"


def _end(entries: Sequence[Entry]) -> str:
    ended = [it for it in entries if it.kind == "deploy.ended"]
    if ended:
        state = str(ended[-1].facts.get("state"))
        nothing = state == "succeeded" and not _of(entries, "verified")
        return "nothing to deploy" if nothing else _ENDS.get(state, md.text(state))
    return "merged, not ended" if _of(entries, "merge") else "not merged"


def _of(entries: Sequence[Entry], kind: str) -> list[Entry]:
    return [it for it in entries if it.kind == kind]


def _cell(lines: Iterable[str]) -> str:
    return "<br>".join(md.text(line) for line in lines)


def _told(entry: Entry) -> str:
    by = who(entry)
    return f"{by}: {sentence(entry)} (entry {entry.id})" if by else f"{sentence(entry)} (entry {entry.id})"


def _each(entries: Sequence[Entry], kind: str) -> str:
    return _cell(_told(it) for it in _of(entries, kind))


def _by(entries: Sequence[Entry], kind: str) -> str:
    found = _of(entries, kind)
    return _cell([_told(found[-1])]) if found else ""


def _changes(entries: Sequence[Entry]) -> str:
    """Of the newest plan, which is the one that a merge deploys."""
    plans = _of(entries, "plan")
    if not plans:
        return ""
    facts = plans[-1].facts
    changes = [str(it) for it in facts.get("changes") or ()] or ["nothing"]
    return _cell([*changes, f"plan document {facts.get('document')} (entry {plans[-1].id})"])


def _ran(entries: Sequence[Entry]) -> str:
    lines = []
    for it in entries:
        if it.kind in ("pipeline", "pipeline.ended", "run", "run.ended"):
            lines += [_told(it), *jobs_of(it)]
    return _cell(lines)


def _timeline(entries: Sequence[Entry]) -> str:
    rows = [
        (str(it.id), it.at[:19].replace("T", " "), md.text(who(it)), md.text(sentence(it)), it.digest[:16])
        for it in entries
    ]
    return md.table(("entry", "when (UTC)", "who", "what", "digest"), rows)
