"""The ref that shows the target after the merge, and git over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.demo.gitlab import Settings
from tests.demo.world import Scene


async def _git(*args: str, cwd: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "git", "-c", "user.name=t", "-c", "user.email=t@example.com", *args, cwd=cwd,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=_ENV,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


_ENV = {
    "PATH": "/usr/bin:/bin:/usr/local/bin",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "HOME": "/",
}


def _url(scene: Scene, user: str, token: str) -> str:
    return f"http://{user}:{token}@{scene.gitlab.url.partition('://')[2]}/{scene.project.path}.git"


async def test_its_parents_are_the_target_and_the_head(scene: Scene) -> None:
    mr = await scene.merge_request()
    answer = await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")
    repo = scene.gitlab.world.repository(scene.project)
    commit = await repo.commit(answer.json["commit_id"])
    assert commit is not None
    assert commit.parents == (await repo.resolve("main"), mr.head)


async def test_it_follows_the_target(scene: Scene) -> None:
    mr = await scene.merge_request()
    first = (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).json["commit_id"]
    assert (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).json["commit_id"] == first
    await scene.gitlab.push(scene.project, "main", {"other.txt": "x"}, scene.maintainer)
    assert (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).json["commit_id"] != first


@pytest.mark.parametrize("what", ["conflict", "merged", "closed", "empty"])
async def test_there_is_none_where_nothing_could_be_merged(scene: Scene, what: str) -> None:
    mr = await scene.merge_request()
    match what:
        case "conflict":
            await scene.gitlab.push(scene.project, "main", {"values.yaml": "replicas: 7\n"}, scene.maintainer)
        case "merged":
            await scene.gitlab.merge(mr, scene.maintainer)
        case "closed":
            await scene.gitlab.close(mr, scene.developer)
        case _:
            await scene.gitlab.push(scene.project, "change", {}, scene.developer, start="main", force=True)
            main = await scene.gitlab.world.repository(scene.project).resolve("main")
            mr.head = main or ""
    answer = await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")
    assert (answer.status, answer.json) == (400, {"message": "Merge request is not mergeable"})


async def test_it_lags_behind_a_push_as_often_as_told(scene: Scene) -> None:
    scene.gitlab.world.merge_ref_lag = 2
    mr = await scene.merge_request()
    path = f"/merge_requests/{mr.iid}/merge_ref"
    assert [(await scene.api.get(path)).status for _ in range(3)] == [400, 400, 200]


@pytest.mark.parametrize("user", ["oauth2", "anything", "gitlab-ci-token"])
async def test_git_fetches_the_merge_ref_with_a_token(scene: Scene, tmp_path: Path, user: str) -> None:
    mr = await scene.merge_request()
    wanted = (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).json["commit_id"]
    await _git("init", "-q", ".", cwd=tmp_path)
    ref = f"refs/merge-requests/{mr.iid}/merge"
    code, said = await _git("fetch", "-q", "--depth=1", _url(scene, user, scene.bot_token), ref, cwd=tmp_path)
    assert code == 0, said
    assert (await _git("rev-parse", "FETCH_HEAD", cwd=tmp_path))[1].strip() == wanted


async def test_git_takes_the_token_from_a_header(scene: Scene, tmp_path: Path) -> None:
    await _git("init", "-q", ".", cwd=tmp_path)
    header = f"http.extraHeader=PRIVATE-TOKEN: {scene.bot_token}"
    url = f"{scene.gitlab.url}/{scene.project.path}.git"
    code, said = await _git("-c", header, "fetch", "-q", url, "main", cwd=tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("token", ["wrong", "read_user"])
async def test_git_is_refused_without_the_right_token(scene: Scene, tmp_path: Path, token: str) -> None:
    value = token if token == "wrong" else scene.gitlab.token_for(scene.developer, scopes=[token])
    code, said = await _git("ls-remote", _url(scene, "x", value), cwd=tmp_path)
    assert code != 0
    assert "fatal" in said


async def _clone(scene: Scene, where: Path, token: str) -> None:
    code, said = await _git("clone", "-q", _url(scene, "x", token), ".", cwd=where)
    assert code == 0, said
    (where / "new.txt").write_text("new")
    await _git("add", ".", cwd=where)
    await _git("commit", "-qm", "New", cwd=where)


async def test_a_push_over_http_is_an_event(scene: Scene, tmp_path: Path) -> None:
    mr = await scene.merge_request()
    token = scene.gitlab.token_for(scene.developer)
    await _clone(scene, tmp_path, token)
    code, said = await _git("push", "-q", "-f", "origin", "HEAD:change", cwd=tmp_path)
    assert code == 0, said
    assert (await _git("rev-parse", "HEAD", cwd=tmp_path))[1].strip() == mr.head


async def test_a_push_to_a_protected_branch_is_declined(scene: Scene, tmp_path: Path) -> None:
    await _clone(scene, tmp_path, scene.gitlab.token_for(scene.developer))
    code, said = await _git("push", "origin", "HEAD:main", cwd=tmp_path)
    assert code != 0
    assert "not allowed to push code to protected branches" in said


async def test_merge_request_refs_cannot_be_pushed(scene: Scene, tmp_path: Path) -> None:
    mr = await scene.merge_request()
    await _clone(scene, tmp_path, scene.gitlab.token_for(scene.maintainer))
    code, _ = await _git("push", "origin", f"HEAD:refs/merge-requests/{mr.iid}/head", cwd=tmp_path)
    assert code != 0


async def test_a_reporter_may_fetch_but_not_push(scene: Scene, tmp_path: Path) -> None:
    await _clone(scene, tmp_path, scene.gitlab.token_for(scene.reporter))
    code, said = await _git("push", "origin", "HEAD:mine", cwd=tmp_path)
    assert (code != 0, "403" in said) == (True, True)


async def test_fast_forward_projects_have_a_merge_ref_too(scene: Scene) -> None:
    scene.project.settings = Settings(merge_method="ff")
    mr = await scene.merge_request()
    assert (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).status == 200


async def test_a_push_while_it_is_computed_leaves_no_merge_of_the_files_before(scene: Scene) -> None:
    """Each look waits for git some times; a push in between must not lend it its head."""
    mr = await scene.merge_request()
    repo = scene.gitlab.world.repository(scene.project)
    for number in range(12):
        content = f"content {number}\n"
        looks = [scene.api.get(f"/merge_requests/{mr.iid}/merge_ref") for _ in range(4)]
        push = scene.gitlab.push(scene.project, mr.source_branch, {"moving.txt": content}, mr.author)
        await asyncio.gather(*looks[:2], push, *looks[2:])
        answer = await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")
        commit = await repo.commit(answer.json["commit_id"])
        assert commit is not None
        assert commit.parents[1] == mr.head
        assert await repo.read(commit.id, "moving.txt") == content.encode()
