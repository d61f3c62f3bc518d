"""What a GitLab remembers: plain mutable records, kept in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bot.demo.gitlab.ci_state import Deployment, Environment, Job, Pipeline, Variable

MergeMethod = Literal["merge", "rebase_merge", "ff"]
Visibility = Literal["private", "internal", "public"]


class Level(IntEnum):
    """Access levels of members, with GitLab's numbers."""

    NONE = 0
    GUEST = 10
    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50


@dataclass(slots=True, eq=False)
class User:
    """`bot` marks the user that belongs to a project access token."""

    id: int
    username: str
    name: str
    created_at: datetime
    state: Literal["active", "blocked"] = "active"
    bot: bool = False
    admin: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


@dataclass(slots=True, eq=False)
class Token:
    """A personal, project (`project` is set) or CI job (`job` is set) token. `expires` is the first day it
    fails.
    """

    id: int
    value: str
    user: User
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires: date | None = None
    revoked: bool = False
    project: Project | None = None
    job: Job | None = None


@dataclass(slots=True)
class Protection:
    """Who may push to, and merge into, a protected branch."""

    push: Level = Level.MAINTAINER
    merge: Level = Level.MAINTAINER


@dataclass(slots=True)
class Settings:
    """Project settings that change behaviour, under their API names."""

    merge_method: MergeMethod = "merge"
    squash_option: Literal["never", "always", "default_on", "default_off"] = "default_off"
    only_allow_merge_if_pipeline_succeeds: bool = False
    allow_merge_on_skipped_pipeline: bool = False
    only_allow_merge_if_all_discussions_are_resolved: bool = False
    remove_source_branch_after_merge: bool = True
    ci_pipeline_variables_minimum_override_role: str = "developer"
    approvals_required: int = 0
    reset_approvals_on_push: bool = False
    merge_pipelines_enabled: bool = False
    ci_config_path: str = ""


@dataclass(slots=True, eq=False)
class Label:
    """A label of a project."""

    id: int
    title: str
    color: str
    created_at: datetime


@dataclass(slots=True, eq=False)
class Award:
    """A reaction to a note."""

    id: int
    name: str
    user: User
    created_at: datetime


@dataclass(slots=True, eq=False)
class Note:
    """A comment; `type` is None for a plain one, DiscussionNote in a thread, DiffNote in a review of the
    diff, where `position` says at which line. `noteable` is an MR or an issue.
    """

    id: int
    body: str
    author: User
    noteable: MergeRequest | Issue
    discussion_id: str
    created_at: datetime
    updated_at: datetime
    system: bool = False
    type: str | None = None
    internal: bool = False
    position: dict[str, Any] | None = None
    awards: list[Award] = field(default_factory=list)
    resolved_by: User | None = None
    resolved_at: datetime | None = None

    @property
    def resolvable(self) -> bool:
        """Notes of a thread or of a review; only merge requests have such."""
        return self.type is not None and isinstance(self.noteable, MergeRequest)


@dataclass(slots=True, eq=False)
class Approval:
    """Who approved, and when."""

    user: User
    at: datetime


@dataclass(slots=True, eq=False)
class MergeRequest:
    """`base`, `start` and `head` are the diff refs; `lag` more looks are answered "not ready".

    `bare`: it had no commit when its head was looked at last.
    """

    id: int
    iid: int
    project: Project
    source_project: Project
    source_branch: str
    target_branch: str
    title: str
    description: str
    author: User
    created_at: datetime
    updated_at: datetime
    head: str
    base: str = ""
    start: str = ""
    state: Literal["opened", "closed", "merged", "locked"] = "opened"
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    reviewers: list[User] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    merge_commit: str | None = None
    squash_commit: str | None = None
    merged_by: User | None = None
    merged_at: datetime | None = None
    closed_by: User | None = None
    closed_at: datetime | None = None
    edited_at: datetime | None = None
    edited_by: User | None = None
    squash: bool = False
    remove_source_branch: bool = False
    checked: bool = False
    conflicts: bool = False
    empty: bool = False
    bare: bool = False
    behind: bool = False
    merge_ref: str | None = None
    lag: int = 0
    checking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def threads_resolved(self) -> bool:
        """Whether nothing is open that GitLab calls a blocking discussion."""
        return all(note.resolved_at is not None for note in self.notes if note.resolvable)

    @property
    def draft(self) -> bool:
        return self.title.lower().startswith(("draft:", "[draft]", "(draft)"))


@dataclass(slots=True, eq=False)
class Issue:
    """An issue of a project."""

    id: int
    iid: int
    project: Project
    title: str
    description: str
    author: User
    created_at: datetime
    updated_at: datetime
    state: Literal["opened", "closed"] = "opened"
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    confidential: bool = False
    closed_at: datetime | None = None
    closed_by: User | None = None


@dataclass(slots=True, eq=False)
class Hook:
    """A webhook of one project or, with `group`, of all projects below a namespace."""

    id: int
    url: str
    created_at: datetime
    project: Project | None = None
    group: str = ""
    token: str = ""
    signing_token: str = ""
    events: set[str] = field(default_factory=set)
    failures: int = 0
    disabled_until: datetime | None = None
    disabled: bool = False


@dataclass(slots=True, eq=False)
class Project:
    """`path` is the full path with its groups; `members` maps user numbers to roles."""

    id: int
    path: str
    git_dir: Path
    creator: User
    created_at: datetime
    default_branch: str = "main"
    visibility: Visibility = "private"
    description: str = ""
    settings: Settings = field(default_factory=Settings)
    forked_from: Project | None = None
    members: dict[int, Level] = field(default_factory=dict)
    protected: dict[str, Protection] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    archived: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        return self.path.rpartition("/")[0]
