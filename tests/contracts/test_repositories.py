"""Port Repositories: real git against a real git server."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.git.repositories import GitLimits
from bot.core.errors import TransientError
from tests.contracts.gitlab_setting import PATH, Setting, setting
from tests.contracts.repositories_setting import fetches, found, head, repositories, trees

MERGE = "refs/merge-requests/{}/merge"


async def merge_ref(at: Setting, iid: int) -> str:
    sha = await at.forge.merge_ref(PATH, iid)
    assert sha is not None
    return sha


async def test_the_tree_after_the_merge_is_checked_out(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mr = await at.open()
        sha = await merge_ref(at, mr.iid)
        async with git.at(PATH, MERGE.format(mr.iid), sha) as tree:
            assert tree.head == sha
            assert tree.names(".") == ("README.md", "change.yaml", "releases.yaml")
            assert tree.text("change.yaml") == "replicas: 2\n"
        assert trees(tmp_path) == []


async def test_a_checkout_goes_away_when_its_work_fails(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mr = await at.open()
        with pytest.raises(RuntimeError, match="on purpose"):
            async with git.at(PATH, "change", mr.head):
                raise RuntimeError("on purpose")
        assert trees(tmp_path) == []


async def test_a_commit_that_the_branch_is_past_is_fetched_by_itself(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mr = await at.open()
        await at.gitlab.merge(mr, at.ada)
        merged = (await at.client.getitem(f"/projects/{at.project.id}/repository/branches/main"))["commit"][
            "id"
        ]
        await at.gitlab.push(at.project, "main", {"later.yaml": "x: 1\n"}, at.ada)
        async with git.at(PATH, "main", merged) as tree:
            assert tree.head == merged
            assert tree.text("later.yaml") is None
            assert tree.text("change.yaml") is not None


async def test_a_ref_that_is_elsewhere_still_is_transient(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mr = await at.open()
        for ref in (MERGE.format(mr.iid), MERGE.format(99), "main", "no-such-branch"):
            with pytest.raises(TransientError):
                async with git.at(PATH, ref, "1" * 40):
                    raise AssertionError("no checkout")
        assert trees(tmp_path) == []


async def test_the_same_commit_is_fetched_once(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mr = await at.open()
        for _ in range(3):
            async with git.at(PATH, "change", mr.head) as tree:
                assert tree.text("change.yaml") is not None
        first = fetches(at)
        async with repositories(at, tmp_path) as other, other.at(PATH, "change", mr.head) as tree:
            assert tree.text("change.yaml") is not None
        assert fetches(at) > first, "another process has a cache of its own while the first one lives"


async def test_the_cache_outlives_the_process(tmp_path: Path) -> None:
    async with setting() as at:
        mr = await at.open()
        async with repositories(at, tmp_path) as git, git.at(PATH, "change", mr.head):
            before = fetches(at)
        async with repositories(at, tmp_path) as git, git.at(PATH, "change", mr.head) as tree:
            assert tree.text("change.yaml") is not None
        assert fetches(at) == before


async def test_old_checkouts_of_a_dead_process_are_swept(tmp_path: Path) -> None:
    left = tmp_path / "slot-0" / "trees" / "tree-left"
    left.mkdir(parents=True)
    async with setting() as at, repositories(at, tmp_path) as git, git.at(PATH, "main", await head(at)):
        assert not left.exists()


def _truncate(repository: Path) -> None:
    for pack in (repository / "objects" / "pack").glob("*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(b"junk")
    for loose in repository.glob("objects/??/*"):
        loose.chmod(0o600)
        loose.write_bytes(b"junk")


def _lock(repository: Path) -> None:
    for name in ("shallow.lock", "packed-refs.lock", "config.lock", "HEAD.lock"):
        (repository / name).touch()


def _half(repository: Path) -> None:
    shutil.rmtree(repository / "refs")
    shutil.rmtree(repository / "objects")
    (repository / "HEAD").unlink()


@pytest.mark.parametrize("harm", [_truncate, _lock, _half], ids=["junk", "left locks", "half of it gone"])
async def test_a_broken_cache_is_made_anew(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mr = await at.open()
        async with git.at(PATH, "change", mr.head):
            [repository] = found(tmp_path, "slot-0/repositories/*.git")
        harm(repository)
        new = await at.gitlab.push(at.project, "change", {"change.yaml": "replicas: 3\n"}, at.ada)
        async with git.at(PATH, "change", new) as tree:
            assert tree.text("change.yaml") == "replicas: 3\n"


async def test_many_checkouts_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        mrs = [await at.open(f"b{number}", f"number: {number}\n") for number in range(5)]

        async def read(number: int) -> str | None:
            async with git.at(PATH, f"b{number}", mrs[number].head) as tree:
                return tree.text(f"b{number}.yaml")

        read_all = await asyncio.gather(*(read(n % 5) for n in range(10)))
        assert read_all == [f"number: {n % 5}\n" for n in range(10)]


async def test_a_cache_full_of_packs_is_made_anew(tmp_path: Path) -> None:
    async with setting() as at:
        limits = GitLimits(timeout=20, packs=0)
        async with repositories(at, tmp_path, limits=limits) as git:
            for number in range(3):
                files = {f"f{n}.txt": f"{number} {n}" for n in range(150)}
                sha = await at.gitlab.push(at.project, "many", files, at.ada)
                async with git.at(PATH, "many", sha) as tree:
                    assert tree.text("f149.txt") == f"{number} 149"
