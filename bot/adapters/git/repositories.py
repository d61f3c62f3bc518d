"""Port Repositories: the files of one commit of a GitLab project, fetched with git.

Of each project a bare repository is kept with the newest commits only (depth 1), so that the next fetch
transfers what changed. It is nothing but a cache: whatever is wrong with it, it is made anew.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from yarl import URL

from bot.adapters.git import words
from bot.adapters.git.process import Ended, GitProcess
from bot.app.ports.rendering import Checkout
from bot.core.errors import TransientError

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"(?!.*(?:\.\.|@\{|//|\.lock(?:/|$)))(?![-/.])[^\x00-\x20~^:?*\[\\\x7f]+(?<![/.])")
_PROJECT = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
# Attributes of the cache go before those of a tree: files come out byte for byte as they were committed.
_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding\n"
_MEGABYTE = 1024 * 1024
# Bytes that a file takes in a listing of a tree, on the average: more is a tree made to be a burden.
_LISTED = 512


@dataclass(frozen=True, slots=True)
class GitLimits:
    """`timeout` of one git command in seconds; bytes of a pack, bytes and number of files of a tree.

    A cached repository that holds more than `packs` packs is made anew.
    """

    timeout: float = 120.0
    pack: int = 500 * _MEGABYTE
    tree: int = 500 * _MEGABYTE
    files: int = 100_000
    packs: int = 50


class _Broken(Exception):
    """The cached repository does not do what a good one does."""


class GitRepositories:
    """Checkouts below `cache_dir`, which may be shared: each process takes a part of it for itself.

    `base_url` is GitLab's; `token` is asked at each fetch; `checkout` makes the Checkout of (root, head).
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str],
        cache_dir: str | Path,
        checkout: Callable[[str, str | None], Checkout],
        *,
        ca_file: str | None = None,
        limits: GitLimits = GitLimits(),
    ) -> None:
        self._base = URL(base_url.rstrip("/"))
        self._token = token
        self._checkout = checkout
        self._limits = limits
        largest = max(limits.pack, limits.tree)
        self._git = GitProcess(self._base, limits.timeout, largest, limits.files * _LISTED, ca_file)
        self._cache = Path(cache_dir).absolute()
        self._slot: Path | None = None
        self._held: int | None = None
        self._opening = asyncio.Lock()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def at(self, project: str, ref: str, sha: str) -> AbstractAsyncContextManager[Checkout]:
        """The tree of `sha` in a directory of its own, removed at the end.

        `ref` is a full ref (`refs/merge-requests/7/merge`), which must be at `sha`, or a branch that holds
        it; a commit that is in the cache is not asked for again. Raises TransientError (GitLab does not have
        it there, or does not answer), ForgeRefused (no right, no such project), AuthorError (`too-large`),
        ValueError (a project, ref or sha that none can be).
        """
        if not (_PROJECT.fullmatch(project) and _REF.fullmatch(ref) and _SHA.fullmatch(sha)):
            raise ValueError(f"not a project, ref and sha: {project!r}, {ref!r}, {sha!r}")
        return self._at(project, ref, sha)

    @asynccontextmanager
    async def _at(self, project: str, ref: str, sha: str) -> AsyncIterator[Checkout]:
        slot = await self._own_slot()
        room = await asyncio.to_thread(tempfile.mkdtemp, prefix="tree-", dir=slot / "trees")
        try:
            async with self._locks[project]:
                await self._fill(slot / "repositories" / _directory(project), project, ref, sha, room)
            yield self._checkout(os.path.join(room, "files"), sha)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, room, ignore_errors=True))

    def close(self) -> None:
        """Gives this process's part of the cache back for others to use."""
        if self._held is not None:
            os.close(self._held)
            self._held, self._slot = None, None

    async def _own_slot(self) -> Path:
        async with self._opening:
            if self._slot is None:
                slot, self._held = await asyncio.to_thread(_take_slot, self._cache)
                self._slot = slot
            return self._slot

    async def _fill(self, repository: Path, project: str, ref: str, sha: str, room: str) -> None:
        """Once more with a new cache where the old one seems broken; then it is not the cache."""
        what = f"{ref} of {project}"
        try:
            try:
                await self._bring(repository, project, ref, sha, room)
            except _Broken:
                await asyncio.to_thread(shutil.rmtree, repository, ignore_errors=True)
                await self._bring(repository, project, ref, sha, room)
        except _Broken as error:
            raise TransientError(f"Git could not fetch {what}: {error}") from None
        except TimeoutError:
            raise TransientError(f"Git did not fetch {what} in {self._limits.timeout:g} s.") from None

    async def _bring(self, repository: Path, project: str, ref: str, sha: str, room: str) -> None:
        await self._prepare(repository)
        if (await self._run(repository, "cat-file", "-e", f"{sha}^{{commit}}")).code != 0:
            await self._fetch(repository, project, ref, sha)
        await self._measure(repository, project, sha)
        files = os.path.join(room, "files")
        os.mkdir(files)
        more = {"GIT_INDEX_FILE": os.path.join(room, "index"), "GIT_WORK_TREE": files}
        for command in (("read-tree", sha), ("checkout-index", "--all", "--force", "--quiet")):
            ended = await self._git.run(*command, git_dir=str(repository), more=more)
            if ended.code != 0:
                await asyncio.to_thread(shutil.rmtree, files, ignore_errors=True)
                raise _Broken(words.last_words(ended.said))

    async def _prepare(self, repository: Path) -> None:
        if await asyncio.to_thread(_is_ready, repository, self._limits.packs):
            return
        await asyncio.to_thread(shutil.rmtree, repository, ignore_errors=True)
        ended = await self._run(repository, "init", "--quiet", "--bare", str(repository))
        if ended.code != 0:
            raise _Broken(words.last_words(ended.said))
        await asyncio.to_thread(_make_ready, repository)

    async def _fetch(self, repository: Path, project: str, ref: str, sha: str) -> None:
        """By the ref, which must be at `sha`; of a branch, which may be past it, the commit itself first."""
        if not ref.startswith("refs/"):
            ended = await self._fetch_one(repository, project, sha, sha)
            if ended.code == 0:
                return
            if not words.is_lag(ended.said):
                raise self._error(ended, f"{sha[:8]} of {project}")
        full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        ended = await self._fetch_one(repository, project, full, sha)
        if ended.code != 0:
            raise self._error(ended, f"{ref} of {project}")
        if (await self._run(repository, "cat-file", "-e", f"{sha}^{{commit}}")).code != 0:
            raise TransientError(f"GitLab does not have {ref} of {project} at {sha[:8]}.")

    async def _fetch_one(self, repository: Path, project: str, source: str, sha: str) -> Ended:
        # Kept under a name, so that git can tell the server at the next fetch what is here already.
        name = hashlib.sha256(source.encode()).hexdigest()[:20] if source != sha else "commit"
        address, wanted = f"{self._base}/{quote(project)}.git", f"+{source}:refs/purser/{name}"
        return await self._run(
            repository, "fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--no-auto-gc",
            "--no-recurse-submodules", "--", address, wanted, token=self._token(),
        )  # fmt: skip

    def _error(self, ended: Ended, what: str) -> Exception:
        if ended.too_large:
            return words.too_large(f"The repository for {what}", _size(self._limits.pack))
        return words.fetch_error(ended.said, what) or _Broken(words.last_words(ended.said))

    async def _measure(self, repository: Path, project: str, sha: str) -> None:
        """Refuses a tree that is too large before a file of it is written."""
        ended = await self._run(repository, "ls-tree", "-r", "-l", "-z", sha)
        if ended.too_large:
            raise words.too_large(f"The tree of {project} at {sha[:8]}", f"{self._limits.files} files")
        if ended.code != 0:
            raise _Broken(words.last_words(ended.said))
        entries = [entry.split(b"\t")[0].split() for entry in ended.out.split(b"\0") if entry]
        sizes = [int(entry[3]) for entry in entries if entry[3].isdigit()]
        if len(entries) > self._limits.files:
            raise words.too_large(f"The tree of {project} at {sha[:8]}", f"{self._limits.files} files")
        if sum(sizes) > self._limits.tree:
            raise words.too_large(f"The tree of {project} at {sha[:8]}", _size(self._limits.tree))

    async def _run(self, repository: Path, *args: str, token: str | None = None) -> Ended:
        return await self._git.run(*args, git_dir=str(repository), token=token)


def _directory(project: str) -> str:
    return f"{hashlib.sha256(project.encode()).hexdigest()[:32]}.git"


def _is_ready(repository: Path, packs: int) -> bool:
    """Whether it was made to its end, and is not grown full of packs."""
    found = sum(1 for _ in (repository / "objects" / "pack").glob("*.pack"))
    return (repository / "purser-ready").exists() and found <= packs


def _make_ready(repository: Path) -> None:
    (repository / "info").mkdir(exist_ok=True)
    (repository / "info" / "attributes").write_text(_ATTRIBUTES)
    (repository / "purser-ready").touch()


def _size(limit: int) -> str:
    return f"{limit // _MEGABYTE} MB" if limit >= _MEGABYTE else f"{limit} bytes"


def _take_slot(cache: Path) -> tuple[Path, int]:
    """The first part of the cache that no living process holds, and the lock on it, without old checkouts.

    The kernel frees the lock of a process that dies in whatever way.
    """
    for number in range(1000):
        slot = cache / f"slot-{number}"
        slot.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(slot / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(slot / "trees", ignore_errors=True)
            (slot / "trees").mkdir()
            (slot / "repositories").mkdir(exist_ok=True)
            return slot, lock
        os.close(lock)
    raise RuntimeError("every slot of the git cache is taken")
