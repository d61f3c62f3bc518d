"""The helmfile program, sealed: what evaluates helmfiles that the reader cannot follow by itself.

Evaluating a helmfile can run code of the repository. So helmfile's own switches for that are set, and below
them the process has neither network nor credentials, reads nothing but the checkout without its .git, writes
nothing, and can start no program but itself and helm, of which it asks the version.
"""

import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from bot.adapters.sealed import sandbox
from bot.adapters.sealed.scratch import Scratch
from bot.core.errors import AuthorError
from bot.core.layouts.helmfile_program import Question

_SWITCHES: Final = {
    "HELMFILE_DISABLE_INSECURE_FEATURES": "true",
    "HELMFILE_DISABLE_INSECURE_TEMPLATE_FUNCTIONS": "true",
    "HELMFILE_DISABLE_HOOKS": "true",
    "HELMFILE_UPGRADE_NOTICE_DISABLED": "true",
    "HELMFILE_INTERACTIVE": "false",
}
_STEERING: Final = re.compile(
    r"(HELM|LD|DYLD)_.*|GO(DEBUG|GC|MEMLIMIT|TRACEBACK|MAXPROCS|ROOT|PATH)|PATH|HOME|TMPDIR|KUBECONFIG|.*_PROXY",
    re.IGNORECASE,
)
_SAID: Final = 400


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """What one evaluation may take. Bytes and seconds."""

    memory: int = 1024 * 1024 * 1024
    cpu_seconds: int = 20
    wall_seconds: float = 60.0
    output: int = 16 * 1024 * 1024


class SealedHelmfile:
    """The protocol HelmfileProgram. `program` is helmfile 1.x and `helm` Helm 4: paths, or names on PATH."""

    def __init__(self, program: str, helm: str, limits: BuildLimits | None = None) -> None:
        self._program = program
        self._helm = helm
        self._limits = limits or BuildLimits()

    def build(self, question: Question) -> str:
        """See the protocol. Raises AuthorError (`helmfile-program`): helmfile's words, or a limit."""
        directory = os.path.join(question.root, question.directory)
        scratch = Scratch("purser-helmfile-")
        try:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    str(Path(sandbox.__file__)),
                    self._order(question, scratch.path),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(question.variables, scratch.path),
                cwd=directory,
                start_new_session=True,
            )
            try:
                output, said = _listen(process, self._limits)
                process.wait()
            finally:
                _end(process)
        finally:
            scratch.remove()
        if process.returncode != 0:
            raise self._failed(process.returncode, said, question)
        return output.decode(errors="replace")

    def _order(self, question: Question, scratch: str) -> str:
        program, helm = _found(self._program), _found(self._helm)
        argv = [program, "--helm-binary", helm, "--no-color"]
        argv += [f"--environment={question.environment}"]
        argv += [f"--file={question.file}"] if question.file else []
        argv += ["build", *(["--embed-values"] if question.embed else [])]
        return json.dumps(
            {
                "argv": argv,
                "helpers": [helm],
                "read": [*_readable(question.root), "/dev/null"],
                "listed": [question.root],
                "scratch": scratch,
                "memory": self._limits.memory,
                "cpu": self._limits.cpu_seconds,
            }
        )

    def _failed(self, status: int, said: bytes, question: Question) -> AuthorError:
        _, _, words = said.decode(errors="replace").partition("\n")
        words = " ".join(words.replace(f"{question.root}/", "").split())
        if status == sandbox.UNSEALED:
            return AuthorError(
                "helmfile is not run here: this kernel, or the pod's own filter, does not let a process seal "
                "itself with Landlock and seccomp.",
                fix="Run the bot where both are there, or take `helmfile` out of its configuration.",
                code="helmfile-program",
            )
        if status < 0 and not words:
            words = f"it was ended ({signal.Signals(-status).name}) at its limit of memory or computing"
        shown = words if len(words) <= _SAID else f"…{words[-_SAID:]}"
        return AuthorError(f"helmfile does not evaluate this: {shown}", code="helmfile-program")


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise AuthorError(
            f"There is no program {program} here, which evaluating helmfiles takes.",
            fix="Install it, or take `helmfile` out of the bot's configuration.",
            code="helmfile-program",
        )
    return os.path.realpath(found)


def _readable(root: str) -> list[str]:
    """What lies in the checkout, without .git; a rule for a symlink would be one for what it points at."""
    with os.scandir(root) as found:
        return sorted(one.path for one in found if one.name != ".git" and not one.is_symlink())


def _environment(variables: Mapping[str, str], scratch: str) -> dict[str, str]:
    """The target's variables, and the seal's. Raises AuthorError for a variable that steers helmfile."""
    for name in variables:
        if _STEERING.fullmatch(name):
            raise AuthorError(
                f"helmfile is not given the target's variable {name}, which steers the program itself.",
                fix="Give it another name.",
                code="helmfile-program",
            )
    homes = {name: scratch for name in ("HOME", "TMPDIR", "HELMFILE_TEMPDIR", "HELMFILE_CACHE_HOME")}
    helm = {
        f"HELM_{name}": f"{scratch}/none" for name in ("PLUGINS", "CACHE_HOME", "CONFIG_HOME", "DATA_HOME")
    }
    kept = {"PATH": "/nonexistent", "KUBECONFIG": "/dev/null", "GOTRACEBACK": "none"}
    return {**variables, **homes, **helm, **kept, **_SWITCHES}


def _listen(process: subprocess.Popen[bytes], limits: BuildLimits) -> tuple[bytes, bytes]:
    """All of standard output and the last of standard error. Raises AuthorError for a limit."""
    deadline = time.monotonic() + limits.wall_seconds
    output, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as waiting:
        for stream, into in ((process.stdout, output), (process.stderr, said)):
            if stream is not None:
                waiting.register(stream, selectors.EVENT_READ, into)
        while waiting.get_map():
            ready = waiting.select(deadline - time.monotonic())
            if not ready or time.monotonic() > deadline:
                raise _limit(f"took longer than {limits.wall_seconds:g} s")
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    waiting.unregister(key.fileobj)
                key.data.extend(data)
            if len(output) > limits.output:
                raise _limit(f"prints more than {limits.output // 2**20} MB")
            if len(said) > 1 << 20:
                del said[1 << 16 : -(1 << 16)]
    return bytes(output), bytes(said)


def _limit(what: str) -> AuthorError:
    return AuthorError(
        f"helmfile {what} for the helmfiles of this target; it was ended.",
        fix="Look for loops over large ranges and templates that include themselves.",
        code="helmfile-program",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and what it started, and lets go of its pipes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    streams: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for stream in streams:
        if stream is not None:
            stream.close()
