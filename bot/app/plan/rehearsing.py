"""Rehearse the releases of a plan on the cluster, side by side, as if it were one after another."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bot.app.plan.findings import finding_of
from bot.app.plan.gathering import Ready
from bot.app.ports import Cluster
from bot.app.together import together
from bot.core.errors import AuthorError
from bot.core.model import Finding
from bot.core.planned import ReleasePlan
from bot.core.question import Answer, Apply, Create, ListOf, Question
from bot.core.redact.masking import Masker
from bot.core.rehearsal.case import Identity
from bot.core.rehearsal.operation import Case, Overlay, overlay_after, rehearse

Scopes: TypeAlias = Mapping[tuple[str, str], bool]

_AT_ONCE = 8


@dataclass(slots=True)
class _Asked:
    """Which objects a rehearsal looked at."""

    identities: set[Identity] = field(default_factory=set)

    def note(self, questions: Sequence[Question]) -> None:
        for question in questions:
            if not isinstance(question, Apply | Create | ListOf):
                self.identities.add(question.ref.identity)

    def touched_by(self, overlay: Overlay) -> bool:
        """Whether something of it will stand otherwise once the releases before it are applied.

        A rehearsal reads every object and namespace that it is about. New and changed kinds are another
        matter: what is of no known kind is not read.
        """
        spaces = {("", "Namespace", "", name) for name in overlay.namespaces}
        standing = overlay.made | overlay.gone | spaces
        return bool(overlay.kinds or overlay.crds) or not self.identities.isdisjoint(standing)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The plan of one release, and whether it could be made. `case` is None where nothing was asked."""

    plan: ReleasePlan
    complete: bool = True
    case: Case | None = None
    asked: _Asked = field(default_factory=_Asked)


async def rehearsed(
    ready: Sequence[Ready], cluster: Cluster, scopes: Scopes, masker: Masker
) -> list[Rehearsed]:
    """One for each, in order. The masker knows all their secrets afterwards.

    Each is rehearsed on the cluster as it stands; what depends on a release before it is rehearsed once more.
    """
    for one in ready:
        _learn(masker, one)
    slots = asyncio.Semaphore(_AT_ONCE)

    async def alone(one: Ready) -> Rehearsed:
        async with slots:
            return await _rehearse(one, cluster, scopes, masker.fork(), Overlay())

    found = await together(alone(one) for one in ready)
    overlay = Overlay()
    for index, one in enumerate(ready):
        if found[index].asked.touched_by(overlay):
            found[index] = await _rehearse(one, cluster, scopes, masker.fork(), overlay)
        case = found[index].case
        if case is not None:
            overlay = overlay_after(replace(case, overlay=overlay), found[index].plan)
            masker.absorb(case.masker)
    return found


def _learn(masker: Masker, one: Ready) -> None:
    """Before anything is masked, so that no order of answers changes what is."""
    if one.standing is not None:
        return
    masker.value(one.desired.values)  # a template may put any of them into its error
    if one.lookup is not None:
        one.lookup.teach(masker)
    if one.renderings is not None:
        first = one.renderings.first
        for manifest in (*first.objects, *(hook.manifest for hook in first.hooks)):
            if manifest.get("kind") == "Secret":
                masker.learn(manifest)


async def _rehearse(
    one: Ready, cluster: Cluster, scopes: Scopes, masker: Masker, overlay: Overlay
) -> Rehearsed:
    if one.standing is not None:
        return Rehearsed(one.standing)
    if one.failure is not None:
        return Rehearsed(_unplanned(one, one.failure, masker), complete=False)
    case = Case(
        desired=one.desired,
        rendered=one.renderings.first if one.renderings else None,
        again=one.renderings.again if one.renderings else None,
        live=one.live,
        scopes=scopes,
        masker=masker,
        overlay=overlay,
        chart=one.chart,
        rollback=one.rollback,
    )
    asked = _Asked()
    try:
        plan = await drive(case, cluster, asked)
    except AuthorError as error:
        return Rehearsed(_unplanned(one, finding_of(error), masker), complete=False)
    return Rehearsed(plan, True, case, asked)


async def drive(case: Case, cluster: Cluster, asked: _Asked) -> ReleasePlan:
    """Runs one rehearsal: its questions are asked, its answers sent back.

    Its steps run in threads: reading a large manifest would hold up everybody else on this loop.
    """
    rehearsal = rehearse(case)

    def step(answers: list[Answer] | None) -> list[Question] | ReleasePlan:
        try:
            return next(rehearsal) if answers is None else rehearsal.send(answers)
        except StopIteration as end:
            plan: ReleasePlan = end.value
            return plan

    said = await asyncio.to_thread(step, None)
    while not isinstance(said, ReleasePlan):
        asked.note(said)
        said = await asyncio.to_thread(step, await cluster.ask(said))
    # A seal takes nothing from what does not change; both ways to `none` say the same.
    return replace(said, digest="") if said.action == "none" else said


def _unplanned(one: Ready, failure: Finding, masker: Masker) -> ReleasePlan:
    base = one.live.base if one.live else None
    masked = replace(failure, message=masker.text(failure.message), fix=masker.text(failure.fix))
    return ReleasePlan(
        name=one.desired.name,
        namespace=one.desired.namespace,
        action="upgrade" if base else "install",
        chart_name=one.chart.name if one.chart else (base.chart_name if base else ""),
        chart_from=base.chart_version if base else None,
        chart_to=one.chart.version if one.chart else None,
        revision_from=base.revision if base else None,
        findings=(masked,),
    )
