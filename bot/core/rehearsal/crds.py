"""What Helm does with a chart's crds/ directory, and with the release's namespace, before anything else.

Both are applied at an install only, server-side and without ownership marks, over what exists; Helm never
upgrades or deletes them (pkg/action/install.go).
"""

from bot.core.diff import comparable, differences, within
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.question import UNANSWERED, Apply, Found, NoSuchKind, Refused
from bot.core.rehearsal.asking import Asking
from bot.core.rehearsal.case import Outcome, Piece, Stage
from bot.core.rehearsal.objects import applied, created, in_place
from bot.core.rehearsal.refusals import refusal


def rehearse_first(stage: Stage, piece: Piece) -> Asking[Outcome]:
    """A CRD of crds/, or the release's namespace, at an install."""
    ref, live = piece.ref, stage.live.get(piece.ref.identity)
    if not stage.served(ref):
        found = refusal(NoSuchKind(), ref, stage.case.masker)
        return Outcome((), (found,))
    body = Piece(ref, in_place(piece.manifest, ref))
    if live is None:
        return (yield from created(stage, ref, body.manifest, source=piece.manifest))
    return (yield from applied(stage, body, live, source=piece.manifest))


def namespace_piece(name: str) -> Piece:
    """The namespace as `helm install --create-namespace` applies it."""
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"name": name}},
    }
    return Piece(ObjectRef("v1", "Namespace", "", name), manifest)


def compare_crds(stage: Stage, pieces: tuple[Piece, ...]) -> Asking[Outcome]:
    """At an upgrade: which CRDs of the chart the cluster has otherwise, or not at all."""
    asked = [piece for piece in pieces if _older(stage, piece)]
    answers = (yield [Apply(piece.manifest, force=True, advisory=True) for piece in asked]) if asked else []
    missing = [piece.ref.name for piece in pieces if piece.ref.identity not in stage.live]
    differing: dict[str, int] = {}
    unanswered: list[str] = []
    for piece, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Refused) and answer.status == UNANSWERED:
            unanswered.append(piece.ref.name)
            continue
        live = comparable(stage.live[piece.ref.identity])
        other = comparable(answer.manifest) if isinstance(answer, Found) else piece.manifest
        count = len(differences(live.get("spec"), other.get("spec")))
        if count or isinstance(answer, Refused | NoSuchKind):
            differing[piece.ref.name] = count
    if not missing and not differing and not unanswered:
        return Outcome()
    return Outcome((), (_not_upgraded(missing, differing, unanswered),))


def _older(stage: Stage, piece: Piece) -> bool:
    live = stage.live.get(piece.ref.identity)
    return live is not None and not within(piece.manifest.get("spec"), live.get("spec"))


def _not_upgraded(missing: list[str], differing: dict[str, int], unanswered: list[str]) -> Finding:
    parts = [f"{name} is missing" for name in missing]
    parts += [f"{name} differs in {count} places" for name, count in sorted(differing.items())]
    parts += [f"{name} seems to differ, but the API server did not answer where" for name in unanswered]
    return Finding(
        Level.WARNING,
        "crds-not-upgraded",
        f"Helm does not upgrade the chart's crds/, and the cluster's are others: {', '.join(parts)}.",
        "Apply the chart's CRDs before this deploy (`kubectl apply --server-side --field-manager=helm -f "
        "crds/`), or have the target upgrade them (deploy.crds: upgrade).",
    )
