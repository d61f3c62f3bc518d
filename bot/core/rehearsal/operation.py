"""Decides what a Helm operation would do to a cluster, without doing it.

`rehearse(case)` is a generator without effects. It yields batches of questions for the API server
(core/question.py: reads and dry runs), is sent one answer per question, in order, and returns a ReleasePlan:

    rehearsal = rehearse(case)
    try:
        questions = next(rehearsal)
        while True:
            questions = rehearsal.send(await cluster.ask(questions))
    except StopIteration as end:
        plan = end.value
    overlay = overlay_after(case, plan)  # for the Case of the next release of the same plan

A release whose desired state is its deployed revision is `none` and asks nothing, but about CRDs that the
target upgrades. Everything in the returned plan is masked. The rules are Helm 4's (pkg/action, pkg/kube):
what its operation does step by step is done here with each write replaced by the API server's own dry run.
"""

from dataclasses import replace

from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.noise import Noise, hook_facts, noise_between, same_but_noise
from bot.core.planned import ReleaseAction, ReleasePlan
from bot.core.question import NoSuchKind
from bot.core.rehearsal.asking import Asking, together
from bot.core.rehearsal.case import CRD, Case, Outcome, Overlay, Piece, Stage, kinds_of_crd
from bot.core.rehearsal.crd_upgrade import upgrade_crds
from bot.core.rehearsal.crds import compare_crds, namespace_piece, rehearse_first
from bot.core.rehearsal.deletions import rehearse_deletion
from bot.core.rehearsal.drift import drift_since
from bot.core.rehearsal.hooks import hooks_for, rehearse_hook
from bot.core.rehearsal.limits import record_size, rehearse_quotas
from bot.core.rehearsal.objects import STAND_IN, rehearse_object
from bot.core.rehearsal.refusals import refusal
from bot.core.rehearsal.rollback import about_rollback
from bot.core.rehearsal.survey import pieces_of, stored_objects, survey
from bot.core.rehearsal.uninstall import rehearse_uninstall
from bot.core.release import Rendered
from bot.core.risk.ranking import assess
from bot.core.seal import release_digest

__all__ = ["Case", "Overlay", "overlay_after", "rehearse"]


def rehearse(case: Case) -> Asking[ReleasePlan]:
    """The plan of one release. Raises AuthorError where a stored revision's manifest cannot be read."""
    if not case.desired.installed:
        if case.installs:
            return _plan(case, "none", [])
        outcomes = yield from rehearse_uninstall(case)
        return _plan(case, "uninstall", outcomes)
    if case.rendered is None:
        raise ValueError("a release that is to be installed is rendered first")
    action: ReleaseAction = "install" if case.installs else "upgrade"
    if (blocked := _blocked(case)) is not None:
        return _plan(case, action, [Outcome((), (blocked,))])
    if not case.installs and is_deployed(case) and not (yield from _crds_behind(case, case.rendered)):
        return _plan(case, "none", [])
    outcomes = yield from _applied(case, case.rendered)
    return _plan(case, action, outcomes)


def is_deployed(case: Case) -> bool:
    """Whether the release's deployed revision is what is desired, random values aside."""
    rendered, live = case.rendered, case.live
    if rendered is None or live is None or live.newest.status != "deployed":
        return False
    base = live.newest
    if (base.chart_name, base.chart_version) != (rendered.chart_name, rendered.chart_version):
        return False
    if not _same_values(dict(base.values), dict(case.desired.values)):
        return False
    noise = noise_between(rendered, case.again)
    new = [piece.manifest for piece in pieces_of(case, rendered.objects)]
    old = [piece.manifest for piece in pieces_of(case, stored_objects(base))]
    hooks, stood = rendered.hooks, base.hooks
    return (
        same_but_noise(noise, new, old)
        and sorted(map(hook_facts, hooks)) == sorted(map(hook_facts, stood))
        and same_but_noise(noise, [h.manifest for h in hooks], [h.manifest for h in stood])
    )


def _crds_behind(case: Case, rendered: Rendered) -> Asking[bool]:
    """Whether a release that has nothing else to do brings CRDs, or fails to (deploy.crds: upgrade)."""
    if not rendered.crds or not case.desired.upgrade_crds or case.rollback is not None:
        return False
    crds = pieces_of(case, rendered.crds)
    # Its own objects are as they should be, so they are not read.
    alone = replace(case, rendered=replace(rendered, objects=(), hooks=()), again=None)
    stage = yield from survey(alone, (), crds)
    found = yield from upgrade_crds(stage, crds)
    return bool(found.plans) or found.failed


def _same_values(one: Manifest, other: Manifest) -> bool:
    return one == other


def _blocked(case: Case) -> Finding | None:
    """What keeps Helm from starting at all."""
    if case.live is None or case.installs:
        return None
    newest, base = case.live.newest, case.live.base
    if newest.status.startswith("pending-"):
        return Finding(
            Level.ERROR,
            "release-pending",
            f"Revision {newest.revision} of {case.desired.key} is {newest.status}: another operation runs, "
            "or was killed half-way. Helm refuses to upgrade.",
            "Wait for it to end. If nothing runs any more, a maintainer says /helm deploy --recover in the "
            "thread of a merge request that was merged: it marks that revision failed and goes on."
            + _or_back(case),
        )
    if base.status not in ("deployed", "failed", "superseded"):
        return Finding(
            Level.ERROR,
            "release-status",
            f"Revision {base.revision} of {case.desired.key} is {base.status}, and Helm upgrades only from a "
            "revision that was deployed or failed.",
            f"Uninstall the release (`helm uninstall {case.desired.name}`), then plan again.",
        )
    return None


def _or_back(case: Case) -> str:
    if case.rollback is None:
        return ""
    again = f"/helm rollback {case.desired.key} {case.rollback.revision}"
    return f" Or {again} --recover in this thread: it marks it, too, and goes back."


def _applied(case: Case, rendered: Rendered) -> Asking[list[Outcome]]:
    """An install or an upgrade, in Helm's order: namespace and crds/, hooks, objects, deletions, hooks."""
    base = pieces_of(case, () if case.installs or case.live is None else stored_objects(case.live.base))
    gone = [_unreadable(case, piece) for piece in base if case.scope(*_kind(piece.ref)) is None]
    crds = pieces_of(case, rendered.crds)
    hooks = pieces_of(case, (hook.manifest for hook in rendered.hooks))
    first = (
        (namespace_piece(case.desired.namespace),) if case.installs and case.desired.create_namespace else ()
    )
    stage = yield from survey(case, base, (*hooks, *crds, *first))
    running = hooks_for(stage, rendered.hooks, _events(case))
    handled = {piece.ref.identity for piece in (*stage.targets, *(piece for piece, _, _ in running))}
    steps: list[Asking[Outcome]] = []
    if case.installs:
        steps += [rehearse_first(stage, piece) for piece in (*first, *crds) if _not_made(case, piece)]
    elif crds and case.brings_crds:
        steps.append(upgrade_crds(stage, crds))
    elif crds:
        steps.append(compare_crds(stage, crds))
    steps += [rehearse_hook(stage, piece, hook, names) for piece, hook, names in running]
    steps += [rehearse_object(stage, piece) for piece in stage.targets]
    steps += [rehearse_deletion(stage, piece) for piece in base if piece.ref.identity not in handled]
    outcomes = yield from together(steps)
    drift = Outcome() if case.installs else drift_since(stage, outcomes)
    outcomes += [drift, record_size(case), (yield from rehearse_quotas(stage, outcomes))]
    outcomes += [about_rollback(case, outcomes)] if case.rollback else []
    return [*gone, *_about_method(stage), *outcomes, *_about_namespaces(stage)]


def _events(case: Case) -> tuple[str, str]:
    if case.rollback is not None:
        return "pre-rollback", "post-rollback"
    return ("pre-install", "post-install") if case.installs else ("pre-upgrade", "post-upgrade")


def _kind(ref: ObjectRef) -> tuple[str, str]:
    return ref.api_version, ref.kind


def _not_made(case: Case, piece: Piece) -> bool:
    return piece.ref.identity not in case.overlay.made and not (
        piece.ref.kind == "Namespace" and piece.ref.name in case.overlay.namespaces
    )


def _unreadable(case: Case, piece: Piece) -> Outcome:
    """Helm looks up every kind of its old manifest, and fails where one is served no more."""
    found = refusal(NoSuchKind(), piece.ref, case.masker)
    says = f"{found.message} The deployed revision holds it, so Helm can neither upgrade nor uninstall."
    fix = "Map the old API in the release's record (the plugin helm-mapkubeapis does), or restore its CRD."
    return Outcome((), (replace(found, code="old-api-removed", message=says, fix=fix),))


def _about_method(stage: Stage) -> list[Outcome]:
    if not stage.client_side:
        return []
    found = [
        Finding(
            Level.INFO,
            "client-side-release",
            "Helm applies this release client-side, as it was last deployed (by Helm 3, say): fields changed "
            "by hand are set back where the chart says them, and stay where it does not.",
        )
    ]
    if stage.case.desired.force_conflicts:
        found.append(
            Finding(
                Level.ERROR,
                "force-client-side",
                "force_conflicts does not go with a release that Helm applies client-side: Helm refuses.",
                "Take force_conflicts out for this release, or move it to server-side apply first "
                "(`helm upgrade --server-side=true`).",
            )
        )
    return [Outcome((), tuple(found))]


def _about_namespaces(stage: Stage) -> list[Outcome]:
    """What is to be said once about namespaces that do not exist, not for each object in them."""
    found: list[Finding] = []
    own = stage.case.desired.namespace
    if own in stage.absent and own not in stage.coming:
        found.append(
            Finding(
                Level.ERROR,
                "namespace-missing",
                f"Namespace {own} does not exist, and the release does not create it.",
                "Set create_namespace, or create the namespace first.",
            )
        )
    for name in sorted(stage.coming):
        found.append(
            Finding(
                Level.INFO,
                "stand-in",
                f"Namespace {name} does not exist yet: its objects were checked in namespace {STAND_IN}.",
            )
        )
    return [Outcome((), tuple(found))]


def _plan(case: Case, action: ReleaseAction, outcomes: list[Outcome]) -> ReleasePlan:
    base = case.live.base if case.live and not case.installs else None
    rendered = case.rendered if case.desired.installed else None
    said = rendered.findings if rendered and action != "none" else ()
    findings = [replace(finding, message=case.masker.text(finding.message)) for finding in said]
    findings += [finding for outcome in outcomes for finding in outcome.findings]
    plan = ReleasePlan(
        name=case.desired.name,
        namespace=case.desired.namespace,
        action=action,
        chart_name=rendered.chart_name if rendered else base.chart_name if base else "",
        chart_from=base.chart_version if base else None,
        chart_to=rendered.chart_version if rendered else None,
        revision_from=base.revision if base else None,
        objects=tuple(plan for outcome in outcomes for plan in outcome.plans),
        findings=tuple(dict.fromkeys(findings)),
        drift=tuple(drift for outcome in outcomes for drift in outcome.drift),
    )
    if any(finding.level is Level.ERROR for finding in findings):
        return assess(plan)
    digest = release_digest(
        case.desired,
        rendered=rendered,
        noise=noise_between(rendered, case.again) if rendered else Noise(),
        live=case.live,
        chart_digest=case.chart.digest if case.chart else "",
    )
    return assess(replace(plan, digest=digest))


def overlay_after(case: Case, plan: ReleasePlan) -> Overlay:
    """What stands once this release was applied as planned, for the releases that follow it."""
    if plan.action == "none":
        return case.overlay
    made = {one.ref.identity for one in plan.objects if one.action == "create" and not one.deleted_after}
    gone = {one.ref.identity for one in plan.objects if one.action == "delete"}
    spaces = {one.ref.name for one in plan.objects if one.ref.kind == "Namespace" and one.action == "create"}
    kinds, changed = dict(case.overlay.kinds), dict(case.overlay.crds)
    written = {one.ref.name for one in plan.objects if one.ref.kind == CRD and one.action != "unchanged"}
    if case.rendered is not None:
        crds = case.rendered.crds if case.brings_crds else ()
        for manifest in (*crds, *case.rendered.objects):
            brought = kinds_of_crd(manifest)
            kinds.update(brought)
            if case.ref(manifest).name in written:
                changed.update(dict.fromkeys(brought, manifest))
    return Overlay(
        namespaces=case.overlay.namespaces | spaces,
        kinds={kind: scope for kind, scope in kinds.items() if kind not in case.scopes},
        made=(case.overlay.made - gone) | made,
        gone=(case.overlay.gone - made) | gone,
        crds=changed,
    )
