"""A merge request that GitLab calls merged because another one's merge brought its commits."""

from bot.app.ports import Forge, MergeRequest
from bot.core.deploy import words
from bot.core.gate.decision import Decision, Deploy, Hold


async def unless_along(forge: Forge, mr: MergeRequest, decision: Decision) -> Decision:
    """Holds what would be deployed though the merge commit is another's, whose plan has all of it.

    One request more to GitLab for a merge of its own, two for another's.
    """
    if not isinstance(decision, Deploy):
        return decision
    other = await _brought_by(forge, mr)
    return Hold(*words.came_along(other.iid, mr.target_branch)) if other else decision


async def _brought_by(forge: Forge, mr: MergeRequest) -> MergeRequest | None:
    """The one whose head the merge commit joined instead of ours."""
    if mr.merge_sha is None or mr.merge_sha == mr.head:
        return None
    parents = await forge.parents(mr.project, mr.merge_sha)
    if not parents or mr.head in parents:
        return None
    same = [
        it
        for it in await forge.merge_requests_of(mr.project, mr.merge_sha)
        if it.iid != mr.iid and it.state == "merged" and it.merge_sha == mr.merge_sha
    ]
    return next((it for it in same if it.head in parents), None)
