"""What a rehearsal is about, and what its steps share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.manifest import ref
from bot.core.model import DesiredRelease, Finding, Level, Manifest, ObjectRef
from bot.core.noise import Noise
from bot.core.planned import Drift, ObjectPlan
from bot.core.redact.masking import Masker
from bot.core.release import LiveRelease, LocalChart, Rendered, StoredRelease

Scopes = Mapping[tuple[str, str], bool]
Identity = tuple[str, str, str, str]
CRD = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What earlier releases of the same plan will have done by the time that a release is applied.

    `kinds` are those that their CRDs bring, as in `Case.scopes`, `crds` the CRDs that they make or change, by
    (apiVersion, kind); `made` and `gone` are identities of objects that will have been created or deleted.
    """

    namespaces: frozenset[str] = frozenset()
    kinds: Scopes = field(default_factory=dict)
    made: frozenset[Identity] = frozenset()
    gone: frozenset[Identity] = frozenset()
    crds: Mapping[tuple[str, str], Manifest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One release to rehearse.

    `rendered` is None for an uninstallation; `again` is a second rendering of the same inputs, by which
    random values are known. `scopes` says of every served (apiVersion, kind) whether it lives in namespaces.
    `chart` is where `rendered` came from; its digest becomes part of the seal. `rollback` is the revision
    that `rendered` was read from, where Helm is to roll back to it.
    """

    desired: DesiredRelease
    rendered: Rendered | None
    live: LiveRelease | None
    scopes: Scopes
    masker: Masker
    again: Rendered | None = None
    overlay: Overlay = field(default_factory=Overlay)
    chart: LocalChart | None = None
    rollback: StoredRelease | None = None

    @property
    def installs(self) -> bool:
        """Whether Helm would install: there is no release, or only its history is kept."""
        return self.live is None or self.live.newest.status == "uninstalled"

    @property
    def brings_crds(self) -> bool:
        """Whether the chart's crds/ are applied: by Helm at an install, else where the target says so."""
        return self.installs or self.desired.upgrade_crds

    def ref(self, manifest: Manifest) -> ObjectRef:
        """Names an object of this release; kinds still to come are looked up in the overlay."""
        return ref(manifest, self.desired.namespace, self.scope)

    def scope(self, api_version: str, kind: str) -> bool | None:
        """Whether the kind lives in namespaces; None where nothing says so."""
        known = self.scopes.get((api_version, kind))
        if known is None:
            known = self.overlay.kinds.get((api_version, kind))
        if known is None and self.rendered is not None:
            for crd in (*self.rendered.crds, *self.rendered.objects):
                known = kinds_of_crd(crd).get((api_version, kind), known)
        return known


@dataclass(frozen=True, slots=True)
class Piece:
    """An object and its name in the cluster."""

    ref: ObjectRef
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step came to."""

    plans: tuple[ObjectPlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    drift: tuple[Drift, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether Helm would fail here."""
        return any(finding.level is Level.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands before the operation, and what it is made of.

    `live` holds the objects that exist, by identity. `absent` are namespaces that do not exist, `coming`
    those of them that will when the objects are applied. `kinds` are not served yet, and will be; `crds` are
    those that will be otherwise than the API server has them now, by (apiVersion, kind).
    """

    case: Case
    noise: Noise
    targets: tuple[Piece, ...]
    base: tuple[Piece, ...]
    live: Mapping[Identity, Manifest]
    absent: frozenset[str]
    coming: frozenset[str]
    kinds: Scopes
    crds: Mapping[tuple[str, str], Manifest]
    client_side: bool = False

    def served(self, piece: ObjectRef) -> bool:
        """Whether the API server can be asked about this kind."""
        return (piece.api_version, piece.kind) in self.case.scopes


def last_of_each(pieces: list[Piece]) -> tuple[Piece, ...]:
    """One piece per object: of several the last one, as applying them in turn would leave it."""
    kept = {piece.ref.identity: index for index, piece in enumerate(pieces)}
    return tuple(piece for index, piece in enumerate(pieces) if kept[piece.ref.identity] == index)


def kinds_of_crd(crd: Manifest) -> dict[tuple[str, str], bool]:
    """(apiVersion, kind) -> namespaced, for every version that this CRD serves."""
    spec = crd.get("spec")
    if crd.get("kind") != CRD or not isinstance(spec, dict):
        return {}
    names, versions = spec.get("names"), spec.get("versions")
    kind = names.get("kind") if isinstance(names, dict) else None
    served = [v for v in versions if isinstance(v, dict)] if isinstance(versions, list) else []
    return {
        (f"{spec.get('group')}/{version.get('name')}", str(kind)): spec.get("scope") == "Namespaced"
        for version in served
        if version.get("served", True)
    }
