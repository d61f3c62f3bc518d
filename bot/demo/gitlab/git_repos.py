"""Bare repositories, driven through the git program."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ZERO = "0" * 40
_PRE_RECEIVE = """#!/bin/sh
while read -r old new ref; do
  case " $LOOKALIKE_PROTECTED " in *" $ref "*)
    echo "GitLab: You are not allowed to push code to protected branches on this project." >&2; exit 1;;
  esac
done
"""


class GitError(Exception):
    """git ended with an unexpected exit code; the text is its standard error."""


@dataclass(frozen=True, slots=True)
class Person:
    """An author or committer."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A file with a mode of its own: "100755" executable, "120000" symbolic link (the data is its aim)."""

    data: str | bytes
    mode: str = "100644"


Content = str | bytes | Entry | None
"""What a path is to hold; None removes it."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Times are ISO 8601 as git prints them; `message` is whole."""

    id: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    authored: str
    committed: str
    message: str

    @property
    def title(self) -> str:
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """`status` is A, M, D, R or T; `patch` begins at its first hunk."""

    old_path: str
    new_path: str
    old_mode: str
    new_mode: str
    status: str
    patch: str


async def run_git(
    *args: str, cwd: Path, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> bytes:
    """Standard output; GitError on any exit code but 0."""
    code, out, err = await try_git(*args, cwd=cwd, stdin=stdin, env=env)
    if code != 0:
        raise GitError(
            f"git {args[0]}: {err.decode(errors='replace').strip() or out.decode(errors='replace')}"
        )
    return out


async def try_git(
    *args: str, cwd: Path, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    """Exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        "git",
        *args,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**clean_environment(), **(env or {})},
    )
    out, err = await process.communicate(stdin)
    return process.returncode or 0, out, err


def clean_environment() -> dict[str, str]:
    """The process's environment without what would change git's behaviour from one machine to the next."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository at `path`."""

    path: Path

    async def git(
        self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> bytes:
        return await run_git(*args, cwd=self.path, stdin=stdin, env=env)

    async def create(self, default_branch: str) -> None:
        self.path.mkdir(parents=True)
        await self.git("init", "-q", "--bare", "-b", default_branch, ".")
        # Like GitLab's own repositories: merge request refs can be fetched but never pushed.
        with (self.path / "config").open("a") as config:
            config.write("[receive]\n\thideRefs = refs/merge-requests\n[gc]\n\tauto = 0\n")
            config.write("[uploadpack]\n\tallowAnySHA1InWant = true\n\tallowFilter = true\n")
        hook = self.path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_PRE_RECEIVE)
        hook.chmod(0o755)

    async def refs(self, prefix: str = "refs/heads/") -> dict[str, str]:
        out = await self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split(" ") for line in out.decode().splitlines())

    async def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or (short) sha names."""
        if not revision or revision.startswith("-"):
            return None
        for name in (f"refs/heads/{revision}", revision):
            spec = name + "^{commit}"
            code, out, _ = await try_git(
                "rev-parse", "--verify", "-q", "--end-of-options", spec, cwd=self.path
            )
            if code == 0:
                return out.decode().strip()
        return None

    async def write_commit(
        self,
        branch: str,
        parent: str | None,
        changes: Mapping[str, Content],
        message: str,
        by: Person,
        when: datetime,
    ) -> str:
        """Commits the changes on the branch and moves it. `parent` None starts a history of its own."""
        ref = f"refs/heads/{branch}"
        text = message.encode()
        stamp = f"{by.name} <{by.email}> {int(when.timestamp())} +0000"
        parts = [
            f"commit {ref}\nauthor {stamp}\ncommitter {stamp}\ndata {len(text)}\n".encode() + text + b"\n"
        ]
        if parent:
            parts.append(f"from {parent}\n".encode())
        for path, content in changes.items():
            parts.append(_change(path, content))
        await self.git("fast-import", "--quiet", "--force", stdin=b"".join(parts))
        return (await self.git("rev-parse", ref)).decode().strip()

    async def commit_tree(
        self, tree: str, parents: Sequence[str], message: str, by: Person, when: datetime
    ) -> str:
        date = f"{int(when.timestamp())} +0000"
        env = {"GIT_AUTHOR_NAME": by.name, "GIT_AUTHOR_EMAIL": by.email, "GIT_AUTHOR_DATE": date}
        env |= {"GIT_COMMITTER_NAME": by.name, "GIT_COMMITTER_EMAIL": by.email, "GIT_COMMITTER_DATE": date}
        given = [word for parent in parents for word in ("-p", parent)]
        out = await self.git("commit-tree", tree, *given, stdin=message.encode(), env=env)
        return out.decode().strip()

    async def merge_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge of two commits, or None where they conflict."""
        code, out, err = await try_git("merge-tree", "--write-tree", ours, theirs, cwd=self.path)
        if code not in (0, 1):
            raise GitError(err.decode())
        return out.decode().splitlines()[0] if code == 0 else None

    async def tree(self, commit: str) -> str:
        return (await self.git("rev-parse", commit + "^{tree}")).decode().strip()

    async def merge_base(self, one: str, other: str) -> str | None:
        code, out, _ = await try_git("merge-base", one, other, cwd=self.path)
        return out.decode().strip() if code == 0 else None

    async def update_ref(self, ref: str, commit: str) -> None:
        await self.git("update-ref", ref, commit)

    async def delete_ref(self, ref: str) -> None:
        await self.git("update-ref", "-d", ref)

    async def fetch_from(self, other: Repository, commit: str, ref: str) -> None:
        """Takes a commit, with all it needs, out of another repository on this disk."""
        await self.git("fetch", "-q", "--no-tags", str(other.path), f"+{commit}:{ref}")

    async def commits(self, span: str, limit: int = 100) -> list[Commit]:
        """Newest first; `span` is any revision range."""
        form = "%H%x00%P%x00%an%x00%ae%x00%aI%x00%cI%x00%B%x1e"
        out = await self.git("log", f"--max-count={limit}", f"--format={form}", "--end-of-options", span)
        rows = [row.lstrip("\n").split("\0") for row in out.decode(errors="replace").split("\x1e")]
        return [Commit(r[0], tuple(r[1].split()), r[2], r[3], r[4], r[5], r[6]) for r in rows if len(r) == 7]

    async def commit(self, revision: str) -> Commit | None:
        sha = await self.resolve(revision)
        return (await self.commits(sha, 1))[0] if sha else None

    async def diff(self, old: str, new: str) -> list[FileDiff]:
        raw = await self.git("diff", "--raw", "-z", "-M", "--no-abbrev", old, new)
        words = raw.decode(errors="replace").split("\0")
        found: list[FileDiff] = []
        while len(words) > 1:
            old_mode, new_mode, _, _, status = words.pop(0).lstrip(":").split(" ")
            before = words.pop(0)
            after = words.pop(0) if status[0] in "RC" else before
            patch = (await self.git("diff", "-M", old, new, "--", before, after)).decode(errors="replace")
            start = patch.find("@@ ")
            found.append(
                FileDiff(before, after, old_mode, new_mode, status[0], patch[start:] if start >= 0 else "")
            )
        return found

    async def changed_paths(self, commit: str) -> dict[str, str]:
        """Path -> A, M or D, for one commit against its first parent."""
        out = await self.git("diff-tree", "--root", "--no-commit-id", "--name-status", "-r", "-z", "-m",
                             "--first-parent", commit)  # fmt: skip
        words = out.decode(errors="replace").split("\0")
        return dict(zip(words[1::2], words[0::2], strict=False))

    async def read(self, revision: str, path: str) -> bytes | None:
        code, out, _ = await try_git("cat-file", "blob", f"{revision}:{path}", cwd=self.path)
        return out if code == 0 else None

    async def paths(self, revision: str) -> list[str]:
        out = await self.git("ls-tree", "-r", "-z", "--name-only", revision)
        return [p for p in out.decode(errors="replace").split("\0") if p]

    async def contains(self, commit: str) -> list[str]:
        """The branches that hold the commit."""
        out = await self.git(
            "for-each-ref", "--format=%(refname:short)", f"--contains={commit}", "refs/heads/"
        )
        return out.decode().split()


def _change(path: str, content: Content) -> bytes:
    if content is None:
        return f"D {path}\n".encode()
    entry = content if isinstance(content, Entry) else Entry(content)
    data = entry.data.encode() if isinstance(entry.data, str) else entry.data
    return f"M {entry.mode} inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
