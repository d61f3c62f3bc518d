"""One project as its people see it: they push, open, comment and merge; they read notes and statuses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.core.notes.marks import deploy_marker, plan_marker, plan_status, reply_marker
from bot.demo.gitlab import CommitStatus, GitLab, Job, MergeRequest, Note, Pipeline, Project, User
from tests.e2e.bot_process import BotProcess
from tests.e2e.files import VALUES
from tests.e2e.files import values as values_file
from tests.e2e.waiting import PATIENCE, until

SEAL = re.compile(r"sha256:[0-9a-f]{64}")
_ENDED = ("✅", "❌", "⏸️")


@dataclass(slots=True)
class Site:
    """`ada` is a developer, `max` a maintainer, `rita` a reporter; `purser` is the bot's own user."""

    gitlab: GitLab
    bot: BotProcess
    project: Project
    target: str
    namespace: str
    ada: User
    max: User
    rita: User
    purser: User

    async def change(
        self,
        branch: str = "change",
        files: Mapping[str, str] | None = None,
        *,
        title: str = "",
        target: str | None = None,
    ) -> MergeRequest:
        """A merge request of ada's: green by default, or with these files."""
        await self.push(branch, files)
        title = title or f"Do {branch}"
        return await self.gitlab.open_merge_request(self.project, branch, self.ada, title, target=target)

    async def push(
        self, branch: str, files: Mapping[str, str | None] | None = None, by: User | None = None
    ) -> str:
        """A commit on the branch (by default the color green); its sha."""
        content = {VALUES: values_file(color="green")} if files is None else files
        return await self.gitlab.push(self.project, branch, content, by or self.ada)

    # -- what stands in the thread

    def plan_notes(self, mr: MergeRequest) -> list[Note]:
        """The notes that hold a plan; there should never be two."""
        return [note for note in mr.notes if note.body.startswith(plan_marker(self.target))]

    def deploy_notes(self, mr: MergeRequest) -> list[Note]:
        """The notes that follow a deployment; there should never be two."""
        return [note for note in mr.notes if note.body.startswith(deploy_marker(self.target))]

    async def planned(self, mr: MergeRequest, *, head: str | None = None, plan: str = "") -> str:
        """Waits for the plan of this head (its present one) with its status; the note's text.

        `plan` is a text that the note must hold.
        """
        sha = head or mr.head

        def look() -> str | None:
            bodies = [note.body for note in self.plan_notes(mr)]
            good = [body for body in bodies if f"head `{sha[:12]}`" in body and plan in body]
            return good[0] if good and self.statuses(sha) else None

        return await self._until(look, f"the plan of {sha[:12]}")

    async def noted(self, mr: MergeRequest, text: str) -> str:
        """Waits for a plan note that holds this text."""

        def look() -> str | None:
            return next((note.body for note in self.plan_notes(mr) if text in note.body), None)

        try:
            return await self._until(look, f"a plan note that says: {text}")
        except TimeoutError as error:
            error.add_note("The notes are:\n" + "\n".join(note.body for note in self.plan_notes(mr)))
            raise

    async def noted_deploy(self, mr: MergeRequest, text: str) -> str:
        """Waits for a deploy note that holds this text."""

        def look() -> str | None:
            return next((note.body for note in self.deploy_notes(mr) if text in note.body), None)

        return await self._until(look, f"a deploy note that says: {text}", 90)

    async def deployed(self, mr: MergeRequest) -> str:
        """Waits for a deployment to end, well or not; the note's text."""

        def look() -> str | None:
            titles = {note.body: note.body.splitlines()[2] for note in self.deploy_notes(mr)}
            return next((body for body, title in titles.items() if any(m in title for m in _ENDED)), None)

        return await self._until(look, "the deployment to end", 90)

    async def replied(self, mr: MergeRequest, to: Note) -> str:
        """Waits for the answer to a command and its last reaction; the reply's text."""

        def look() -> str | None:
            bodies = [note.body for note in mr.notes if note.body.startswith(reply_marker(to.id))]
            return bodies[0] if bodies and len(to.awards) > 1 else None

        return await self._until(look, f"the reply to: {to.body}")

    async def command(self, mr: MergeRequest, by: User, text: str) -> tuple[Note, str]:
        """Comments, and waits for the answer: the comment and the reply's text."""
        note = await self.gitlab.comment(mr, by, text)
        assert note is not None
        return note, await self.replied(mr, note)

    async def settled(self, mr: MergeRequest) -> None:
        """Everything that happened so far was looked at: a command that came after it is answered."""
        await self.command(mr, self.max, "/helm help")

    # -- what stands beside it

    def statuses(self, sha: str) -> list[CommitStatus]:
        """The plan's statuses on a commit that are in force."""
        every = [status for pipeline in self.project.pipelines.values() for status in pipeline.statuses]
        name = plan_status(self.target)
        return [it for it in every if it.sha == sha and it.name == name and not it.retried]

    def apply_pipelines(self) -> list[Pipeline]:
        """Pipelines with a job that applies."""
        return [it for it in self.project.pipelines.values() if self.jobs(it)]

    def jobs(self, pipeline: Pipeline) -> list[Job]:
        """The jobs of a pipeline that apply."""
        return [job for job in pipeline.jobs if job.name.startswith("purser-apply")]

    def plans_made(self) -> int:
        """How many plans the bot has written into threads of this project."""
        return self._count("plan.commented")

    async def _until(self, look: Callable[[], str | None], what: str, within: float = PATIENCE) -> str:
        try:
            return await until(look, what, within)
        except TimeoutError as error:
            error.add_note("The bot's last words:\n" + "\n".join(self.bot.lines[-25:]))
            raise

    def _count(self, event: str, which: Callable[[str], bool] = bool) -> int:
        key = f"plan:{self.project.path}:"
        return sum(str(it.get("work", "")).startswith(key) for it in self.bot.facts(event))


def seal_of(note: str) -> str:
    """The seal in a note."""
    found = SEAL.search(note)
    assert found is not None, note
    return found[0]


async def call(site: Site, method: str, path: str, by: User | None = None, **body: Any) -> Any:
    """A request to the API of the project, by max where nobody is named; the answer's JSON."""
    headers = {"PRIVATE-TOKEN": site.gitlab.token_for(by or site.max)}
    url = f"{site.gitlab.url}/api/v4/projects/{site.project.id}/{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, json=body or None) as answer,
    ):
        assert answer.status < 300, await answer.text()
        return await answer.json()
