"""Arranging a world: people, tokens, projects, webhooks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

from bot.demo.gitlab.ci_state import Variable
from bot.demo.gitlab.git_repos import Content, Person
from bot.demo.gitlab.state import Hook, Level, Project, Protection, Settings, Token, User, Visibility
from bot.demo.gitlab.world import World

EVENTS = (
    "push",
    "merge_requests",
    "note",
    "confidential_note",
    "pipeline",
    "job",
    "deployment",
    "emoji",
    "issues",
)


class Arranger:
    """Puts things in place; nothing here fires a webhook."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root_user = self._user("root", "Administrator", admin=True)

    def _user(self, username: str, name: str, bot: bool = False, admin: bool = False) -> User:
        made = User(self.world.number("user"), username, name, self.world.now(), bot=bot, admin=admin)
        self.world.users[made.id] = made
        return made

    def add_user(self, username: str, name: str = "", *, bot: bool = False, admin: bool = False) -> User:
        if self.world.user(username) is not None:
            raise ValueError(f"there is a user {username} already")
        return self._user(username, name or username.replace(".", " ").title(), bot, admin)

    def token_for(
        self,
        user: User,
        scopes: Iterable[str] = ("api",),
        expires: date | None = None,
        project: Project | None = None,
    ) -> str:
        """A new personal (or project) access token's value."""
        number = self.world.number("token")
        value = "glpat-" + hashlib.sha256(f"{user.username} {number}".encode()).hexdigest()[:26]
        made = Token(number, value, user, f"token {number}", frozenset(scopes), self.world.now(), expires)
        made.project = project
        self.world.tokens[value] = made
        return value

    def project_bot(
        self,
        project: Project,
        name: str = "purser",
        level: Level = Level.MAINTAINER,
        scopes: Iterable[str] = ("api",),
    ) -> tuple[User, str]:
        """A project access token: GitLab makes a bot user for it, who is a member of that project only."""
        user = self._user(f"project_{project.id}_bot_{self.world.number('bot'):04x}", name, bot=True)
        project.members[user.id] = level
        return user, self.token_for(user, scopes, project=project)

    def revoke(self, token: str) -> None:
        self.world.tokens[token].revoked = True

    async def add_project(
        self, path: str, files: Mapping[str, Content] | None = None,
        members: Mapping[User, Level] | None = None, *,
        settings: Settings | None = None, visibility: Visibility = "private", default_branch: str = "main",
    ) -> Project:  # fmt: skip
        """A project whose protected default branch holds the files (and a README). Fires no hook."""
        number = self.world.number("project")
        made = Project(
            number, path, self.world.root / f"{number}.git", self.root_user, self.world.now(), default_branch
        )
        made.visibility, made.settings = visibility, settings or Settings()
        made.members = {user.id: level for user, level in (members or {}).items()}
        made.protected[default_branch] = Protection()
        repo = self.world.repository(made)
        await repo.create(default_branch)
        self.world.projects[number] = made
        by = Person(self.root_user.name, self.root_user.email)
        content = {"README.md": f"# {made.name}\n", **(files or {})}
        await repo.write_commit(default_branch, None, content, "Initial commit", by, self.world.now())
        return made

    async def fork(self, project: Project, by: User, path: str) -> Project:
        number = self.world.number("project")
        made = Project(
            number, path, self.world.root / f"{number}.git", by, self.world.now(), project.default_branch
        )
        made.visibility, made.forked_from = project.visibility, project
        made.members = {by.id: Level.OWNER}
        made.protected[made.default_branch] = Protection()
        repo = self.world.repository(made)
        await repo.create(made.default_branch)
        await repo.git("fetch", "-q", str(project.git_dir), "+refs/heads/*:refs/heads/*")
        self.world.projects[number] = made
        return made

    def add_group_member(self, group: str, user: User, level: Level) -> None:
        self.world.group_members.setdefault(group, {})[user.id] = level

    def set_variable(
        self, project: Project, key: str, value: str, *, file: bool = False, masked: bool = False
    ) -> None:
        project.variables[key] = Variable(key, value, file, masked)

    def add_hook(
        self,
        on: Project | str,
        url: str,
        token: str = "",
        signing_token: str = "",
        events: Iterable[str] = EVENTS,
    ) -> Hook:
        """A webhook of a project, or of a group (its path); `events` as in the API, without `_events`."""
        made = Hook(
            self.world.number("hook"), url, self.world.now(), token=token, signing_token=signing_token
        )
        if isinstance(on, str):
            made.group = on
        else:
            made.project = on
        made.events = {f"{name}_events" for name in events}
        self.world.hooks[made.id] = made
        return made
