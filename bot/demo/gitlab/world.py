"""The one object that everything in the look-alike works on: records, identifiers, clock, repositories."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.demo.gitlab.ci_state import Environment, Job, Pipeline
from bot.demo.gitlab.git_repos import Repository
from bot.demo.gitlab.quick_actions import Command
from bot.demo.gitlab.state import Hook, Issue, Label, Level, MergeRequest, Project, Token, User

# Kinds start far apart, so that a test notices when one kind's number is used for another.
_FIRST = {
    "user": 1,
    "project": 11,
    "merge_request": 101,
    "issue": 201,
    "pipeline": 501,
    "note": 1001,
    "job": 9001,
}

Commands = Callable[[MergeRequest | Issue, User, list[Command]], Awaitable[list[str]]]
Emit = Callable[[Project, str, dict[str, Any]], None]


async def _ignore(on: MergeRequest | Issue, by: User, commands: list[Command]) -> list[str]:
    return []


async def _nobody(job: Job) -> None:
    return None


@dataclass(slots=True)
class Limits:
    """How often GitLab answers before it says 429; None switches a limit off. `retry_after` is in seconds."""

    notes_per_minute: int | None = 300
    requests_per_minute: int | None = None
    retry_after: int = 60


@dataclass(slots=True)
class World:
    """Everything there is, and what its parts call of one another."""

    root: Path
    now: Callable[[], datetime]
    url: str = "http://gitlab.invalid"
    version: str = "19.0.1"
    users: dict[int, User] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    group_members: dict[str, dict[int, Level]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    merge_ref_lag: int = 0
    diff_max_files: int = 1000
    emit: Emit = lambda project, event, payload: None
    carry_out: Commands = _ignore
    wake_runner: Callable[[], None] = lambda: None
    stop_job: Callable[[Job], Awaitable[None]] = _nobody
    note_times: dict[int, deque[datetime]] = field(default_factory=dict)
    _next: dict[str, int] = field(default_factory=lambda: dict(_FIRST))
    _locks: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def number(self, kind: str) -> int:
        """The next identifier of a kind; they only count up."""
        given = self._next.get(kind, 1)
        self._next[kind] = given + 1
        return given

    def lock(self, project: Project) -> asyncio.Lock:
        """Held while refs of the project move."""
        return self._locks[project.id]

    def repository(self, project: Project) -> Repository:
        return Repository(project.git_dir)

    def project(self, reference: str) -> Project | None:
        """By number or full path."""
        if reference.isdigit():
            return self.projects.get(int(reference))
        return next((p for p in self.projects.values() if p.path.lower() == reference.lower()), None)

    def user(self, username: str) -> User | None:
        return next((u for u in self.users.values() if u.username.lower() == username.lower()), None)

    def level(self, user: User | None, project: Project) -> Level:
        """The highest access level that membership of the project or of a group above it gives."""
        if user is None or user.state != "active":
            return Level.NONE
        if user.admin:
            return Level.OWNER
        return max(
            [project.members.get(user.id, Level.NONE)]
            + [
                m.get(user.id, Level.NONE)
                for g, m in self.group_members.items()
                if _within(project.namespace, g)
            ]
        )

    def members(self, project: Project) -> dict[int, Level]:
        """Everybody with access, inherited or direct; blocked people included."""
        merged: dict[int, Level] = {}
        groups = [m for g, m in self.group_members.items() if _within(project.namespace, g)]
        for table in [*groups, project.members]:
            for user, level in table.items():
                merged[user] = max(level, merged.get(user, Level.NONE))
        return dict(sorted(merged.items()))

    def can_see(self, user: User | None, project: Project) -> bool:
        if project.visibility == "public" or self.level(user, project) > Level.NONE:
            return True
        return project.visibility == "internal" and user is not None and user.state == "active"

    def may_push(self, user: User, project: Project, branch: str) -> bool:
        protection = project.protected.get(branch)
        return self.level(user, project) >= (protection.push if protection else Level.DEVELOPER)

    def may_merge(self, user: User, project: Project, branch: str) -> bool:
        protection = project.protected.get(branch)
        return self.level(user, project) >= (protection.merge if protection else Level.DEVELOPER)

    def label(self, project: Project, title: str) -> Label:
        """The label of that name, made if the project has none."""
        if title not in project.labels:
            project.labels[title] = Label(self.number("label"), title, "#6699cc", self.now())
        return project.labels[title]

    def environment(self, project: Project, name: str) -> Environment:
        """The environment of that name, made if the project has none."""
        if name not in project.environments:
            tier = next(
                (t for t in ("production", "staging", "testing", "development") if t[:4] in name), "other"
            )
            now = self.now()
            made = Environment(self.number("environment"), name, now, now, tier=tier)
            project.environments[name] = made
        return project.environments[name]

    def web(self, project: Project, *path: str) -> str:
        """The address of a page of the project."""
        return "/".join([self.url, project.path, *(["-", *path] if path else [])])

    def head_pipeline(self, mr: MergeRequest) -> Pipeline | None:
        """The newest pipeline of the merge request's head, in either project."""
        projects = {mr.project.id: mr.project, mr.source_project.id: mr.source_project}
        found = [
            p
            for project in projects.values()
            for p in project.pipelines.values()
            if (p.merge_request is mr and p.source_sha == mr.head)
            or (p.sha == mr.head and p.ref == mr.source_branch)
        ]
        return max(found, key=lambda p: p.id, default=None)

    def find_job(self, project: Project, number: int) -> Job | None:
        return next((j for p in project.pipelines.values() for j in p.jobs if j.id == number), None)


def _within(namespace: str, group: str) -> bool:
    return namespace == group or namespace.startswith(group + "/")
