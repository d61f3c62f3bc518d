"""The nouns of Helm: charts, renderings, and releases as a cluster keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.model import Finding, Manifest


@dataclass(frozen=True, slots=True)
class LocalChart:
    """A chart on this disk, checked and ready to load.

    `digest` is `sha256:<hex>` over the archive's bytes, or over the files of a directory.
    """

    path: str
    digest: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What Helm's `.Capabilities` say about a cluster.

    `kube_version` is `v1.36.3`; `api_versions` hold `apps/v1` and `apps/v1/Deployment`, sorted.
    """

    kube_version: str
    api_versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One rendering. `revision` and `is_upgrade` are what `.Release` will say when it is applied.

    `stands` is the digest of texts (core/texts.py) that are known already: a rendering that has it may come
    back with its `texts` alone, without objects, hooks, CRDs and findings.
    """

    chart: LocalChart
    release: str
    namespace: str
    values: Mapping[str, Any]
    capabilities: Capabilities
    revision: int = 1
    is_upgrade: bool = False
    stands: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """A chart hook. `events` as `pre-upgrade`; `delete_policies` are never empty."""

    manifest: Manifest
    events: tuple[str, ...]
    weight: int
    delete_policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered chart: objects in Helm's install order, hooks apart, `crds` from crds/ directories.

    `texts` is the digest of what the templates gave (core/texts.py), or empty where nobody made it.
    """

    chart_name: str
    chart_version: str
    app_version: str
    objects: tuple[Manifest, ...]
    hooks: tuple[Hook, ...]
    crds: tuple[Manifest, ...]
    findings: tuple[Finding, ...] = ()
    texts: str = ""


@dataclass(frozen=True, slots=True)
class Renderings:
    """The same inputs rendered twice, so that random values show; `again` is None where nothing is random."""

    first: Rendered
    again: Rendered | None


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """One revision of a release as Helm keeps it in its Secret.

    `status` is Helm's word (deployed, failed, pending-upgrade, superseded, uninstalled, …);
    `apply_method` is `ssa`, `csa`, or empty for revisions of Helm 3; `values` are the user's. `texts` is the
    digest of its documents and hooks (core/texts.py).
    """

    name: str
    namespace: str
    revision: int
    status: str
    chart_name: str
    chart_version: str
    app_version: str
    values: Mapping[str, Any]
    manifest: str
    hooks: tuple[Hook, ...] = ()
    apply_method: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    updated: str = ""
    texts: str = ""


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """What stands of a release: the revision that Helm would start from, and the newest one of all.

    They differ when the newest revision failed or is pending. See Helm's `upgrade`: the base is the newest if
    deployed, else the newest deployed below it, else the newest.
    """

    base: StoredRelease
    newest: StoredRelease
