"""What may stand in the configuration. Each field's description is its documentation."""

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from bot.config.charts import Charts
from bot.config.deploy import Deploy
from bot.config.drift import Drift
from bot.config.fields import (
    Address,
    DatabaseUrl,
    Layout,
    Listen,
    Networks,
    Patterns,
    ProjectPath,
    Roles,
    SigningToken,
    TargetName,
    WebAddress,
)
from bot.config.gate import Gate
from bot.config.secrets import Secret
from bot.config.strict import Strict
from bot.config.sweep import Sweep
from bot.config.verify import Verify
from bot.core.command import COMMANDS
from bot.core.layouts import secret_variables
from bot.core.model import LookupPolicy, Target


class Gitlab(Strict):
    """GitLab, as the bot reaches it."""

    url: WebAddress = Field(description="GitLab's address")
    token: Secret = Field(description="project or group access token of the bot, scope api")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed GitLab's certificate"
    )
    timeout: float = Field(default=30, gt=0, description="seconds that one request may take")
    patience: float = Field(
        default=60, gt=0, description="seconds that a request may take with all its repetitions"
    )
    retry_wait: float = Field(
        default=0.2, gt=0, le=60, description="seconds before the first repetition; later ones wait longer"
    )
    concurrency: int = Field(default=8, ge=1, le=64, description="requests at a time")


class Webhook(Strict):
    """What makes a delivery authentic. At least one of the two; a signed delivery needs the signature."""

    token: Secret | None = Field(default=None, description="the webhook's secret token")
    signing_tokens: tuple[SigningToken, ...] = Field(
        default=(), max_length=2, description="the webhook's signing tokens (whsec_…); two during a change"
    )
    allow_networks: Networks = Field(
        default=(), description="networks that deliveries may come from; empty: anywhere"
    )
    trusted_proxies: Networks = Field(
        default=(), description="networks of proxies whose X-Forwarded-For says who sent a delivery"
    )


class Metrics(Strict):
    """Where Prometheus reads."""

    listen: Listen = Field(default=Address("127.0.0.1", 9090), description="host:port of /metrics")


class Database(Strict):
    """Where state is kept."""

    url: DatabaseUrl | None = Field(
        default=None, description="postgresql://host/name or sqlite:///path; unset: a SQLite file in data_dir"
    )
    keep: int = Field(
        default=604_800,
        ge=300,
        description="seconds after which deliveries and work that ended are forgotten; the trail stays",
    )

    @property
    def kept(self) -> timedelta:
        """`keep` as a span of time."""
        return timedelta(seconds=self.keep)

    @property
    def forget_every(self) -> float:
        """Seconds between two looks for what is older than that."""
        return min(3600.0, self.keep / 4)


class Log(Strict):
    """What is logged, and how."""

    format: Literal["json", "console"] = Field(default="json", description="json or console")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level")


class Helm(Strict):
    """How charts are rendered."""

    engine: Literal["auto", "sdk", "cli"] = Field(
        default="auto",
        description="what deploys: the helm binary (cli), the Helm SDK (sdk), or the binary if it is there",
    )
    binary: str = Field(default="helm", description="the helm binary: a name on PATH or a path")
    workers: int = Field(default=2, ge=1, le=64, description="renderings at a time")
    render_timeout: float = Field(default=60, gt=0, description="seconds that one rendering may take")
    render_memory: int = Field(default=1024, ge=128, description="MiB that one rendering may take")


class Helmfile(Strict):
    """How helmfiles are evaluated that cannot be read without the program."""

    program: str | None = Field(
        default=None, description="the helmfile program: a path, or a name on PATH; unset: none is run"
    )


class Commands(Strict):
    """Who may say what in a merge request."""

    roles: Roles = Field(
        default_factory=dict, description="command: least role, where it is not the usual one"
    )
    internal_notes: bool = Field(default=False, description="whether commands in internal notes count")
    description: bool = Field(
        default=False, description="whether `/helm plan` counts in the description of a new merge request"
    )


class TargetSettings(Strict):
    """One cluster, or a namespace of it, that a project deploys to."""

    name: TargetName = Field(description="name in notes and statuses")
    layout: Layout = Field(default="auto", description="how the files say what runs")
    path: str = Field(default=".", description="directory in the project")
    branch: str | None = Field(
        default=None, description="branch whose merges deploy; unset: the default branch"
    )
    kubeconfig: str | None = Field(
        default=None, description="kubeconfig file; unset: in-cluster, else the usual one"
    )
    context: str | None = Field(default=None, description="context in it; unset: its current one")
    deploy: Deploy = Field(default=Deploy(), description="how a merge reaches the target")
    variables: dict[str, str] = Field(
        default_factory=dict, description="CI variables that the layout honours"
    )
    lookup: LookupPolicy = Field(
        default="own",
        description="what a chart's lookup is told while planning: never anything, the release's own, or all",
    )
    paths: Patterns = Field(
        default=(), description="files that concern it, as in .gitignore; empty: every merge request does"
    )
    untouched: Literal["line", "nothing"] = Field(
        default="line", description="what a merge request is told that changes none of `paths`"
    )
    roles: Roles = Field(default_factory=dict, description="as commands.roles, for this target")
    gate: Gate = Field(default=Gate(), description="what a merge needs before it deploys")
    verify: Verify = Field(default=Verify(), description="what is looked at after a deploy")
    drift: Drift | None = Field(default=None, description="as drift, for this target")


class Project(Strict):
    """A GitLab project the bot looks after."""

    path: ProjectPath = Field(description="path with namespace")
    targets: tuple[TargetSettings, ...] = Field(min_length=1, description="what it deploys to")


class Config(Strict):
    """The whole file, version 1."""

    version: Literal[1] = Field(description="version of this file's format")
    gitlab: Gitlab = Field(description="GitLab, as the bot reaches it")
    webhook: Webhook = Field(description="what makes a delivery authentic")
    projects: tuple[Project, ...] = Field(min_length=1, description="the projects the bot looks after")
    listen: Listen = Field(
        default=Address("127.0.0.1", 8080), description="host:port of hooks, pages and health"
    )
    data_dir: Path = Field(default=Path("purser-data"), description="directory of state and caches")
    database: Database = Field(default=Database(), description="where state is kept")
    metrics: Metrics = Field(default=Metrics(), description="where Prometheus reads")
    log: Log = Field(default=Log(), description="what is logged, and how")
    charts: Charts = Field(default=Charts(), description="where charts come from")
    helm: Helm = Field(default=Helm(), description="how charts are rendered")
    helmfile: Helmfile = Field(default=Helmfile(), description="how helmfiles are evaluated")
    commands: Commands = Field(default=Commands(), description="who may say what")
    sweep: Sweep = Field(default=Sweep(), description="the look for what no hook told us")
    drift: Drift = Field(
        default=Drift(), description="the look for what the cluster has and Git does not say"
    )

    @property
    def database_url(self) -> str:
        """The database's address with its password; by default a SQLite file in `data_dir`."""
        if self.database.url is None:
            return f"sqlite:///{self.data_dir.absolute() / 'purser.db'}"
        return self.database.url.get_secret_value()

    @property
    def helmfile_programs(self) -> tuple[str, str] | None:
        """The helmfile program and the helm that it asks; None where none is allowed."""
        return (self.helmfile.program, self.helm.binary) if self.helmfile.program else None

    @property
    def chart_cache(self) -> Path:
        """Where fetched charts are kept."""
        return self.charts.cache_dir or self.data_dir / "charts"

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every target of every project, in the file's order."""
        return tuple(self._target(project, of) for project in self.projects for of in project.targets)

    def _target(self, project: Project, of: TargetSettings) -> Target:
        return Target(
            name=of.name,
            project=project.path,
            layout=of.layout,
            path=of.path,
            branch=of.branch,
            kubeconfig=of.kubeconfig,
            context=of.context,
            deploy_mode=of.deploy.mode,
            chart_hosts=self.charts.allowed_hosts,
            variables=of.variables,
            gate=of.gate.rules,
            lookup=of.lookup,
            paths=of.paths,
            untouched=of.untouched,
            internal_notes=self.commands.internal_notes,
            description=self.commands.description,
            deploy=of.deploy.rules,
            verify=of.verify.rules,
        )

    def least_role(self, command: str, project: str, target: str | None = None) -> str:
        """The least role for a command on a target (the strictest setting that speaks of it)."""
        for candidate in self.projects:
            for of in candidate.targets:
                if candidate.path == project and of.name == target and command in of.roles:
                    return of.roles[command].value
        override = self.commands.roles.get(command)
        return override.value if override else COMMANDS[command].least_role

    @property
    def secret_variables(self) -> tuple[str, ...]:
        """The values of the targets' variables that are secrets by their name or looks."""
        found = {value for target in self.targets for value in secret_variables(target.variables).values()}
        return tuple(sorted(found))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for the log's scrubber."""
        of = [self.gitlab.token, self.webhook.token, self.database.url, *self.webhook.signing_tokens]
        found = {secret.get_secret_value() for secret in of if secret is not None}
        found |= set(self.secret_variables) | set(self.charts.secrets)
        found |= {one for project in self.projects for of in project.targets for one in of.verify.secrets}
        if self.database.url is not None:
            found.discard(self.database.url.get_secret_value())
            password = urlsplit(self.database.url.get_secret_value()).password
            found |= {password} if password else set()
        return tuple(sorted(found))
