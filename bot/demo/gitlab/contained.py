"""Merge requests whose last commit came to their target branch with a push, or with another's merge."""

from __future__ import annotations

from bot.demo.gitlab import merge_requests
from bot.demo.gitlab.git_repos import ZERO, Repository
from bot.demo.gitlab.state import Project, User
from bot.demo.gitlab.world import World


async def merged_along(world: World, project: Project, branch: str, old: str, new: str, by: User) -> None:
    """GitLab marks them merged by whoever pushed, at the commit of the branch that brought them.

    Not those that never had a commit. (GitLab's MergeRequests::RefreshService, its step for what was merged
    by hand.)
    """
    repo = world.repository(project)
    waiting = [
        it
        for it in project.merge_requests.values()
        if it.state == "opened" and it.target_branch == branch and not it.bare
    ]
    if not waiting or old == ZERO:
        return
    spine = await _spine(repo, old, new)
    brought = {it.id for it in await repo.commits(f"{old}..{new}", 10_000)}
    for it in [one for one in waiting if one.head in brought]:
        it.merge_commit = await _bringing(repo, spine, it.head)
        await merge_requests.mark_merged(world, it, by)


async def _spine(repo: Repository, old: str, new: str) -> list[str]:
    """The commits that the branch itself went through, oldest first."""
    listed = await repo.git("rev-list", "--first-parent", "--reverse", f"{old}..{new}")
    return listed.decode().split()


async def _bringing(repo: Repository, spine: list[str], head: str) -> str:
    """The first of them that has the head; the head itself where the branch went through it."""
    for commit in spine:
        if await repo.merge_base(commit, head) == head:
            return commit
    raise LookupError(f"{head} is not below the branch that has it")


async def closed_without_branch(world: World, project: Project, branch: str, by: User) -> None:
    """GitLab closes open ones when their source branch is removed."""
    for target in list(world.projects.values()):
        for it in list(target.merge_requests.values()):
            if (it.source_project, it.source_branch, it.state) == (project, branch, "opened"):
                await merge_requests.close(world, it, by)
