"""One git command at a time, without this machine's configuration and without a repository's wishes."""

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from yarl import URL

_BLOCK = 512
_KEPT_WORDS = 64 * 1024
_TOO_LONG = "the output is too long"

_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.symlinks": "true",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.autocrlf": "false",
    "core.sshCommand": "false",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "fetch.fsckObjects": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.followRedirects": "false",
    "http.proxy": "",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "init.templateDir": "",
    "init.defaultBranch": "none",
    "advice.detachedHead": "false",
}
"""Every command's settings. Symlinks are checked out as such: who reads the files refuses those that lead
out, and names them. `credential.helper` is emptied, so that none is asked."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: `code` is negative for a signal; `said` is the beginning of its error output."""

    code: int
    out: bytes
    said: str

    @property
    def too_large(self) -> bool:
        """Whether it was stopped because a file or its output grew beyond the limit."""
        words = (f"died of signal {int(signal.SIGXFSZ)}", "File too large", _TOO_LONG)
        return self.code == -signal.SIGXFSZ or any(word in self.said for word in words)


@dataclass(frozen=True, slots=True)
class GitProcess:
    """Runs git against one GitLab at `base`.

    `file_limit` bounds each file that git writes and `out_limit` its output, in bytes; `timeout` each
    command, in seconds.
    """

    base: URL
    timeout: float
    file_limit: int
    out_limit: int
    ca_file: str | None = None

    async def run(
        self, *args: str, git_dir: str, token: str | None = None, more: Mapping[str, str] | None = None
    ) -> Ended:
        """The command's end; raises TimeoutError. Whatever ends the wait also ends every process of it.

        The token stands in the environment only, which nobody but our own user can read: not on the command
        line, not in an address, not in a file.
        """
        environment = {**self._environment(token), "GIT_DIR": git_dir, **(more or {})}
        limited = f'ulimit -c 0; ulimit -f {self.file_limit // _BLOCK}; exec git "$@"'
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", limited, "git", *args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=os.path.dirname(git_dir),
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.timeout):
                out, err = await asyncio.gather(
                    _read(process.stdout, self.out_limit, partial(_kill, process)),
                    _read(process.stderr, _KEPT_WORDS, None),
                )
                code = await process.wait()
        finally:
            _kill(process)
            await process.wait()
        if len(out) > self.out_limit:
            return Ended(code, b"", _TOO_LONG)
        return Ended(code, out, err[:_KEPT_WORDS].decode("utf-8", "replace"))

    def _environment(self, token: str | None) -> dict[str, str]:
        settings = dict(_SETTINGS)
        if token is not None:
            basic = base64.b64encode(f"oauth2:{token}".encode()).decode()
            settings[f"http.{self.base}/.extraHeader"] = f"Authorization: Basic {basic}"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": "/nonexistent",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "false",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_ALLOW_PROTOCOL": self.base.scheme,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        if self.ca_file is not None:
            environment["GIT_SSL_CAINFO"] = os.path.abspath(self.ca_file)
        for number, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return environment


async def _read(
    stream: asyncio.StreamReader | None, limit: int, overflow: Callable[[], None] | None
) -> bytes:
    """What comes, up to a little beyond the limit; then `overflow` is called, and the rest thrown away."""
    content = bytearray()
    while stream is not None and (chunk := await stream.read(_KEPT_WORDS)):
        if len(content) <= limit:
            content += chunk
        elif overflow is not None:
            overflow()
    return bytes(content)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Ends the command's session if it still runs, helpers of git included."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
