"""What a GitLab remembers about pipelines and what they deploy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.demo.gitlab.state import MergeRequest, Project, User


@dataclass(slots=True)
class Variable:
    """A CI variable of a project; a `file` one is passed as the path of a file that holds the value."""

    key: str
    value: str
    file: bool = False
    masked: bool = False
    protected: bool = False


@dataclass(slots=True, eq=False)
class CommitStatus:
    """A status that somebody set from outside."""

    id: int
    sha: str
    ref: str
    name: str
    status: str
    user: User
    pipeline: Pipeline
    created_at: datetime
    target_url: str | None = None
    description: str | None = None
    coverage: float | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retried: bool = False


@dataclass(slots=True, eq=False)
class Job:
    """`spec` is the job's part of the CI file; a retried job stays, marked, and a new one takes its place."""

    id: int
    name: str
    stage: str
    pipeline: Pipeline
    user: User
    spec: Any
    created_at: datetime
    status: str = "created"
    when: str = "on_success"
    allow_failure: bool = False
    environment: str | None = None
    resource_group: str | None = None
    trace: bytes = b""
    failure_reason: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    artifacts: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)
    retried: bool = False
    deployment: Deployment | None = None


@dataclass(slots=True, eq=False)
class Pipeline:
    """`source_sha` is the head of the merge request that it runs for, `sha` what it runs on."""

    id: int
    iid: int
    project: Project
    sha: str
    ref: str
    source: str
    user: User
    created_at: datetime
    updated_at: datetime
    before_sha: str = "0" * 40
    status: str = "created"
    stages: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    statuses: list[CommitStatus] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    merge_request: MergeRequest | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    name: str | None = None
    yaml_errors: str | None = None
    source_sha: str | None = None
    config_variables: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Environment:
    """A place that deployments go to."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    external_url: str | None = None
    tier: str = "other"
    state: str = "available"


@dataclass(slots=True, eq=False)
class Deployment:
    """`job` is None for one that was recorded through the API."""

    id: int
    iid: int
    environment: Environment
    ref: str
    sha: str
    tag: bool
    user: User
    status: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    job: Job | None = None
