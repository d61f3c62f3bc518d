"""The look-alike as one object: starts, stops, and lets tests and the demo arrange and act."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.demo.gitlab import (
    api_basics,
    api_ci,
    api_group_hooks,
    api_hooks,
    api_merge_requests,
    api_notes,
    api_repository,
    api_revert,
    api_statuses,
    command_effects,
    git_http,
    merge_requests,
    merging,
    notes,
    pages,
)
from bot.demo.gitlab.arrange import Arranger
from bot.demo.gitlab.call import WORLD
from bot.demo.gitlab.delivery import Delivery, Postman
from bot.demo.gitlab.front import Fault, Front, LostAnswer, Request
from bot.demo.gitlab.git_repos import ZERO, Content, Person
from bot.demo.gitlab.mergeability import check
from bot.demo.gitlab.runner import Runner
from bot.demo.gitlab.state import MergeRequest, Note, Project, User
from bot.demo.gitlab.world import Limits, World

_APIS = (
    api_basics,
    api_merge_requests,
    api_notes,
    api_repository,
    api_statuses,
    api_ci,
    api_hooks,
    api_group_hooks,
    api_revert,
)
_LIMIT = 256 * 1024 * 1024


def _utc_now() -> datetime:
    return datetime.now(UTC)


class GitLab(Arranger):
    """A GitLab on 127.0.0.1. All state is in memory but the git repositories, which lie below `root`.

    `now` is the clock (aware, UTC). `job_environment` is added to the environment of each CI job.
    """

    def __init__(
        self,
        root: Path | None = None,
        now: Callable[[], datetime] = _utc_now,
        job_environment: Mapping[str, str] | None = None,
    ) -> None:
        self._own = root is None
        self.root = Path(tempfile.mkdtemp(prefix="gitlab-")) if root is None else root
        super().__init__(World(self.root, now))
        self.hooks = Postman(self.world)
        self.runner = Runner(self.world, dict(job_environment or {}))
        self.front = Front(self.world)
        self.world.emit = self.hooks.emit
        self.world.carry_out = partial(command_effects.carry_out, self.world)
        self._server: web.AppRunner | None = None

    # -- life

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_LIMIT, middlewares=[self.front.middleware])
        app[WORLD] = self.world
        app[api_hooks.POSTMAN] = self.hooks
        for module in _APIS:
            app.router.add_routes(module.api.table)
        app.router.add_routes(git_http.routes())
        app.router.add_routes(pages.routes())
        return app

    async def start(self, port: int = 0) -> None:
        self._server = web.AppRunner(self.application(), access_log=None)
        await self._server.setup()
        site = web.TCPSite(self._server, "127.0.0.1", port)
        await site.start()
        self.world.url = f"http://127.0.0.1:{self._server.addresses[0][1]}"
        self.runner.start()

    async def stop(self) -> None:
        """Ends jobs that run, deliveries on their way and the server; removes the repositories it made
        itself.
        """
        await self.runner.stop()
        await self.hooks.close()
        if self._server is not None:
            await self._server.cleanup()
            self._server = None
        if self._own:
            shutil.rmtree(self.root, ignore_errors=True)

    async def __aenter__(self) -> GitLab:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    # -- what tests look at and turn

    @property
    def url(self) -> str:
        return self.world.url

    @property
    def requests(self) -> list[Request]:
        return self.front.requests

    @property
    def deliveries(self) -> list[Delivery]:
        return self.hooks.log

    @property
    def limits(self) -> Limits:
        return self.world.limits

    def plant_fault(self, before: Fault | None = None, after: LostAnswer | None = None) -> None:
        """`before(request)` may answer instead of GitLab; `after(request, response)` may replace the answer
        when the work is done (an answer lost on the way). None takes the fault away.
        """
        self.front.fault, self.front.fault_after = before, after

    # -- what people do

    async def push(
        self, project: Project, branch: str, files: Mapping[str, Content], user: User,
        message: str = "Change", *, start: str | None = None, force: bool = False,
    ) -> str:  # fmt: skip
        """Commits the files (None removes one) on the branch, made from `start` (default: the default
        branch) where it is missing. `force` rewrites the branch from `start`. Everything that follows a
        push happens. The new head.
        """
        repo = self.world.repository(project)
        async with self.world.lock(project):
            old = await repo.resolve(f"refs/heads/{branch}")
            parent = await repo.resolve(start or project.default_branch) if old is None or force else old
            by = Person(user.name, user.email)
            new = await repo.write_commit(branch, parent, files, message, by, self.world.now())
        await merging.moved(self.world, project, branch, old or ZERO, new, user)
        return new

    async def branch(self, project: Project, name: str, user: User, start: str = "") -> str:
        """A new branch at `start` (default: the default branch) without a commit of its own; its head."""
        repo = self.world.repository(project)
        async with self.world.lock(project):
            head = await repo.resolve(start or project.default_branch) or ZERO
            await repo.update_ref(f"refs/heads/{name}", head)
        await merging.moved(self.world, project, name, ZERO, head, user)
        return head

    async def open_merge_request(
        self, project: Project, branch: str, user: User, title: str = "Change", description: str = "",
        *, target: str | None = None, source: Project | None = None,
    ) -> MergeRequest:  # fmt: skip
        goal = target or project.default_branch
        return await merge_requests.open_merge_request(
            self.world, project, source or project, branch, goal, title, user, description
        )

    async def merge(self, mr: MergeRequest, user: User, **options: Any) -> None:
        """As PUT /merge: options sha, squash, text, remove_source; raises errors.Refused where GitLab
        refuses.
        """
        await merging.merge(self.world, mr, user, **options)

    async def approve(self, mr: MergeRequest, user: User) -> None:
        await merge_requests.approve(self.world, mr, user)

    async def edit(self, mr: MergeRequest, user: User, **fields: Any) -> None:
        """title, description, target_branch, labels (names), assignees, reviewers (users)."""
        if "labels" in fields:
            fields["labels"] = merge_requests.labels(self.world, mr.project, fields["labels"])
        await merge_requests.edit(self.world, mr, user, fields)

    async def close(self, mr: MergeRequest, user: User) -> None:
        await merge_requests.close(self.world, mr, user)

    async def reopen(self, mr: MergeRequest, user: User) -> None:
        await merge_requests.reopen(self.world, mr, user)

    async def comment(self, mr: MergeRequest, user: User, body: str, **options: Any) -> Note | None:
        """The note, or None where it held only quick actions. Options: as those of notes.create."""
        made = await notes.create(self.world, mr, user, body, **options)
        return made if isinstance(made, Note) else None

    async def settle(self, mr: MergeRequest) -> None:
        """Ends GitLab's lag for this merge request: the merge ref is as it should be."""
        mr.lag = 0
        await check(self.world, mr)
