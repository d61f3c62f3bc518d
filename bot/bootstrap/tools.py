"""What planning and applying take, for the command line and the service alike."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bot.adapters.catalogue import bundled_charts, load_catalogue
from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout, head_of
from bot.adapters.cluster.api_server import KubernetesClusters
from bot.adapters.cluster.crds_first import CrdsFirst
from bot.adapters.cluster.marking import HelmRecords
from bot.adapters.cluster.witness import ApiWitness
from bot.adapters.helm.cli_deploy import CliDeployer
from bot.adapters.helm.sdk import SdkRenderer
from bot.adapters.helm.sdk_deploy import SdkDeployer
from bot.adapters.helm.worker import RenderLimits
from bot.adapters.helmfile import SealedHelmfile
from bot.adapters.plan_memory import DiskMemory
from bot.adapters.probes import WebProbes
from bot.app.apply.recovering import RecoveringClusters, Recovery
from bot.app.diagnosing import Diagnosing
from bot.app.drift.comparing import Drifting
from bot.app.plan.planner import Planner
from bot.app.ports import Checkout, Clusters, Deployer
from bot.app.ports.timing import UNTIMED, Phases
from bot.app.probing import Probing
from bot.app.rollback.planner import RollbackPlanner
from bot.app.verify import Verifier
from bot.core.chart_credential import ChartCredential, secrets_of
from bot.core.errors import AuthorError
from bot.core.layouts import Catalogue
from bot.core.model import Target
from bot.core.planned import EngineInfo, Rollback
from bot.core.redact.masking import Masker


@dataclass(frozen=True, slots=True)
class Tools:
    """What planning and applying take, wired. `masker` gives a fresh one under the installation's key."""

    planner: Planner
    clusters: Clusters
    verifier: Verifier
    catalogue: Catalogue
    masker: Callable[[], Masker]
    helm: Callable[[], Awaitable[None]]
    engine: EngineInfo
    recovery: Recovery
    rollback: Callable[[Rollback], Planner]
    recovery_back: Callable[[Rollback], Recovery]
    drifting: Drifting
    kills: Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How tools are built.

    `cache` holds charts; `key` fingerprints masked values; `catalogues` are files laid over the shipped one.
    `memory` is where plans keep what they found out, so that the next one need not; None: they do not.
    `helmfile` are the helmfile program and the helm that it asks, where helmfiles may be evaluated by it.
    `secrets` are texts that every masker knows, such as secret variables of targets. `credentials` are what
    private hosts of charts want to hear; every masker knows these, too.
    """

    cache: Path
    key: bytes
    workers: int = 2
    limits: RenderLimits | None = None
    readable: Sequence[Path] = ()
    catalogues: Sequence[str] = ()
    memory: Path | None = None
    helmfile: tuple[str, str] | None = None
    secrets: Sequence[str] = ()
    credentials: Sequence[ChartCredential] = ()

    @property
    def masked(self) -> tuple[str, ...]:
        """What every masker knows, as it is now."""
        return (*self.secrets, *secrets_of(self.credentials))


@asynccontextmanager
async def tools(settings: Settings, phases: Phases = UNTIMED) -> AsyncIterator[Tools]:
    """Tools for as long as the context lasts; the render workers end with it. `phases` measures planning."""
    settings.cache.mkdir(parents=True, exist_ok=True)
    program = SealedHelmfile(*settings.helmfile) if settings.helmfile else None
    catalogue = replace(load_catalogue(settings.catalogues), helmfile=program)
    readable = [settings.cache, bundled_charts(), *settings.readable]
    renderer = SdkRenderer(settings.workers, settings.limits, [str(path.resolve()) for path in readable])
    charts = ChartCache(settings.cache, bundled=bundled_charts(), credentials=settings.credentials)
    clusters = KubernetesClusters()

    def masker() -> Masker:
        fresh = Masker(settings.key)
        for secret in settings.masked:
            fresh.remember(secret)
        return fresh

    async with renderer:
        memory = DiskMemory(settings.memory) if settings.memory else None

        def planner_over(these: Clusters) -> Planner:
            return Planner(charts, renderer, these, catalogue, masker, memory, phases)

        recovering, records = RecoveringClusters(clusters), HelmRecords()
        rollback = partial(RollbackPlanner, charts, renderer, clusters, catalogue, masker, phases=phases)
        as_if = partial(RollbackPlanner, charts, renderer, recovering, catalogue, masker)
        planner = planner_over(clusters)
        diagnosing = Diagnosing(clusters, ApiWitness())
        verifier = Verifier(planner, clusters, Probing(WebProbes()), rollback, diagnosing, phases)
        recovery = Recovery(planner_over(recovering), clusters, records)
        rarely = KubernetesClusters(requests=clusters.requests, remembers=False)
        drifting = Drifting(planner_over, rarely, masker, phases)
        start, info = renderer.start, renderer.info
        yield Tools(
            *(planner, clusters, verifier, catalogue, masker, start, info),
            *(recovery, rollback, lambda back: Recovery(as_if(back), clusters, records), drifting),
            kills=lambda: {str(reason): count for reason, count in renderer.kills.items()},
        )


async def deployer(
    target: Target,
    sdk: EngineInfo,
    engine: str = "auto",
    binary: str = "helm",
    *,
    keep: Sequence[int] = (),
) -> Deployer:
    """What deploys: the official Helm CLI where it is, else the SDK. `keep` are open files that it inherits.

    Raises AuthorError (`no-helm`) for a binary that was asked for and is missing.
    """
    return CrdsFirst(await _helm(target, sdk, engine, binary, keep), target)


async def _helm(target: Target, sdk: EngineInfo, engine: str, binary: str, keep: Sequence[int]) -> Deployer:
    found = shutil.which(binary)
    if engine == "sdk" or (engine == "auto" and found is None):
        return SdkDeployer(sdk, target.kubeconfig, target.context, keep)
    if found is None:
        raise AuthorError(
            f"There is no program {binary} on PATH.",
            fix="Install Helm 4, or deploy with the SDK (helm.engine: sdk).",
            code="no-helm",
        )
    command = CliDeployer(found, target.kubeconfig, target.context, keep)
    if await command.available():
        return command
    if engine == "auto":
        return SdkDeployer(sdk, target.kubeconfig, target.context, keep)
    raise AuthorError(f"{found} is not Helm 4.", fix="Install Helm 4.", code="no-helm")


def open_checkout(path: Path) -> Checkout:
    """A directory as a checkout. Raises AuthorError where it is none."""
    if not path.is_dir():
        raise AuthorError(f"There is no directory {path}.", fix="Name a checkout.", code="no-checkout")
    return DirectoryCheckout(str(path), head_of(str(path)))


def state_dir() -> Path:
    """Where the command line keeps its key, its charts and its last plans (XDG_CACHE_HOME/purser)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "purser"


def fingerprint_key(directory: Path) -> bytes:
    """The key of this machine's masks, made at the first call; a fresh one where nothing can be kept."""
    file = directory / "fingerprint.key"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_bytes() or secrets.token_bytes(32)
    except OSError:
        return secrets.token_bytes(32)
    key = secrets.token_bytes(32)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key)
    return key
