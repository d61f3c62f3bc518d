"""A GitLab with one project, two people and our bot, and the adapter that speaks to it over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.adapters.gitlab.forge import GitLabClient, GitLabForge, Patience, open_client
from bot.app.ports import Forge
from bot.core.redact.masking import Masker
from bot.demo.gitlab import GitLab, Level, MergeRequest, Project, User
from tests.contracts.described import undescribed

PATH = "ops/cluster"
FILES = {"releases.yaml": "version: 1\n"}
MASKER = Masker(b"key")
QUICK = Patience(connect=2, total=5, budget=10, attempts=3, first_wait=0.005, longest_wait=0.02, jitter=0.002)


@dataclass(slots=True)
class Setting:
    gitlab: GitLab
    project: Project
    ada: User
    bot: User
    token: str
    forge: Forge
    client: GitLabClient

    async def open(self, branch: str = "change", content: str = "replicas: 2\n") -> MergeRequest:
        """A merge request by ada that adds a file."""
        await self.gitlab.push(self.project, branch, {f"{branch}.yaml": content}, self.ada)
        return await self.gitlab.open_merge_request(self.project, branch, self.ada)

    def sent(self, method: str) -> list[str]:
        """The paths of the bot's requests with that method."""
        return [r.path for r in self.gitlab.requests if r.method == method and r.user == self.bot.username]

    def lose_answers(self, method: str, ending: str, times: int = 1) -> None:
        """GitLab does the work, but its answer gets lost on the way."""
        left = times

        def lost(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
            nonlocal left
            if left and request.method == method and request.path.endswith(ending):
                left -= 1
                assert request.transport is not None
                request.transport.abort()
            return None

        self.gitlab.plant_fault(after=lost)


@asynccontextmanager
async def setting(files: Mapping[str, str] | None = None) -> AsyncIterator[Setting]:
    async with GitLab() as gitlab:
        ada = gitlab.add_user("ada")
        project = await gitlab.add_project(PATH, {**FILES, **(files or {})}, {ada: Level.MAINTAINER})
        bot, token = gitlab.project_bot(project)
        async with open_client(gitlab.url, lambda: token, patience=QUICK, mask=MASKER.text) as client:
            yield Setting(gitlab, project, ada, bot, token, GitLabForge(client), client)
        assert undescribed(gitlab.requests) == {}
