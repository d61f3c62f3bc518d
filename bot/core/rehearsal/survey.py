"""What stands before a Helm operation: every object that it may touch, read once."""

from collections.abc import Iterable, Mapping

from bot.core.diff import within
from bot.core.manifest import documents_again
from bot.core.model import Manifest, ObjectRef
from bot.core.noise import Noise, noise_between
from bot.core.question import Found, Read
from bot.core.rehearsal.asking import Asking
from bot.core.rehearsal.case import Case, Identity, Piece, Stage, kinds_of_crd, last_of_each
from bot.core.release import StoredRelease

HELM_SERVER_SIDE = "ssa"
"""Helm's word in a revision that was applied server-side; Helm 3 has none, and goes on client-side."""


def pieces_of(case: Case, manifests: Iterable[Manifest]) -> tuple[Piece, ...]:
    """The objects with their names in the cluster, of several for one name the last."""
    return last_of_each([Piece(case.ref(manifest), manifest) for manifest in manifests])


def stored_objects(stored: StoredRelease) -> list[Manifest]:
    """The objects of a stored revision. Raises AuthorError for a manifest that cannot be read."""
    return documents_again(stored.manifest)


def survey(case: Case, base: tuple[Piece, ...], extra: tuple[Piece, ...] = ()) -> Asking[Stage]:
    """Reads the objects of the new manifest, of `base` and of `extra` (hooks, CRDs), and their namespaces."""
    rendered = case.rendered
    targets = pieces_of(case, rendered.objects if rendered else ())
    pieces = [*targets, *extra, *base]
    refs = {piece.ref.identity: piece.ref for piece in reversed(pieces) if _readable(case, piece.ref)}
    names = sorted(_namespaces(case, pieces))
    spaces = [ObjectRef("v1", "Namespace", "", name) for name in names]
    asked = [*refs.values(), *(space for space in spaces if space.identity not in refs)]
    answers = yield [Read(ref) for ref in asked]
    live: dict[Identity, Manifest] = {
        ref.identity: answer.manifest
        for ref, answer in zip(asked, answers, strict=True)
        if isinstance(answer, Found) and ref.identity not in case.overlay.gone
    }
    for manifest in (*(piece.manifest for piece in base), *live.values()):
        if manifest.get("kind") == "Secret":
            case.masker.learn(manifest)
    for piece in (*targets, *extra):
        case.masker.learn(piece.manifest)
    absent = frozenset(space.name for space in spaces if space.identity not in live)
    return Stage(
        case=case,
        noise=noise_between(rendered, case.again) if rendered else Noise(),
        targets=targets,
        base=base,
        live=live,
        absent=absent,
        coming=_coming(case, targets, absent),
        kinds=_kinds(case),
        crds=_crds(case, live),
        client_side=not case.installs and _client_side(case),
    )


def _readable(case: Case, ref: ObjectRef) -> bool:
    return bool(ref.name) and (ref.api_version, ref.kind) in case.scopes


def _namespaces(case: Case, pieces: list[Piece]) -> set[str]:
    """Those that may be missing: the release's own one holds its record once it is installed."""
    found = {piece.ref.namespace for piece in pieces} | {case.desired.namespace}
    return found - {"", *(() if case.installs else (case.desired.namespace,))}


def _coming(case: Case, targets: tuple[Piece, ...], absent: frozenset[str]) -> frozenset[str]:
    made = {piece.ref.name for piece in targets if piece.ref.kind == "Namespace" and not piece.ref.group}
    own = {case.desired.namespace} if case.installs and case.desired.create_namespace else set()
    return absent & (made | own | case.overlay.namespaces)


def _kinds(case: Case) -> dict[tuple[str, str], bool]:
    found = dict(case.overlay.kinds)
    if case.rendered and case.brings_crds:
        for crd in case.rendered.crds:
            found.update(kinds_of_crd(crd))
    return found


def _crds(case: Case, live: Mapping[Identity, Manifest]) -> dict[tuple[str, str], Manifest]:
    found = dict(case.overlay.crds)
    for crd in case.rendered.crds if case.rendered and case.brings_crds else ():
        stands = live.get(case.ref(crd).identity)
        if stands is None or not within(crd.get("spec"), stands.get("spec")):
            found.update(dict.fromkeys(kinds_of_crd(crd), crd))
    return found


def _client_side(case: Case) -> bool:
    stored = case.rollback or (case.live.newest if case.live else None)
    return stored is not None and stored.apply_method != HELM_SERVER_SIDE
