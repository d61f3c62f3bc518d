"""Port Repositories: trees, names and servers that mean harm, and a token that must not be seen."""

import asyncio
import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.git.repositories import GitLimits, GitRepositories
from bot.core.errors import AuthorError, ForgeRefused, TransientError
from bot.demo.gitlab import Entry
from tests.contracts.gitlab_setting import PATH, setting
from tests.contracts.repositories_setting import found, head, repositories


async def test_a_large_tree_is_refused_before_it_is_written(tmp_path: Path) -> None:
    async with setting() as at:
        sha = await at.gitlab.push(at.project, "big", {f"f{n}": "x" * 5000 for n in range(20)}, at.ada)
        for limits, words in (
            (GitLimits(tree=50_000), "50000 bytes"),
            (GitLimits(files=10), "10 files"),
        ):
            async with repositories(at, tmp_path, limits=limits) as git:
                with pytest.raises(AuthorError, match=words) as caught:
                    async with git.at(PATH, "big", sha):
                        raise AssertionError("no checkout")
                assert caught.value.code == "too-large"


async def test_a_large_repository_is_refused_while_it_is_fetched(tmp_path: Path) -> None:
    async with setting() as at:
        noise = os.urandom(3_000_000)
        sha = await at.gitlab.push(at.project, "big", {"noise.bin": noise}, at.ada)
        limits = GitLimits(timeout=20, pack=1_000_000, tree=1_000_000)
        async with repositories(at, tmp_path, limits=limits) as git:
            with pytest.raises(AuthorError) as caught:
                async with git.at(PATH, "big", sha):
                    raise AssertionError("no checkout")
            assert caught.value.code == "too-large"


async def test_a_wrong_token_and_a_missing_project_are_refusals_without_the_token(tmp_path: Path) -> None:
    async with setting() as at:
        sha = await head(at)
        for token, path in (("glpat-wrongwrongwrong", PATH), (at.token, "ops/nothing")):
            async with repositories(at, tmp_path, token) as git:
                with pytest.raises(ForgeRefused) as caught:
                    async with git.at(path, "main", sha):
                        raise AssertionError("no checkout")
                assert token not in str(caught.value)


async def test_a_server_in_trouble_is_transient(tmp_path: Path) -> None:
    async with setting() as at:
        sha = await head(at)
        at.gitlab.plant_fault(before=lambda _: web.Response(status=502, text="<html>"))
        async with repositories(at, tmp_path) as git:
            with pytest.raises(TransientError):
                async with git.at(PATH, "main", sha):
                    raise AssertionError("no checkout")
        at.gitlab.plant_fault()
        async with repositories(at, tmp_path) as git, git.at(PATH, "main", sha) as tree:
            assert tree.text("releases.yaml") == "version: 1\n"


async def test_a_server_that_stalls_ends_with_the_time_out(tmp_path: Path) -> None:
    async with setting() as at:
        sha = await head(at)
        never = asyncio.Event()

        async def stall(_: web.Request) -> web.StreamResponse:
            await never.wait()
            return web.Response()

        at.gitlab.plant_fault(before=stall)
        async with repositories(at, tmp_path, limits=GitLimits(timeout=0.5)) as git:
            with pytest.raises(TransientError, match=r"0\.5 s"):
                async with git.at(PATH, "main", sha):
                    raise AssertionError("no checkout")
        never.set()
        at.gitlab.plant_fault()


async def test_the_token_is_on_no_command_line(tmp_path: Path) -> None:
    lines: list[bytes] = []

    def look(_: web.Request) -> None:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                lines.append(process.read_bytes())

    async with setting() as at, repositories(at, tmp_path) as git:
        sha = await head(at)
        at.gitlab.plant_fault(before=look)
        async with git.at(PATH, "main", sha):
            at.gitlab.plant_fault()
        assert any(at.gitlab.url.encode() in line for line in lines), "git was seen at work"
        assert not any(at.token.encode() in line for line in lines)


async def test_the_token_is_in_no_file_of_the_cache(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git, git.at(PATH, "main", await head(at)):
        files = [path for path in found(tmp_path, "**/*") if path.is_file()]
        assert files
        assert not [path for path in files if at.token.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("project", "ref", "sha"),
    [
        (PATH, "--upload-pack=touch /tmp/x", "1" * 40),
        (PATH, "main", "--help"),
        (PATH, "main", "HEAD"),
        (PATH, "a b", "1" * 40),
        (PATH, "a:refs/heads/b", "1" * 40),
        (PATH, "../x", "1" * 40),
        ("cluster", "main", "1" * 40),
        ("ops/cl?x", "main", "1" * 40),
        ("ext::sh -c x/y", "main", "1" * 40),
    ],
)
async def test_names_that_git_could_take_for_options_are_refused(
    tmp_path: Path, project: str, ref: str, sha: str
) -> None:
    git = GitRepositories("http://127.0.0.1:9", lambda: "t", tmp_path, DirectoryCheckout)
    with pytest.raises(ValueError, match="not a project"):
        git.at(project, ref, sha)


HOSTILE = {
    ".gitattributes": "*.yaml filter=evil text eol=crlf ident working-tree-encoding=UTF-16\n",
    ".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = ext::sh -c touch% /tmp/purser-owned\n',
    "a.yaml": "id: $Id$\nline: 1\n",
    "big.lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n",
}


async def test_attributes_filters_and_submodules_of_a_tree_do_nothing(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        sha = await at.gitlab.push(at.project, "hostile", HOSTILE, at.ada)
        async with git.at(PATH, "hostile", sha) as tree:
            for name, text in HOSTILE.items():
                assert (Path(tree.root) / name).read_bytes() == text.encode()
            assert not (Path(tree.root) / ".git").exists()


async def test_a_symlink_is_checked_out_and_refused_when_it_leads_out(tmp_path: Path) -> None:
    async with setting() as at, repositories(at, tmp_path) as git:
        files = {"out.yaml": Entry("/etc/passwd", "120000")}
        sha = await at.gitlab.push(at.project, "links", files, at.ada)
        async with git.at(PATH, "links", sha) as tree:
            assert (Path(tree.root) / "out.yaml").is_symlink()
            with pytest.raises(AuthorError):
                tree.text("out.yaml")


async def test_a_tree_of_trees_of_trees_ends_at_the_limit(tmp_path: Path) -> None:
    async with setting() as at:
        sha = _bomb(at.project.git_dir)
        async with repositories(at, tmp_path, limits=GitLimits(timeout=20, files=2000)) as git:
            with pytest.raises(AuthorError) as caught:
                async with git.at(PATH, "bomb", sha):
                    raise AssertionError("no checkout")
            assert caught.value.code == "too-large"


def _bomb(git_dir: Path) -> str:
    """A commit of ten to the eighth files in nine objects."""

    def git(*args: str, stdin: str = "") -> str:
        who = {
            "GIT_AUTHOR_NAME": "e",
            "GIT_AUTHOR_EMAIL": "e@x",
            "GIT_COMMITTER_NAME": "e",
            "GIT_COMMITTER_EMAIL": "e@x",
        }
        done = subprocess.run(
            ["git", *args], cwd=git_dir, input=stdin, text=True, check=True, capture_output=True,
            env={**os.environ, **who},
        )  # fmt: skip
        return done.stdout.strip()

    entry = f"100644 blob {git('hash-object', '-w', '--stdin', stdin='x')}"
    for _ in range(8):
        listing = "".join(f"{entry}\tf{n}\n" for n in range(10))
        entry = f"040000 tree {git('mktree', stdin=listing)}"
    sha = git("commit-tree", "-m", "bomb", entry.split()[-1])
    git("update-ref", "refs/heads/bomb", sha)
    return sha
