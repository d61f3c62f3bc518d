"""What `helm uninstall` would do (pkg/action/uninstall.go).

It takes the newest revision whatever its status, deletes what its manifest holds, and leaves what the
manifest marks with a resource policy: there any value keeps, and the live object's annotation says nothing.
"""

from dataclasses import replace

from bot.core.model import Finding, Level
from bot.core.objects import RESOURCE_POLICY, annotations_of, metadata_of
from bot.core.question import FoundAll, ListOf, NoSuchKind
from bot.core.rehearsal.asking import Asking, ask, together
from bot.core.rehearsal.case import Case, Outcome, Piece, Stage
from bot.core.rehearsal.deletions import deleted, kept
from bot.core.rehearsal.hooks import BEFORE, SUCCEEDED, hooks_for, rehearse_hook
from bot.core.rehearsal.refusals import refusal
from bot.core.rehearsal.survey import pieces_of, stored_objects, survey
from bot.core.release import Hook

_FIRST = (
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "Ingress", "IngressClass",
    "Service", "CronJob", "Job", "StatefulSet", "HorizontalPodAutoscaler", "Deployment", "ReplicaSet",
    "ReplicationController", "Pod", "DaemonSet", "RoleBinding", "Role", "ClusterRoleBinding", "ClusterRole",
    "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap",
    "Secret", "ServiceAccount", "PodDisruptionBudget", "PodSecurityPolicy", "LimitRange", "ResourceQuota",
    "NetworkPolicy", "Namespace", "PriorityClass",
)  # fmt: skip
"""Kinds in the order in which Helm deletes them; others follow."""

_RANK = {kind: rank for rank, kind in enumerate(_FIRST)}


def rehearse_uninstall(case: Case) -> Asking[list[Outcome]]:
    """Hooks, deletions in Helm's order, and what stays behind."""
    if case.live is None:
        return []
    newest = case.live.newest
    stored = pieces_of(case, stored_objects(newest))
    gone = [
        _unreadable(case, piece)
        for piece in stored
        if case.scope(piece.ref.api_version, piece.ref.kind) is None
    ]
    stage = yield from survey(case, stored, pieces_of(case, (hook.manifest for hook in newest.hooks)))
    stage = replace(stage, client_side=False)
    keeps = [piece for piece in stored if RESOURCE_POLICY in annotations_of(piece.manifest)]
    going = [piece for piece in stored if piece not in keeps and piece.ref.identity in stage.live]
    going.sort(key=lambda piece: (_RANK.get(piece.ref.kind, len(_RANK)), piece.ref.kind))
    running = hooks_for(stage, newest.hooks, ("pre-delete", "post-delete"))
    steps: list[Asking[Outcome]] = [
        rehearse_hook(stage, piece, hook, names) for piece, hook, names in running
    ]
    steps += [deleted(stage, piece.ref, stage.live[piece.ref.identity]) for piece in going]
    steps.append(_left_behind(stage, keeps, newest.hooks))
    outcomes = yield from together(steps)
    return [*gone, *outcomes]


def _unreadable(case: Case, piece: Piece) -> Outcome:
    found = refusal(NoSuchKind(), piece.ref, case.masker)
    says = f"{found.message} The release's record holds it, so `helm uninstall` fails."
    fix = "Map the old API in the release's record (the plugin helm-mapkubeapis does), or restore its CRD."
    return Outcome((), (replace(found, code="old-api-removed", message=says, fix=fix),))


def _left_behind(stage: Stage, keeps: list[Piece], hooks: tuple[Hook, ...]) -> Asking[Outcome]:
    """Kept objects, volume claims of stateful sets, hook objects, the namespace."""
    found = [kept(piece.ref) for piece in keeps if piece.ref.identity in stage.live]
    sets = [piece for piece in stage.base if piece.ref.kind == "StatefulSet" and piece not in keeps]
    for name in sorted({piece.ref.namespace for piece in sets}):
        answer = yield from ask(ListOf("v1", "PersistentVolumeClaim", name))
        claims = answer.manifests if isinstance(answer, FoundAll) else ()
        prefixes = tuple(
            prefix for piece in sets if piece.ref.namespace == name for prefix in _prefixes(piece)
        )
        names = sorted(str(metadata_of(claim).get("name")) for claim in claims)
        if staying := [claim for claim in names if prefixes and claim.startswith(prefixes)]:
            found.append(_stays(f"PersistentVolumeClaims of {name}, with their data: {', '.join(staying)}."))
    left = [
        piece
        for hook in hooks
        for piece in pieces_of(stage.case, [hook.manifest])
        if _remains(stage, piece, hook)
    ]
    if left:
        found.append(
            _stays(f"Objects that hooks made: {', '.join(sorted({str(piece.ref) for piece in left}))}.")
        )
    own = stage.case.desired.namespace
    if not any((piece.ref.kind, piece.ref.name) == ("Namespace", own) for piece in stage.base):
        found.append(_stays(f"Namespace {own}."))
    return Outcome((), tuple(found))


def _prefixes(piece: Piece) -> list[str]:
    spec = piece.manifest.get("spec")
    templates = spec.get("volumeClaimTemplates") if isinstance(spec, dict) else None
    if not isinstance(templates, list):
        return []
    return [f"{metadata_of(t).get('name')}-{piece.ref.name}-" for t in templates if isinstance(t, dict)]


def _remains(stage: Stage, piece: Piece, hook: Hook) -> bool:
    deletes = {"pre-delete", "post-delete"} & set(hook.events)
    return piece.ref.identity in stage.live and not (
        deletes and {BEFORE, SUCCEEDED} & set(hook.delete_policies)
    )


def _stays(what: str) -> Finding:
    return Finding(Level.INFO, "left-behind", f"Uninstalling leaves behind: {what}")
