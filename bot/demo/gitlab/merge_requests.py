"""What happens to merge requests: opened, pushed to, edited, approved, closed, merged. Each step fires its
hook.
"""

from __future__ import annotations

from typing import Any

from bot.demo.gitlab import payloads, pipelines
from bot.demo.gitlab.errors import invalid, message, not_found, unauthorized
from bot.demo.gitlab.git_repos import Person
from bot.demo.gitlab.mergeability import check, detailed_status, merge_message
from bot.demo.gitlab.notes import system_note
from bot.demo.gitlab.state import Approval, Label, Level, MergeRequest, Project, User
from bot.demo.gitlab.world import World

Json = dict[str, Any]


async def fire(
    world: World,
    it: MergeRequest,
    by: User,
    action: str,
    changes: Json | None = None,
    oldrev: str | None = None,
) -> None:
    """Sends the Merge Request Hook."""
    detailed = detailed_status(world, it)
    body = await payloads.merge_request(world, it, by, action, detailed, changes or {}, oldrev)
    world.emit(it.project, "merge_request", body)


async def open_merge_request(
    world: World, target: Project, source: Project, source_branch: str, target_branch: str, title: str,
    by: User,
    description: str = "",
) -> MergeRequest:  # fmt: skip
    """Opens one; 409 where one is open for the same branches already."""
    if world.level(by, source) < Level.DEVELOPER and world.level(by, target) < Level.DEVELOPER:
        raise message(403, "403 Forbidden")
    head = await world.repository(source).resolve(f"refs/heads/{source_branch}")
    if head is None or await world.repository(target).resolve(f"refs/heads/{target_branch}") is None:
        missing = "source_branch" if head is None else "target_branch"
        raise message(400, [f'{missing.replace("_", " ").capitalize()} "{source_branch}" does not exist'])
    if source is target and source_branch == target_branch:
        raise message(422, ["You can't use same project/branch for source and target"])
    for other in target.merge_requests.values():
        same = (other.source_project, other.source_branch, other.target_branch) == (
            source,
            source_branch,
            target_branch,
        )
        if same and other.state == "opened":
            text = f"Another open merge request already exists for this source branch: !{other.iid}"
            raise message(409, [text])
    now, iid = world.now(), len(target.merge_requests) + 1
    it = MergeRequest(
        world.number("merge_request"), iid, target, source, source_branch, target_branch, title, description,
        by, now, now, head, lag=world.merge_ref_lag,
        remove_source_branch=target.settings.remove_source_branch_after_merge,
        squash=target.settings.squash_option in ("always", "default_on"),
    )  # fmt: skip
    target.merge_requests[iid] = it
    await _take_head(world, it, head)
    await fire(world, it, by, "open")
    await pipelines.for_merge_request(world, it, by)
    return it


async def _take_head(world: World, it: MergeRequest, head: str) -> None:
    """Points refs/merge-requests/<iid>/head at the new head and computes the merge ref, unless it lags."""
    repo = world.repository(it.project)
    ref = f"refs/merge-requests/{it.iid}/head"
    if it.source_project is it.project:
        await repo.update_ref(ref, head)
    else:
        await repo.fetch_from(world.repository(it.source_project), head, ref)
    it.head, it.checked = head, False
    target = await repo.resolve(f"refs/heads/{it.target_branch}")
    it.start = target or head
    it.base = (await repo.merge_base(it.start, head)) or it.start
    it.bare = it.base == head
    if it.lag == 0:
        await check(world, it)
        it.checked = False


async def pushed(world: World, source: Project, branch: str, new: str, by: User) -> list[MergeRequest]:
    """A branch moved: its open merge requests follow, those that target it are unchecked. Returns the
    former.
    """
    touched = []
    for project in list(world.projects.values()):
        for it in list(project.merge_requests.values()):
            if it.state != "opened":
                continue
            if it.project is source and it.target_branch == branch:
                it.checked = False
            if it.source_project is source and it.source_branch == branch and it.head != new:
                old = it.head
                it.updated_at, it.lag = world.now(), world.merge_ref_lag
                await _reset_approvals(world, it, by)
                await _take_head(world, it, new)
                system_note(world, it, by, f"added commit {new[:8]}")
                await fire(world, it, by, "update", oldrev=old)
                touched.append(it)
    return touched


async def _reset_approvals(world: World, it: MergeRequest, by: User) -> None:
    """A push takes approvals away where the project says so; the hooks of it say that GitLab did it."""
    if not it.project.settings.reset_approvals_on_push:
        return
    for gone in it.approvals[:]:
        it.approvals.remove(gone)
        detailed = detailed_status(world, it)
        body = await payloads.merge_request(world, it, gone.user, "unapproved", detailed, {})
        body["object_attributes"] |= {"system": True, "system_action": "approvals_reset_on_push"}
        world.emit(it.project, "merge_request", body)


async def edit(world: World, it: MergeRequest, by: User, wanted: Json) -> None:
    """Changes title, description, target_branch, labels, assignees, reviewers; one hook tells all that
    changed.
    """
    before = _fields(it)
    repo = world.repository(it.project)
    target = wanted.get("target_branch", it.target_branch)
    if await repo.resolve(f"refs/heads/{target}") is None:
        raise message(400, [f'Target branch "{target}" does not exist'])
    if wanted.get("title", it.title).strip() == "":
        raise message(400, {"title": ["can't be blank"]})
    for name in ("title", "description", "target_branch", "labels", "assignees", "reviewers", "squash"):
        if name in wanted:
            setattr(it, name, wanted[name])
    after = _fields(it)
    changed = {k for k in before if before[k] != after[k]}
    if not changed:
        return
    old_time, it.updated_at = it.updated_at, world.now()
    if changed & {"title", "description"}:
        it.edited_at, it.edited_by = it.updated_at, by
    if "target_branch" in changed:
        it.lag = world.merge_ref_lag
        await _take_head(world, it, it.head)
    changes = {k: {"previous": before[k], "current": after[k]} for k in sorted(changed)}
    changes["updated_at"] = {"previous": payloads.stamp(old_time), "current": payloads.stamp(it.updated_at)}
    for name in sorted(changed - {"draft"}):
        system_note(world, it, by, f"changed {name.replace('_', ' ')}")
    await fire(world, it, by, "update", changes)


def _fields(it: MergeRequest) -> Json:
    return {
        "title": it.title,
        "description": it.description,
        "target_branch": it.target_branch,
        "draft": it.draft,
        "labels": [payloads.label(tag, it.project) for tag in it.labels],
        "assignees": [payloads.person(who) for who in it.assignees],
        "reviewers": [payloads.person(who) for who in it.reviewers],
    }


def labels(world: World, project: Project, names: list[str]) -> list[Label]:
    """The labels of those names, made where they are missing."""
    return [world.label(project, name.strip()) for name in names if name.strip()]


async def close(world: World, it: MergeRequest, by: User) -> None:
    """400 unless it is open."""
    if it.state != "opened":
        raise message(400, "Merge request is not open")
    it.state, it.closed_at, it.closed_by, it.updated_at = "closed", world.now(), by, world.now()
    system_note(world, it, by, "closed")
    await fire(world, it, by, "close", _state_change("opened", "closed"))


async def reopen(world: World, it: MergeRequest, by: User) -> None:
    """400 unless it is closed and its branch is still there."""
    if it.state != "closed":
        raise message(400, "Merge request is not closed")
    head = await world.repository(it.source_project).resolve(f"refs/heads/{it.source_branch}")
    if head is None:
        raise message(400, "The source branch does not exist")
    it.state, it.closed_at, it.closed_by, it.updated_at = "opened", None, None, world.now()
    await _take_head(world, it, head)
    system_note(world, it, by, "reopened")
    await fire(world, it, by, "reopen", _state_change("closed", "opened"))


def _state_change(old: str, new: str) -> Json:
    numbers = {"opened": 1, "closed": 2, "merged": 3}
    return {"state_id": {"previous": numbers[old], "current": numbers[new]}}


async def mark_merged(world: World, it: MergeRequest, by: User) -> None:
    """Its commits are in the target branch: said in the thread and by the hook."""
    now = world.now()
    it.state, it.merged_by, it.merged_at, it.updated_at = "merged", by, now, now
    system_note(world, it, by, "merged")
    await fire(world, it, by, "merge", _state_change("opened", "merged"))


async def approve(world: World, it: MergeRequest, by: User, sha: str | None = None) -> None:
    """401 without the role or a second time, 409 on a head that is not `sha`."""
    if it.state != "opened" or world.level(by, it.project) < Level.DEVELOPER:
        raise unauthorized()
    if any(a.user is by for a in it.approvals):
        raise unauthorized()
    if sha is not None and sha != it.head:
        raise message(409, f"SHA does not match HEAD of source branch: {it.head}")
    it.approvals.append(Approval(by, world.now()))
    it.updated_at = world.now()
    system_note(world, it, by, "approved this merge request")
    enough = len(it.approvals) >= it.project.settings.approvals_required
    await fire(world, it, by, "approved" if enough else "approval")


async def unapprove(world: World, it: MergeRequest, by: User) -> None:
    """404 where the person has not approved."""
    if not any(a.user is by for a in it.approvals):
        raise not_found()
    it.approvals = [a for a in it.approvals if a.user is not by]
    it.updated_at = world.now()
    system_note(world, it, by, "unapproved this merge request")
    await fire(world, it, by, "unapproved")


async def build_merge(world: World, it: MergeRequest, by: User, squash: bool, text: str | None) -> str:
    """Makes and records the commits of a merge by the project's method; returns the target's new head."""
    repo, who, method = (
        world.repository(it.project),
        Person(by.name, by.email),
        it.project.settings.merge_method,
    )
    target = await repo.resolve(f"refs/heads/{it.target_branch}") or ""
    head = it.head
    if squash:
        tree = await repo.merge_tree(target, head)
        if tree is None:
            raise message(422, "Branch cannot be merged")
        author = Person(it.author.name, it.author.email)
        head = it.squash_commit = await repo.commit_tree(tree, [target], it.title, author, world.now())
    if method == "ff":
        return head
    tree = await repo.merge_tree(target, head)
    if tree is None:
        raise message(422, "Branch cannot be merged")
    it.merge_commit = await repo.commit_tree(
        tree, [target, head], text or merge_message(it), who, world.now()
    )
    return it.merge_commit


def people(world: World, ids: object) -> list[User]:
    """The users of those numbers."""
    if not isinstance(ids, list):
        raise invalid("assignee_ids is invalid")
    return [world.users[int(i)] for i in ids if int(i) in world.users]
