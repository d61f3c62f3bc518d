"""A command is carried out once, however often its reply has to be posted."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bot.adapters.memory import MemoryQueue, MemoryStore
from bot.app.command import AnswerCommands
from bot.app.commands.request import Answer, Request
from bot.app.commands.taken_up import begin, work_of
from bot.app.failure import TellFailure
from bot.app.ports import Deployment, MergeRequest, Note, Reply
from bot.core.command import Command
from bot.core.errors import TransientError
from bot.core.model import Target
from bot.core.notes.marks import reply_marker
from bot.core.redact.masking import Masker
from bot.core.work import CommandWork, Done
from tests.app.sweeping import PROJECT, change, note

TARGET = Target("production", PROJECT)
WORK = CommandWork(PROJECT, 1, 5, "d5")


@dataclass
class Forge:
    """A thread with one note in it. It refuses the first `refuses` replies."""

    said: str
    refuses: int = 0
    replies: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)

    async def merge_request(self, project: str, iid: int) -> MergeRequest:
        return change()

    async def note(self, project: str, iid: int, note_id: int) -> Note:
        return note(note_id, self.said)

    async def me(self) -> str:
        return "purser"

    async def default_branch(self, project: str) -> str:
        return "main"

    async def access_level(self, project: str, user_id: int) -> int:
        return 40

    async def react(self, project: str, iid: int, note_id: int, emoji: str) -> None:
        if emoji not in self.reactions:
            self.reactions.append(emoji)

    async def reply(self, project: str, iid: int, discussion: str, marker: str, body: str) -> int:
        if self.refuses:
            self.refuses -= 1
            raise TransientError("GitLab answers with 500")
        self.replies.append(body)
        return 9


@dataclass
class Story:
    """`answers` are given by a command's words in turn; `calls` counts how often each was carried out."""

    forge: Forge
    answers: dict[str, list[Answer | TransientError]]
    store: MemoryStore = field(default_factory=MemoryStore)
    calls: Counter[str] = field(default_factory=Counter)

    async def to_its_end(self) -> None:
        """As the queue does it: again after each transient error."""
        table = {name: self._answer for name in ("lock", "status")}
        command = AnswerCommands(cast(Any, self.forge), self.store, table, lambda *_: 30)
        while True:
            try:
                assert await command(WORK, [TARGET]) == Done()
                return
            except TransientError:
                continue

    async def _answer(self, request: Request) -> Answer:
        name = request.command.name
        self.calls[name] += 1
        given = self.answers[name].pop(0)
        if isinstance(given, TransientError):
            raise given
        return given

    async def kinds(self) -> list[str]:
        return [it["kind"] for it in await self.store.trail(PROJECT)]


async def test_a_refused_reply_is_posted_again_and_the_command_is_not_done_again() -> None:
    story = Story(Forge("/helm lock", refuses=3), {"lock": [Answer("It is locked.")]})
    await story.to_its_end()
    assert story.calls == {"lock": 1}
    assert story.forge.replies == [f"{reply_marker(5)}\n\nIt is locked.\n"]
    assert story.forge.reactions == ["eyes", "white_check_mark"]
    assert await story.kinds() == ["command"]


async def test_the_same_work_once_more_says_nothing_new() -> None:
    """It died after the reply, before the queue had written down that it was done."""
    story = Story(Forge("/helm lock"), {"lock": [Answer("It is locked already.", good=False)]})
    await story.to_its_end()
    await story.to_its_end()
    assert story.calls == {"lock": 1}
    assert len(story.forge.replies) == 1
    assert story.forge.reactions == ["eyes", "x"]


async def test_a_command_that_could_not_be_done_is_done_again_and_the_one_before_it_is_not() -> None:
    status: list[Answer | TransientError] = [TransientError("the cluster is away"), Answer("All is well.")]
    story = Story(Forge("/helm lock\n/helm status"), {"lock": [Answer("It is locked.")], "status": status})
    await story.to_its_end()
    assert story.calls == {"lock": 1, "status": 2}
    assert story.forge.replies == [f"{reply_marker(5)}\n\nIt is locked.\n\nAll is well.\n"]


async def test_a_note_of_what_failed_says_what_was_done_before() -> None:
    forge, store = Forge("/helm lock\n/helm status"), MemoryStore()
    await store.add_reply(Reply(PROJECT, 1, 5, 0, "It is locked.", good=True, done=True))
    tell = TellFailure(cast(Any, forge), store, lambda: Masker(b"key"))
    await tell(WORK, TransientError("the cluster is away"))
    [said] = forge.replies
    assert said.startswith(f"{reply_marker(5)}\n\nIt is locked.\n\n### Then it failed\n\n")
    assert "What has no answer above was not done." in said
    assert "the cluster is away" in said


@pytest.mark.parametrize("state", ["failed", "succeeded"])
async def test_a_deployment_whose_work_is_done_already_stays_as_that_left_it(state: Any) -> None:
    """It died between the work and its answer, and another process did the work meanwhile."""
    queue, store = MemoryQueue(), MemoryStore()
    request = Request(Command("deploy"), change(), note(5, "/helm deploy"), [TARGET], 40, {})
    work = work_of(request, TARGET)
    await queue.submit(work)
    assert queue.take() == work
    queue.end(work)
    before = Deployment(PROJECT, 1, "production", "c" * 40, state, "sha256:1")
    waiting = Deployment(PROJECT, 1, "production", "c" * 40, "waiting", "sha256:1")
    await begin(store, queue, request, TARGET, before, waiting)
    assert await store.deployment(PROJECT, 1, "production") == before
