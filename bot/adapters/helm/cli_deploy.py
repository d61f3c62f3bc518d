"""Helm's official command as the deployer."""

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.adapters.helm.cli import program_version, values_document
from bot.adapters.helm.presence import Present
from bot.adapters.helm.process import Ended, environment_for_deploys, run
from bot.adapters.helm.words import failed, shorten
from bot.app.ports.rendering import DeployJob
from bot.core.model import DesiredRelease
from bot.core.planned import EngineInfo

HISTORY = 10
"""Revisions that are kept of a release."""

_ERROR = re.compile(r"^Error: ", re.MULTILINE)


class CliDeployer(Present):
    """The port Deployer. `program` is Helm 4, which finds the cluster itself where `kubeconfig` is None.

    Values are passed whole on standard input, so that they stand in no file and no argument. The apply method
    is Helm's `auto`: server-side for new releases, what a release had before otherwise. `keep` are open files
    that Helm inherits.
    """

    def __init__(
        self,
        program: str,
        kubeconfig: str | None = None,
        context: str | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        self._program = program
        self._keep = tuple(keep)
        self._cluster = (
            *(("--kubeconfig", kubeconfig) if kubeconfig else ()),
            *(("--kube-context", context) if context else ()),
        )
        self._paths: Mapping[str, str] = {kubeconfig: "the kubeconfig"} if kubeconfig else {}

    async def start(self) -> None:
        """Asks the program for its version. Raises RuntimeError where it is not Helm 4."""
        self._info = EngineInfo("helm-cli", await program_version(self._program))

    async def deploy(self, job: DeployJob, log: Callable[[str], None]) -> int:
        """See the port. Cancelled, it has Helm mark the release failed, and returns when that is done."""
        paths = {**self._paths, job.chart.path: job.chart.name}
        values = values_document(job.release.values)
        ended = await self._helm(_upgrade(job), job.release, values, paths, log)
        return int(_summary(ended.output)["version"])

    async def rollback(self, release: DesiredRelease, revision: int, log: Callable[[str], None]) -> int:
        """See the port. Helm's rollback knows no orderly stop: cancelled, it is waited for."""
        arguments = [
            *("rollback", "--history-max", str(HISTORY), "--timeout", f"{release.timeout}s"),
            *(("--wait=watcher",) if release.wait else ()),
            *(("--wait-for-jobs",) if release.wait and release.wait_for_jobs else ()),
            *("--", release.name, str(revision)),
        ]
        await self._helm(arguments, release, b"", self._paths, log, may_stop=False)
        asked = ["status", "--output", "json", "--", release.name]
        ended = await self._helm(asked, release, b"", self._paths, lambda _: None)
        return int(_summary(ended.output)["version"])

    async def uninstall(self, release: DesiredRelease, log: Callable[[str], None]) -> None:
        """See the port. Helm's uninstall knows no orderly stop: cancelled, it is waited for."""
        arguments = [
            *("uninstall", "--ignore-not-found", "--timeout", f"{release.timeout}s"),
            *(("--wait=watcher",) if release.wait else ()),
            *("--", release.name),
        ]
        await self._helm(arguments, release, b"", self._paths, log, may_stop=False)

    async def _helm(
        self,
        arguments: Sequence[str],
        release: DesiredRelease,
        data: bytes,
        paths: Mapping[str, str],
        log: Callable[[str], None],
        *,
        may_stop: bool = True,
    ) -> Ended:
        with tempfile.TemporaryDirectory(prefix="purser-deploy-") as directory:
            ended = await run(
                [self._program, "--namespace", release.namespace, *self._cluster, *arguments],
                data=data,
                environment=environment_for_deploys(directory),
                directory=directory,
                line=lambda line: log(shorten(line, paths)),
                may_stop=may_stop,
                keep=self._keep,
            )
        if ended.status == 0:
            return ended
        found = _ERROR.search(ended.said)
        words = ended.said[found.end() :] if found else ended.said or f"helm ended with status {ended.status}"
        raise failed(words, paths, code="deploy-failed")


def _upgrade(job: DeployJob) -> list[str]:
    release = job.release
    creates = job.install and release.create_namespace
    return [
        *("upgrade", "--reset-values", "--values", "-", "--output", "json"),
        *("--history-max", str(HISTORY), "--labels", f"purser.io/run={job.run}"),
        *("--timeout", f"{release.timeout}s"),
        *(("--install",) if job.install else ()),
        *(("--create-namespace",) if creates else ()),
        *(("--wait=watcher",) if release.wait else ()),
        *(("--rollback-on-failure",) if release.atomic else ()),
        *(("--wait-for-jobs",) if release.wait and release.wait_for_jobs else ()),
        *(("--force-conflicts",) if release.force_conflicts else ()),
        *(("--take-ownership",) if release.take_ownership else ()),
        *("--", release.name, job.chart.path),
    ]


def _summary(output: str) -> Any:
    """The release as JSON; Helm may print a line before it."""
    return json.loads(output[output.index("{") :])
