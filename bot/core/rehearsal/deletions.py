"""What Helm would delete, what it keeps, and what goes down with it."""

from bot.core.diff import comparable
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.objects import RESOURCE_POLICY, annotations_of, metadata_of
from bot.core.planned import ObjectPlan
from bot.core.question import Absent, Delete, Found, FoundAll, ListOf, NoSuchKind, Question, Refused
from bot.core.rehearsal.asking import Asking, ask
from bot.core.rehearsal.case import CRD, Outcome, Piece, Scopes, Stage, kinds_of_crd
from bot.core.rehearsal.refusals import refusal

_CONTENT = (
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
)
"""Kinds by which the content of a namespace is told."""

_EVERY_NAMESPACE_HAS = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})


def rehearse_deletion(stage: Stage, piece: Piece) -> Asking[Outcome]:
    """One object that the old manifest has and the new one lacks; the live object says whether it is kept."""
    live = stage.live.get(piece.ref.identity)
    if live is None:
        return Outcome()
    if annotations_of(live).get(RESOURCE_POLICY) == "keep":
        return Outcome((), (kept(piece.ref),))
    return (yield from deleted(stage, piece.ref, live))


def kept(ref: ObjectRef) -> Finding:
    """An object that stays although the release gives it up."""
    return Finding(
        Level.INFO,
        "kept",
        f"{ref} stays in the cluster ({RESOURCE_POLICY}), and no release manages it any more.",
        object=ref,
    )


def deleted(stage: Stage, ref: ObjectRef, live: Manifest) -> Asking[Outcome]:
    """A deletion that the API server is asked about, with what it takes along."""
    masker = stage.case.masker
    answer = yield from ask(Delete(ref))
    plan = ObjectPlan(ref, "delete", before=masker.manifest(comparable(live)))
    match answer:
        case Refused() | NoSuchKind():
            return Outcome((plan,), (refusal(answer, ref, masker),))
        case Found() | FoundAll() | Absent():
            taken = yield from _cascade(stage, ref, live)
            return Outcome((plan,), taken)


def _cascade(stage: Stage, ref: ObjectRef, live: Manifest) -> Asking[tuple[Finding, ...]]:
    questions: list[ListOf] = []
    if ref.kind == CRD:
        questions = list(_resources_of(live, stage.case.scopes))
    elif ref.kind == "Namespace" and not ref.group:
        known = [kind for kind in _CONTENT if kind in stage.case.scopes]
        questions = [ListOf(api_version, kind, ref.name) for api_version, kind in known]
    if not questions:
        return ()
    answers = yield list[Question](questions)
    counts: dict[str, int] = {}
    refused = False
    for question, answer in zip(questions, answers, strict=True):
        if isinstance(answer, FoundAll):
            counts[question.kind] = len([m for m in answer.manifests if not _own(question.kind, m)])
        else:
            refused = True
    return _taken_along(ref, {kind: count for kind, count in counts.items() if count}, refused)


def _resources_of(crd: Manifest, scopes: Scopes) -> tuple[ListOf, ...]:
    served = [kind for kind in kinds_of_crd(crd) if kind in scopes]
    return tuple(ListOf(api_version, kind) for api_version, kind in served[:1])


def _own(kind: str, manifest: Manifest) -> bool:
    return (kind, metadata_of(manifest).get("name")) in _EVERY_NAMESPACE_HAS


def _taken_along(ref: ObjectRef, counts: dict[str, int], refused: bool) -> tuple[Finding, ...]:
    if not counts and not refused:
        return ()
    what = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    unknown = " What else is in it could not be counted." if refused else ""
    says = f"Deleting {ref} deletes {what or 'everything'} with it.{unknown}"
    fix = "Make sure that none of it is needed, or keep it with the annotation helm.sh/resource-policy: keep."
    return (Finding(Level.WARNING, "cascade", says, fix, ref),)
