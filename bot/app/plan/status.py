"""The commit status of a plan: what the plan says, and how the gate stands."""

from bot.app.ports import Forge, MergeRequest
from bot.core.gate.decision import GateFacts
from bot.core.model import Target
from bot.core.notes.gate import blocks_status, gate_words
from bot.core.notes.marks import plan_status
from bot.core.notes.plan import verdict
from bot.core.planned import Plan


async def tell_status(
    forge: Forge, mr: MergeRequest, target: Target, note_id: int, plan: Plan, facts: GateFacts
) -> None:
    """Writes it. Only end states: a `running` that a crash leaves behind would block the merge.

    A fork's head is on no branch of the project, and GitLab takes no status for it.
    """
    if mr.from_fork:
        return
    words = gate_words(facts)
    good = plan.complete and not plan.has_errors and not blocks_status(facts)
    await forge.set_status(
        mr.project,
        mr.head,
        name=plan_status(target.name),
        state="success" if good else "failed",
        description=f"{verdict(plan)}; gate: {words}" if words else verdict(plan),
        url=f"{mr.web_url}#note_{note_id}",
        pipeline_id=await pipeline_to_join(forge, mr),
    )


async def pipeline_to_join(forge: Forge, mr: MergeRequest) -> int | None:
    """The pipeline of the head, looked for again where there was none when the plan began.

    GitLab makes it some seconds after a push; a status that joins none makes GitLab invent another one, which
    counts where pipelines must succeed.
    """
    if mr.head_pipeline_id is not None:
        return mr.head_pipeline_id
    now = await forge.merge_request(mr.project, mr.iid)
    return now.head_pipeline_id if now is not None and now.head == mr.head else None
