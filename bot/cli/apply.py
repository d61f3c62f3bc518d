"""`purser apply`: what the pipeline's job runs, and what a person can run."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO, assert_never

from cyclopts import Parameter

from bot.app.apply.sealed_plan import Applied, ApplyPlan
from bot.bootstrap.tools import Settings, deployer, fingerprint_key, open_checkout, state_dir, tools
from bot.cli.artifacts import leave
from bot.cli.options import TargetOptions
from bot.cli.plans import recall
from bot.core.chart_credential import secrets_of
from bot.core.errors import AuthorError
from bot.core.layouts import secret_variables
from bot.core.notes.markdown import visible
from bot.core.notes.plan import verdict
from bot.core.planned import Rollback
from bot.core.redact.masking import Masker
from bot.log import configure

APPLIED, FAILED, REFUSED = 0, 1, 3
LOG_FILE = "helm-output.log"
_DEFAULT = TargetOptions()


def apply(
    path: Path = Path("."),
    /,
    *,
    seal: Annotated[str, Parameter(help="the seal of the plan that was approved")],
    options: TargetOptions = _DEFAULT,
    verify_seconds: Annotated[float, Parameter(help="how long rollouts may take")] = 300.0,
    parallel: Annotated[
        int | None, Parameter(help="releases at a time (default: 4, or the target's)")
    ] = None,
    rollback: Annotated[
        str, Parameter(help="NAMESPACE/RELEASE=REVISION: go back to it, under the seal of that preview")
    ] = "",
    keep: Annotated[Path | None, Parameter(help="folder for plan, result, log and manifests, masked")] = None,
) -> int:
    """Deploys exactly the plan of a seal, or nothing.

    The checkout is planned again; where the seal differs, nothing is touched. Then its releases are
    installed, upgraded and uninstalled in their order with Helm, and the cluster is checked.

    Exit codes: 0 applied and verified, 3 refused because the seal no longer holds (what moved is printed), 1
    failed (what was applied and what not is printed, and helm-output.log holds it all).

    Example: purser apply ./cluster --target production --seal sha256:4be1…

    Parameters
    ----------
    path:
        the checkout
    """
    with _Log(masker := Masker(fingerprint_key(state_dir()))) as log:
        _keep_secret(options, masker)
        back = _way_back(rollback)
        outcome = _run(_apply(path, seal, options, parallel, verify_seconds, log.say, back), log)
        if outcome is None:
            return FAILED
        code = _report(outcome, log)
        if keep is not None:
            leave(outcome, log.text, keep)
        return code


def _keep_secret(options: TargetOptions, masker: Masker) -> None:
    """Neither what is said nor what is logged (to standard error) shows what only the job knows."""
    configure("console", "warning", mask=masker.text)
    variables = secret_variables(options.resolve().variables)
    for secret in (*secrets_of(options.credentials), *variables.values()):
        masker.remember(secret)


def _run(work: Coroutine[None, None, Applied], log: "_Log") -> Applied | None:
    """None where it was stopped from outside."""
    try:
        return asyncio.run(_stoppable(work))
    except (asyncio.CancelledError, KeyboardInterrupt):
        log.say("\nStopped from outside; Helm was told, and marked what it was at as failed.")
        log.keep()
        return None


def _way_back(given: str) -> Rollback | None:
    """Raises AuthorError (`rollback-flag`) for text that names no revision of a release."""
    if not given:
        return None
    release, _, revision = given.rpartition("=")
    if release.count("/") != 1 or not revision.isdecimal() or int(revision) < 1:
        raise AuthorError(
            f"--rollback {given} names no revision of a release.",
            fix="Write it as NAMESPACE/RELEASE=REVISION, such as web/podinfo=3.",
            code="rollback-flag",
        )
    return Rollback(release, int(revision))


async def _stoppable(work: Coroutine[None, None, Applied]) -> Applied:
    """SIGTERM (a cancelled job) ends the work as Ctrl-C does: in order, so that no release stays pending."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _apply(
    path: Path,
    seal: str,
    options: TargetOptions,
    parallel: int | None,
    verify_seconds: float,
    say: Callable[[str], None],
    back: Rollback | None,
) -> Applied:
    target = options.resolve()
    if parallel is not None:
        target = replace(target, deploy=replace(target.deploy, parallel=max(parallel, 1)))
    tree = open_checkout(path)
    say(f"purser apply: target {target.name}, commit {tree.head or 'none'}")
    settings = Settings(
        cache=state_dir() / "charts",
        key=fingerprint_key(state_dir()),
        catalogues=options.catalogues,
        memory=state_dir() / "memory",
        helmfile=options.helmfile_programs,
        secrets=tuple(secret_variables(target.variables).values()),
        credentials=options.credentials,
    )
    async with tools(settings) as wired:
        run = f"job-{os.environ.get('CI_JOB_ID') or int(time.time())}"
        helm = await deployer(target, wired.engine, *options.helm)
        planner = wired.rollback(back) if back else wired.planner
        recovery = wired.recovery_back(back) if back else wired.recovery
        use = ApplyPlan(planner, helm, wired.verifier, say, run, recovery)
        return await use(target, tree, seal, recall(seal, state_dir()), verify_seconds)


def _report(outcome: Applied, log: "_Log") -> int:
    say = log.say
    match outcome.result:
        case "applied":
            say(f"\nApplied and verified: {', '.join(outcome.done)}.")
            return APPLIED
        case "nothing":
            say("\nNothing to do: the cluster has all of it already.")
            return APPLIED
        case "refused":
            say("\nRefused: the seal no longer holds, so nothing was touched. What moved:")
            for line in outcome.lines:
                say(f"  {line}")
            say(f"The plan of now: {verdict(outcome.plan)}. `purser plan` shows it whole.")
            return REFUSED
        case "failed" | "unverified" | "stopped":
            say(f"\nFailed: {'; '.join(outcome.lines)}")
            say(f"  applied: {', '.join(outcome.done) or 'nothing'}")
            say(f"  not applied: {', '.join(outcome.left) or 'nothing else'}")
            if outcome.result == "stopped":
                say("Stopped from outside; Helm was told, and marked what it was at as failed.")
            log.keep()
            say(f"All of this is in {LOG_FILE}.")
            return FAILED
        case _ as unknown:
            assert_never(unknown)


class _Log:
    """Standard output, masked and made visible, with a copy that is kept as a file when something failed."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._file: TextIO | None = None
        self._lines: list[str] = []

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.say(f"\nFailed: {error}")
            self.keep()

    def say(self, text: str) -> None:
        """Prints at once: a person may be watching the job."""
        line = visible(self._masker.text(text))
        self._lines.append(line)
        print(line, flush=True)

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(self._lines) + "\n"

    def keep(self) -> None:
        """Writes all that was said to helm-output.log in the working directory."""
        Path(LOG_FILE).write_text(self.text, encoding="utf-8")
