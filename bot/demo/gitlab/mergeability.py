"""Whether a merge request can be merged, and the ref that shows the target after the merge."""

from __future__ import annotations

from bot.demo.gitlab.errors import message
from bot.demo.gitlab.git_repos import Person
from bot.demo.gitlab.state import MergeRequest
from bot.demo.gitlab.world import World


def merge_message(it: MergeRequest) -> str:
    """GitLab's default message of a merge commit."""
    source = it.source_branch
    if it.source_project is not it.project:
        source = f"{it.source_project.path.replace('/', '-')}:{source}"
    return (
        f"Merge branch '{source}' into '{it.target_branch}'\n\n{it.title}\n\n"
        f"See merge request {it.project.path}!{it.iid}\n"
    )


async def check(world: World, it: MergeRequest) -> None:
    """Looks at the branches again and rewrites refs/merge-requests/<iid>/merge (which stays as it was on
    conflict). What moves meanwhile, by a push or a merge, is looked at once more: one answer is of one state.
    """
    async with it.checking:
        while not await _checked(world, it):
            pass


async def _checked(world: World, it: MergeRequest) -> bool:
    """False where the head moved or it was merged while this looked: nothing of it is kept then."""
    repo, head = world.repository(it.project), it.head
    target = await repo.resolve(f"refs/heads/{it.target_branch}")
    if it.state != "opened" or target is None:
        it.checked = True
        return True
    base = await repo.merge_base(target, head)
    empty = base == head
    tree = None if empty else await repo.merge_tree(target, head)
    made = None if tree is None else await _merge_commit(world, it, tree, (target, head))
    if (it.head, it.state) != (head, "opened"):
        return False
    it.base, it.start, it.empty, it.behind = base or target, target, empty, base != target
    it.conflicts, it.checked = tree is None and not empty, True
    changed, it.merge_ref = made != it.merge_ref, made
    if made is not None and changed:
        await repo.update_ref(f"refs/merge-requests/{it.iid}/merge", made)
    return True


async def _merge_commit(world: World, it: MergeRequest, tree: str, parents: tuple[str, str]) -> str:
    """The one that there is, or a new one."""
    repo = world.repository(it.project)
    current = await repo.commit(it.merge_ref) if it.merge_ref else None
    if it.merge_ref and current is not None and current.parents == parents:
        return it.merge_ref
    by = Person(it.author.name, it.author.email)
    return await repo.commit_tree(tree, list(parents), merge_message(it), by, world.now())


async def look(world: World, it: MergeRequest) -> bool:
    """One look from outside. False while GitLab is said to be computing still."""
    if it.lag > 0:
        it.lag -= 1
        return False
    await check(world, it)
    return True


async def merge_ref(world: World, it: MergeRequest) -> str:
    """The commit of the merge ref, or the refusal (400) that GitLab gives on conflict, empty, merged or too
    early.
    """
    if not await look(world, it):
        raise message(400, "Merge ref cannot be updated")
    if it.state != "opened" or it.merge_ref is None:
        raise message(400, "Merge request is not mergeable")
    return it.merge_ref


def detailed_status(world: World, it: MergeRequest) -> str:
    """`detailed_merge_status`: the first reason why it cannot be merged now, or "mergeable"."""
    settings = it.project.settings
    head = world.head_pipeline(it)
    ci = head.status if head else None
    passed = ci == "success" or (ci == "skipped" and settings.allow_merge_on_skipped_pipeline)
    must_pass = settings.only_allow_merge_if_pipeline_succeeds and not passed
    going = ci in ("created", "pending", "running", "waiting_for_resource")
    reasons = {
        "not_open": it.state != "opened",
        "unchecked": not it.checked,
        "draft_status": it.draft,
        "commits_status": it.empty,
        "conflict": it.conflicts,
        "need_rebase": it.behind and settings.merge_method != "merge",
        "ci_still_running": must_pass and going,
        "ci_must_pass": must_pass,
        "discussions_not_resolved": (
            settings.only_allow_merge_if_all_discussions_are_resolved and not it.threads_resolved
        ),
        "not_approved": len(it.approvals) < settings.approvals_required,
    }
    return next((reason for reason, holds in reasons.items() if holds), "mergeable")
