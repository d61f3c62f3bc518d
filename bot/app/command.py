"""Answer the commands of a note: look who asks, react, do, reply."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import structlog

from bot.app.commands.request import Answer, Request
from bot.app.ports import Forge, MergeRequest, Note, Reply, Store
from bot.core.command import COMMANDS, Command, Malformed, Parsed, Unknown, parse
from bot.core.gate.rules import LEVELS
from bot.core.model import Target
from bot.core.nearest import named, nearest
from bot.core.notes import markdown as md
from bot.core.notes.marks import reply_marker
from bot.core.webhook.intake import planning
from bot.core.work import DESCRIPTION, CommandWork, Done, Outcome

log = structlog.get_logger()

LeastLevel: TypeAlias = Callable[[str, str, str | None], int]
"""The least access level for a command, on a project and a target of it (None: on no target)."""

_HELP = f"{md.code('/helm help')} lists the commands."


class AnswerCommands:
    """Commands of one note, carried out once and answered once in its discussion.

    `answers` has the commands that exist; `least` says who may give them.
    """

    def __init__(
        self,
        forge: Forge,
        store: Store,
        answers: Mapping[str, Callable[[Request], Awaitable[Answer]]],
        least: LeastLevel,
    ) -> None:
        self._forge = forge
        self._store = store
        self._answers = answers
        self._least = least

    async def __call__(self, work: CommandWork, targets: Sequence[Target]) -> Outcome:
        """Reads the note again; one that is gone, edited, a system note or our own does nothing."""
        note = await self._said(work, targets)
        mr = await self._forge.merge_request(work.project, work.iid)
        if note is None or mr is None:
            log.info("command.ignored", note=work.note_id)
            return Done()
        commands = parse(note.body) if note.id != DESCRIPTION else planning(parse(note.body))
        if not commands or note.author == await self._forge.me():
            return Done()
        await self._react(work, "eyes")
        replies = await self._replies(commands, mr, note, targets)
        texts = [it.text for it in replies if it.text is not None]
        if texts:
            await self._reply(work, note, "\n\n".join([reply_marker(note.id), *texts]) + "\n")
            await self._store.posted(mr.project, mr.iid, note.id)
        if not all(it.good for it in replies):
            await self._react(work, "x")
        elif all(it.done for it in replies):
            await self._react(work, "white_check_mark")
        return Done()

    async def _replies(
        self, commands: Sequence[Parsed], mr: MergeRequest, note: Note, targets: Sequence[Target]
    ) -> list[Reply]:
        """What each command is answered. What was carried out in an earlier try is not done again."""
        kept = dict(await self._store.replies(mr.project, mr.iid, note.id))
        left = [number for number in range(len(commands)) if number not in kept]
        level = await self._forge.access_level(mr.project, note.author_id) if left else 0
        for number in left:
            answer = await self._answer(commands[number], number, mr, note, targets, level)
            about = (mr.project, mr.iid, note.id, number)
            kept[number] = Reply(*about, answer.text, answer.good, answer.done)
            await self._store.add_reply(kept[number])
        return [kept[number] for number in range(len(commands))]

    async def _said(self, work: CommandWork, targets: Sequence[Target]) -> Note | None:
        """The note as it is now, where commands in it count."""
        if work.note_id == DESCRIPTION:
            listens = any(target.description for target in targets)
            return await self._forge.description(work.project, work.iid) if listens else None
        note = await self._forge.note(work.project, work.iid, work.note_id)
        if note is None or note.system or note.edited:
            return None
        return None if note.internal and not any(target.internal_notes for target in targets) else note

    async def _react(self, work: CommandWork, emoji: str) -> None:
        if work.note_id != DESCRIPTION:
            await self._forge.react(work.project, work.iid, work.note_id, emoji)

    async def _reply(self, work: CommandWork, note: Note, body: str) -> None:
        marker = reply_marker(note.id)
        if note.id == DESCRIPTION:
            await self._forge.upsert_note(work.project, work.iid, marker, body)
            return
        discussion = note.discussion_id or work.discussion_id
        await self._forge.reply(work.project, work.iid, discussion, marker, body)

    async def _answer(
        self,
        parsed: Parsed,
        number: int,
        mr: MergeRequest,
        note: Note,
        targets: Sequence[Target],
        level: int,
    ) -> Answer:
        match parsed:
            case Malformed(reason):
                answer = Answer(f"Not understood: {md.text(reason)}. {_HELP}", good=False)
            case Unknown(word, hint):
                nearest = f" Did you mean {md.code(f'/helm {hint}')}?" if hint else ""
                answer = Answer(f"There is no command {md.code(word)}.{nearest} {_HELP}", good=False)
            case Command():
                answer = await self._run(parsed, mr, note, targets, level)
        name = parsed.name if isinstance(parsed, Command) else ""
        facts = {"by": note.author, "command": name, "good": answer.good}
        once = f"command:{mr.project}:{mr.iid}:{note.id}:{number}"
        await self._store.record("command", mr.project, mr.iid, facts, once=once)
        log.info("command.answered", command=name, good=answer.good)
        return answer

    async def _run(
        self, command: Command, mr: MergeRequest, note: Note, targets: Sequence[Target], level: int
    ) -> Answer:
        default = await self._forge.default_branch(mr.project)
        mine = [target for target in targets if (target.branch or default) == mr.target_branch]
        wanted = command.options.get("target")
        picked = [target for target in mine if wanted in (None, target.name)]
        roles = {name: self._level(name, mr, picked) for name in COMMANDS}
        least = roles[command.name]
        if level < least:
            role = next((name for name, number in LEVELS.items() if number >= least), "owner")
            need = f"{md.code(f'/helm {command.name}')} needs the role {role} or above in this project."
            return Answer(need, good=False)
        run = self._answers.get(command.name)
        if run is None:
            return Answer(f"{md.code(f'/helm {command.name}')} does not exist here. {_HELP}", good=False)
        if wanted is not None and not picked:
            return Answer(_no_target(wanted, [target.name for target in mine]), good=False)
        elsewhere = [(target.name, target.branch or default) for target in targets if target not in mine]
        return await run(Request(command, mr, note, picked, level, roles, tuple(elsewhere)))

    def _level(self, command: str, mr: MergeRequest, targets: Sequence[Target]) -> int:
        """The strictest of the targets that are concerned."""
        names: list[str | None] = [target.name for target in targets]
        return max(self._least(command, mr.project, name) for name in names or [None])


def _no_target(wanted: str, known: Sequence[str]) -> str:
    near = nearest(wanted, known)
    hint = f" Did you mean {md.code(near)}?" if near else ""
    there = ", ".join(md.code(name) for name in named(known))
    return f"No target is called {md.code(wanted)}; there is {there}.{hint}"
