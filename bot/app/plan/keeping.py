"""A plan as the store keeps it."""

from datetime import datetime

from bot.app.ports import MergeRequest, StoredPlan
from bot.core.document import to_document
from bot.core.model import Target
from bot.core.planned import Plan


def to_keep(
    plan: Plan, mr: MergeRequest, target: Target, made_of: str, at: datetime, note_id: int | None = None
) -> StoredPlan:
    """A new plan, its id still 0. `made_of` is the commit that was planned, `note_id` the note that asked."""
    return StoredPlan(
        id=0,
        project=mr.project,
        iid=mr.iid,
        target=target.name,
        head=mr.head,
        merge_ref=made_of,
        seal=plan.seal,
        complete=plan.complete,
        document=to_document(plan, whole=True),
        created_at=at,
        note_id=note_id,
    )
