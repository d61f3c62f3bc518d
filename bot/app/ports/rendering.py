"""Checkouts, charts and Helm, in our words. Each docstring is the contract; one suite tests it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.core.model import ChartSource, DesiredRelease, Manifest
from bot.core.planned import EngineInfo
from bot.core.release import LocalChart, Rendered, RenderJob


class Checkout(Protocol):
    """The files of one commit on this disk. Paths are POSIX and relative to its root."""

    @property
    def root(self) -> str:
        """Absolute path of the root."""
        ...

    @property
    def head(self) -> str | None:
        """The commit, or None for a directory that is no git checkout."""
        ...

    def text(self, path: str) -> str | None:
        """The file's text, or None where there is no such file.

        Raises AuthorError (`path-escape`, `too-large`, `not-text`) for a path that leaves the checkout (`..`,
        absolute, a symlink on the way), a file over the limit, or bytes that are not UTF-8.
        """
        ...

    def names(self, path: str) -> tuple[str, ...]:
        """The sorted names in a directory; empty where there is none."""
        ...


class Charts(Protocol):
    """Brings charts onto this disk and vouches for them."""

    async def fetch(
        self, source: ChartSource, checkout: Checkout, allowed_hosts: Collection[str]
    ) -> LocalChart:
        """The chart from one of these hosts, checked.

        Nothing in it leaves it, its dependencies are there, and its bytes match the index.

        Raises AuthorError (`chart-not-found`, `chart-escape`, `chart-host-refused`, `chart-invalid`,
        `chart-digest`, `chart-dependency`) or TransientError (the repository did not answer). Safe to call
        concurrently; a chart that is cached needs no network.
        """
        ...


class Lookup(Protocol):
    """What one release's templates are told when they ask the cluster (`lookup`).

    Everything may raise: the rendering then fails with that error, and never goes on with half an answer. The
    same question has the same answer for the life of this object.
    """

    async def kinds(self, api_version: str) -> Mapping[str, bool] | None:
        """Kind -> whether it lives in namespaces; None where the API version is not served."""
        ...

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object, or None. `namespace` is empty for kinds outside of namespaces."""
        ...

    async def list(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        """The objects of a kind; `namespace` empty means all of them."""
        ...


class Renderer(Protocol):
    """Renders charts without network, credentials or trust in what they hold."""

    @property
    def info(self) -> EngineInfo:
        """Which Helm this is."""
        ...

    async def render(self, job: RenderJob, lookup: Lookup | None = None) -> Rendered:
        """Without `lookup` templates find nothing in the cluster.

        Raises AuthorError: `render-failed` (with Helm's words), `render-limit` (time, memory, size), and what
        `lookup` raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeployJob:
    """One release to install or upgrade. `run` is kept as the release's label `purser.io/run`.

    `crds` are those of the chart's crds/ that are upgraded before an upgrade.
    """

    release: DesiredRelease
    chart: LocalChart
    install: bool
    run: str
    crds: tuple[Manifest, ...] = ()


class Deployer(Protocol):
    """Changes the cluster with real Helm. Never killed half-way by a limit of ours."""

    @property
    def info(self) -> EngineInfo:
        """Which Helm this is."""
        ...

    async def deploy(self, job: DeployJob, log: Callable[[str], None]) -> int:
        """Install or upgrade; gives the new revision.

        Raises AuthorError `deploy-failed` with Helm's words."""
        ...

    async def rollback(self, release: DesiredRelease, revision: int, log: Callable[[str], None]) -> int:
        """Back to a revision, never taking fields that others own; gives the new revision.

        Raises AuthorError `deploy-failed` with Helm's words."""
        ...

    async def uninstall(self, release: DesiredRelease, log: Callable[[str], None]) -> None:
        """Uninstall; a release that is not there is fine. Raises AuthorError `deploy-failed`."""
        ...
