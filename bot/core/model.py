"""The nouns of Git's side and of all sides. Frozen values without behaviour beyond naming themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from bot.core.deploy.rules import DeployRules
from bot.core.errors import Where
from bot.core.gate.rules import GateRules
from bot.core.verify.rules import VerifyRules

Manifest: TypeAlias = dict[str, Any]
"""One Kubernetes object as the API server's JSON has it."""


class Level(StrEnum):
    """How grave a finding is: an error keeps a plan from being sealed."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Risk(StrEnum):
    """What a reviewer should feel, in rising order."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Names one object of a cluster. `namespace` is empty for cluster-scoped objects."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two references the same object: a new version of one group's kind is the same one."""
        return (self.group, self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should know about a plan. `message` and `fix` are plain text, masked."""

    level: Level
    code: str
    message: str
    fix: str = ""
    object: ObjectRef | None = None


@dataclass(frozen=True, slots=True)
class ChartInCheckout:
    """A chart directory or .tgz of the checkout; `path` is relative to the checkout's root, in POSIX form."""

    path: str


@dataclass(frozen=True, slots=True)
class ChartInRepository:
    """A chart of an HTTP(S) chart repository, at one exact version."""

    repository: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ChartInRegistry:
    """A chart of an OCI registry, at one exact version. `reference` is `oci://host/path/name`."""

    reference: str
    version: str


ChartSource: TypeAlias = ChartInCheckout | ChartInRepository | ChartInRegistry


@dataclass(frozen=True, slots=True)
class DesiredRelease:
    """A Helm release that a checkout wants (`installed`) or wants gone.

    `values` are the user's values, all layers merged by Helm's rules, without the chart's own defaults.
    `needs` are `namespace/name` of releases that go first. `where` is the place that asked for it.
    `timeout` is in seconds and bounds each of Helm's waits. `take_ownership` takes over objects that exist
    and are another's; `wait_for_jobs` waits for Jobs too, where `wait` waits at all.
    `upgrade_crds` upgrades the chart's crds/ before the release, which Helm does not: the target says so.
    """

    name: str
    namespace: str
    chart: ChartSource
    values: Mapping[str, Any] = field(default_factory=dict)
    values_files: tuple[str, ...] = ()
    installed: bool = True
    needs: tuple[str, ...] = ()
    create_namespace: bool = True
    wait: bool = False
    atomic: bool = False
    force_conflicts: bool = False
    take_ownership: bool = False
    wait_for_jobs: bool = False
    upgrade_crds: bool = False
    timeout: int = 300
    where: Where | None = None

    @property
    def key(self) -> str:
        """`namespace/name`, as `needs` and messages write it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What a checkout says about one target. A finding of level error makes the plan incomplete."""

    layout: str
    releases: tuple[DesiredRelease, ...]
    findings: tuple[Finding, ...] = ()


DeployMode: TypeAlias = Literal["pipeline", "direct"]
LookupPolicy: TypeAlias = Literal["never", "own", "all"]


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster (or a namespace of it) that a project deploys to.

    `project` is GitLab's path with namespace; `path` the directory in it; `branch` the one whose
    merges deploy (None: the default branch). `kubeconfig`/`context` None mean the surrounding defaults
    (in-cluster first).
    `chart_hosts` are the hosts that charts may come from; None trusts those that the checkout itself names,
    which is for a person on his own machine only. `variables` are CI-style names such as
    `INGRESS_VALUES_FILE` that a layout honours. `lookup` says what templates are told of the cluster while a
    plan is made: nothing, what the release itself owns, or all that the planning identity can read.
    `paths` are patterns (core/globs.py) of the files that concern it; empty: all do. `untouched` is what a
    merge request is told that changes none of them. `internal_notes`, `description`: whether commands count
    in internal notes, and `plan` in the description that a merge request was opened with. `verify` is what
    is looked at after a deploy.
    """

    name: str
    project: str
    layout: str = "auto"
    path: str = "."
    branch: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    deploy_mode: DeployMode = "pipeline"
    chart_hosts: tuple[str, ...] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    gate: GateRules = field(default_factory=GateRules)
    lookup: LookupPolicy = "own"
    paths: tuple[str, ...] = ()
    untouched: Literal["line", "nothing"] = "line"
    internal_notes: bool = False
    description: bool = False
    deploy: DeployRules = field(default_factory=DeployRules)
    verify: VerifyRules = field(default_factory=VerifyRules)
