"""The nouns of a plan: what one head would do to one target."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.core.model import Finding, Level, Manifest, ObjectRef, Risk

ReleaseAction: TypeAlias = Literal["install", "upgrade", "uninstall", "none"]
ObjectAction: TypeAlias = Literal["create", "update", "delete", "replace", "unchanged"]
Op: TypeAlias = Literal["add", "remove", "replace"]


@dataclass(frozen=True, slots=True)
class Change:
    """One changed field. `path` is a JSON Pointer; `before`/`after` are masked JSON, None where absent.

    The pointer goes into the live object for `remove`, into the resulting one otherwise.
    """

    path: str
    op: Op
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """What happens to one object.

    `hook` names the hook events (`pre-upgrade,post-upgrade`) or is None. `noise` are the pointers of random
    values. `before`/`after` are the whole masked objects, for diffs; they are not part of purser.plan/v1.
    `deleted_after` marks a hook that Helm removes again before its operation ends.
    """

    ref: ObjectRef
    action: ObjectAction
    changes: tuple[Change, ...] = ()
    noise: tuple[str, ...] = ()
    hook: str | None = None
    before: Manifest | None = None
    after: Manifest | None = None
    deleted_after: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """Fields of one object that the cluster has otherwise than the deployed revision says.

    A change goes from the deployed revision to the cluster; one that removes `""` is an object that is gone.
    `managers` wrote these fields, at `time` for the last time (RFC 3339); both are empty where nobody knows.
    `reverts` says whether this deploy sets them back; None where that cannot be told, as it would fail.
    """

    release: str
    ref: ObjectRef
    changes: tuple[Change, ...]
    managers: tuple[str, ...] = ()
    time: str = ""
    reverts: bool | None = None


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What happens to one release. `digest` is its part of the seal; empty when it cannot be sealed."""

    name: str
    namespace: str
    action: ReleaseAction
    chart_name: str
    chart_from: str | None
    chart_to: str | None
    revision_from: int | None
    risk: Risk = Risk.NONE
    objects: tuple[ObjectPlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    drift: tuple[Drift, ...] = ()
    digest: str = ""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which Helm rendered: `helm-sdk` or `helm-cli`, and its version without a leading v."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Rollback:
    """A release (`namespace/name`) on its way back to one of its revisions."""

    release: str
    revision: int

    def __str__(self) -> str:
        return f"{self.release}={self.revision}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one head would do to one target. `seal` is `sha256:<hex>`, or None (incomplete, error finding).

    `rollback` says that the plan is not what the head wants, but the way back to a revision.
    """

    target: str
    head: str | None
    complete: bool
    seal: str | None
    engine: EngineInfo
    cluster_version: str
    releases: tuple[ReleasePlan, ...]
    findings: tuple[Finding, ...] = ()
    rollback: Rollback | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The plan's own findings and those of its releases."""
        return (*self.findings, *(f for r in self.releases for f in r.findings))

    @property
    def has_errors(self) -> bool:
        """Whether something would fail when applied, or could not be read."""
        return any(f.level is Level.ERROR for f in self.all_findings)

    @property
    def changes_something(self) -> bool:
        """Whether an apply would do anything at all."""
        return any(r.action != "none" for r in self.releases)
