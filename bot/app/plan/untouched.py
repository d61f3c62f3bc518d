"""A merge request that changes nothing of a target: say so in a line, or not at all."""

import structlog

from bot.app.plan.status import pipeline_to_join
from bot.app.ports import Forge, MergeRequest, Store
from bot.core.model import Target
from bot.core.notes.marks import plan_marker, plan_status
from bot.core.notes.plan import untouched_note

log = structlog.get_logger()


async def tell_untouched(forge: Forge, store: Store, mr: MergeRequest, target: Target) -> None:
    """A note of one line and a green status, where the target wants a line.

    Else there is nothing new, but a note of an earlier push (its follow-ups, too) must not stand there as if
    it were of now.
    """
    log.info("plan.untouched", target=target.name)
    notes = await forge.own_notes(mr.project, mr.iid)
    stale = [it.body.splitlines()[0] for it in notes if _of(it.body, target)]
    wanted = {plan_marker(target.name), *stale} if target.untouched == "line" else {*stale}
    for marker in sorted(wanted):
        body = untouched_note(marker, target.name, mr.head, target.paths)
        await forge.upsert_note(mr.project, mr.iid, marker, body)
    facts = {"target": target.name, "head": mr.head, "reason": "untouched"}
    once = f"untouched:{mr.project}:{mr.iid}:{target.name}:{mr.head}"
    await store.record("unplanned", mr.project, mr.iid, facts, once=once)
    if wanted and not mr.from_fork:
        await forge.set_status(
            mr.project,
            mr.head,
            name=plan_status(target.name),
            state="success",
            description="changes nothing of this target",
            url=mr.web_url,
            pipeline_id=await pipeline_to_join(forge, mr),
        )


def _of(body: str, target: Target) -> bool:
    first = plan_marker(target.name)
    return body.startswith((first, f"{first.removesuffix(' -->')}:part-"))
