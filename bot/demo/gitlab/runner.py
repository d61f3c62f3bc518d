"""The built-in runner: really runs a job's script with bash, in a fresh clone, with the CI variables."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shlex
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.demo.gitlab import artifacts
from bot.demo.gitlab.ci_state import Job
from bot.demo.gitlab.ci_variables import clone_url, for_job, visible
from bot.demo.gitlab.git_repos import clean_environment
from bot.demo.gitlab.pipelines import ended, shift
from bot.demo.gitlab.state import Token
from bot.demo.gitlab.statuses import settle
from bot.demo.gitlab.trace import Trace
from bot.demo.gitlab.world import World

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")


@dataclass(slots=True)
class Runner:
    """Takes pending jobs, oldest first. `paused` leaves them pending; `timeout` is a job's limit in seconds;
    `grace` is how many seconds a cancelled job may take to end; `timestamps` begins each line of a trace
    with time and stream mark, as GitLab 19 does.
    """

    world: World
    environment: Mapping[str, str] = field(default_factory=dict)
    paused: bool = False
    concurrent: int = 4
    timeout: float = 3600.0
    timestamps: bool = True
    grace: float = 3.0
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _processes: dict[int, asyncio.subprocess.Process] = field(default_factory=dict)
    _stopped: set[int] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.world.wake_runner = self._wake.set
        self.world.stop_job = self.cancel
        self._loop = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """Ends the processes of every running job; the jobs are canceled."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        self.paused = True
        for number in list(self._running):
            self._stopped.add(number)
            self._signal(number, signal.SIGKILL)
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        self._wake.set()

    @contextlib.contextmanager
    def pausing(self) -> Iterator[None]:
        """Inside of it jobs are left pending; they are taken once it ends, however it does."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    async def idle(self, within: float = 60.0) -> None:
        """Waits until no job is running or pending (paused: running); TimeoutError after so many seconds."""
        async with asyncio.timeout(within):
            while self._running or (not self.paused and self._pending()):
                tasks = list(self._running.values())
                self._wake.set()
                await (asyncio.wait(tasks) if tasks else asyncio.sleep(0))

    async def cancel(self, job: Job) -> None:
        """Ends a running job's whole process group, politely first, and waits for it."""
        task = self._running.get(job.id)
        if task is None:
            return
        self._stopped.add(job.id)
        self._signal(job.id, signal.SIGTERM)
        done, _ = await asyncio.wait([task], timeout=self.grace)
        if not done:
            self._signal(job.id, signal.SIGKILL)
            await asyncio.wait([task])

    def _signal(self, number: int, what: signal.Signals) -> None:
        """To the whole group, which may outlive the shell that led it."""
        process = self._processes.get(number)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, what)

    def _pending(self) -> list[Job]:
        jobs = [j for p in self.world.projects.values() for q in p.pipelines.values() for j in q.jobs]
        waiting = [j for j in jobs if j.status == "pending" and j.id not in self._running]
        return sorted(waiting, key=lambda j: j.id)

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            free = 0 if self.paused else self.concurrent - len(self._running)
            for job in self._pending()[: max(free, 0)]:
                task = asyncio.create_task(self._run(job))
                self._running[job.id] = task
                task.add_done_callback(lambda _, number=job.id: self._done(number))  # type: ignore[misc]

    def _done(self, number: int) -> None:
        del self._running[number]
        self._wake.set()

    async def _run(self, job: Job) -> None:
        home = self.world.root / "builds" / str(job.id)
        checkout = home / job.pipeline.project.path
        checkout.mkdir(parents=True)
        token = self._token(job)
        trace = Trace(job, self.world.now, self._secrets(job, token.value), self.timestamps)
        await shift(self.world, job, "running")
        try:
            await settle(self.world, job.pipeline)
            code, reason = await self._execute(job, home, checkout, token, trace)
            artifacts.collect(self.world.root, job, checkout, succeeded=code == 0, say=trace.say)
        finally:
            token.revoked = True
            shutil.rmtree(home, ignore_errors=True)
        await self._conclude(job, code, reason, trace)

    async def _conclude(self, job: Job, code: int, reason: str | None, trace: Trace) -> None:
        if job.id in self._stopped:
            trace.say("ERROR: Job failed: canceled")
            await ended(self.world, job, "canceled")
        elif code == 0:
            trace.say("Job succeeded")
            await ended(self.world, job, "success")
        else:
            trace.say(
                f"ERROR: Job failed: exit code {code}" if reason is None else f"ERROR: Job failed: {reason}"
            )
            job.allow_failure = job.allow_failure or code in job.spec.allowed_exit_codes
            await ended(self.world, job, "failed", "job_execution_timeout" if reason else "script_failure")

    async def _execute(
        self, job: Job, home: Path, checkout: Path, token: Token, trace: Trace
    ) -> tuple[int, str | None]:
        """Exit code, and a reason where it was the time-out."""
        trace.say(f"Running with gitlab-runner {self.world.version} (look-alike)")
        environment = self._environment(job, home, checkout, token.value)
        url, sha = clone_url(self.world, job, token.value), job.pipeline.sha
        fetch = f"git fetch -q --depth 20 origin {sha} && git checkout -q --detach FETCH_HEAD"
        clone = f"git init -q . && git remote add origin {shlex.quote(url)} && {fetch}"
        limit = min(job.spec.timeout or self.timeout, self.timeout)
        try:
            async with asyncio.timeout(limit):
                with trace.section("get_sources", "Getting source from Git repository"):
                    code = await self._bash(
                        job, clone, checkout, {**clean_environment(), **environment}, trace
                    )
                artifacts.restore(job, checkout)
                if code == 0:
                    with trace.section("step_script", 'Executing "step_script" stage of the job script'):
                        code = await self._bash(job, _script(job.spec.script), checkout, environment, trace)
                if job.spec.after_script and job.id not in self._stopped:
                    with trace.section("after_script", "Running after_script"):
                        await self._bash(job, _script(job.spec.after_script), checkout, environment, trace)
                return code, None
        except TimeoutError:
            self._signal(job.id, signal.SIGKILL)
            return 1, f"execution took longer than {limit:g}s seconds"

    async def _bash(
        self, job: Job, script: str, where: Path, environment: Mapping[str, str], trace: Trace
    ) -> int:
        process = await asyncio.create_subprocess_exec(
            "bash", "--noprofile", "--norc", "-c", script,
            cwd=where, env=dict(environment), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._processes[job.id] = process
        try:
            while process.stdout and (chunk := await process.stdout.read(65536)):
                trace.write(chunk)
            trace.flush()
            return await process.wait()
        finally:
            self._signal(job.id, signal.SIGKILL)
            await process.wait()
            del self._processes[job.id]

    def _token(self, job: Job) -> Token:
        number = self.world.number("token")
        value = "glcbt-" + hashlib.sha256(f"job {job.id} {number}".encode()).hexdigest()[:20]
        made = Token(number, value, job.user, job.name, frozenset(), self.world.now(), job=job)
        self.world.tokens[value] = made
        return made

    def _secrets(self, job: Job, token: str) -> list[str]:
        return [token, *(v.value for v in visible(job.pipeline) if v.masked and not v.file)]

    def _environment(self, job: Job, home: Path, checkout: Path, token: str) -> dict[str, str]:
        """File variables are laid down beside the checkout, as GitLab's runner does."""
        base = {name: os.environ[name] for name in _KEPT if name in os.environ}
        given = {}
        for variable in visible(job.pipeline):
            given[variable.key] = variable.value
            if variable.file:
                path = checkout.with_name(checkout.name + ".tmp") / variable.key
                path.parent.mkdir(exist_ok=True)
                path.write_text(variable.value)
                path.chmod(0o600)
                given[variable.key] = str(path)
        known = for_job(self.world, job, token, str(checkout))
        # GitLab's order: a project's variable beats the CI file's, one given with the pipeline beats both.
        last = {**job.pipeline.variables, **job.variables}
        return {**base, "HOME": str(home), **self.environment, **known, **given, **last}


def _script(lines: tuple[str, ...]) -> str:
    """Each command is echoed in bold green before it runs; the first that fails ends the script."""
    parts = ["set -eo pipefail"]
    for line in lines:
        shown = line.strip().split("\n")
        more = " # collapsed multi-line command" if len(shown) > 1 else ""
        parts.append("echo " + shlex.quote(f"\x1b[32;1m$ {shown[0]}{more}\x1b[0;m"))
        parts.append(line)
    return "\n".join(parts)
