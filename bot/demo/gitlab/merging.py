"""Branches move: by pushes and by merges. What follows from that, and the merge itself."""

from __future__ import annotations

from bot.demo.gitlab import contained, merge_requests, payloads, pipelines
from bot.demo.gitlab.errors import message, not_allowed, unauthorized
from bot.demo.gitlab.git_repos import ZERO
from bot.demo.gitlab.mergeability import check, detailed_status
from bot.demo.gitlab.state import MergeRequest, Project, User
from bot.demo.gitlab.world import World


async def moved(world: World, project: Project, branch: str, old: str, new: str, by: User) -> None:
    """After a branch went from `old` to `new` (ZERO: made or deleted): hooks, merge requests, pipelines."""
    repo = world.repository(project)
    commits = [] if new == ZERO else await repo.commits(new if old == ZERO else f"{old}..{new}")
    body = await payloads.push(world, project, f"refs/heads/{branch}", old, new, by, commits)
    world.emit(project, "push", body)
    if new == ZERO:
        await contained.closed_without_branch(world, project, branch, by)
        return
    await contained.merged_along(world, project, branch, old, new, by)
    touched = await merge_requests.pushed(world, project, branch, new, by)
    await pipelines.for_push(world, project, branch, old, new, by)
    for mr in touched:
        await pipelines.for_merge_request(world, mr, by)


async def merge(
    world: World, it: MergeRequest, by: User, *, sha: str | None = None, squash: bool | None = None,
    text: str | None = None, remove_source: bool | None = None,
) -> None:  # fmt: skip
    """Merges by the project's method. 401 without the right to merge, 405 while something forbids it, 409 on
    a head that is not `sha`, 422 where it fails.
    """
    if not world.may_merge(by, it.project, it.target_branch):
        raise unauthorized()
    async with world.lock(it.project):
        await check(world, it)
        if detailed_status(world, it) != "mergeable":
            raise not_allowed()
        if sha is not None and sha != it.head:
            raise message(409, f"SHA does not match HEAD of source branch: {it.head}")
        repo, branch = world.repository(it.project), it.target_branch
        old = await repo.resolve(f"refs/heads/{branch}") or ZERO
        new = await merge_requests.build_merge(world, it, by, it.squash if squash is None else squash, text)
        await repo.update_ref(f"refs/heads/{branch}", new)
        await merge_requests.mark_merged(world, it, by)
    await moved(world, it.project, branch, old, new, by)
    if it.remove_source_branch if remove_source is None else remove_source:
        await _remove_source(world, it, by)


async def _remove_source(world: World, it: MergeRequest, by: User) -> None:
    repo = world.repository(it.source_project)
    head = await repo.resolve(f"refs/heads/{it.source_branch}")
    if head != it.head or it.source_branch == it.source_project.default_branch:
        return
    await repo.delete_ref(f"refs/heads/{it.source_branch}")
    await moved(world, it.source_project, it.source_branch, head, ZERO, by)
