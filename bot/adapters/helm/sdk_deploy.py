"""Helm's SDK as the deployer, where there is no `helm` command: one process for each deployment."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.adapters.helm.process import environment_for_deploys, run
from bot.adapters.helm.words import failed, shorten
from bot.app.ports.rendering import DeployJob
from bot.core.model import DesiredRelease
from bot.core.planned import EngineInfo

HISTORY = 10
"""Revisions that are kept of a release."""


class SdkDeployer:
    """The port Deployer. Without `kubeconfig` and `context` Helm finds the cluster itself.

    It has the credentials of the deployment and runs a library of one maintainer with them: the official
    command (CliDeployer) is preferred where there is one. `info` is the version that the renderer found;
    `keep` are open files that Helm's process inherits.
    """

    def __init__(
        self,
        info: EngineInfo,
        kubeconfig: str | None = None,
        context: str | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        self._info = info
        self._keep = tuple(keep)
        self._kubeconfig = kubeconfig
        self._context = context

    @property
    def info(self) -> EngineInfo:
        """Which Helm this is."""
        return self._info

    async def deploy(self, job: DeployJob, log: Callable[[str], None]) -> int:
        """See the port. Cancelled, it has Helm mark the release failed, and returns when that is done."""
        release = job.release
        order = {
            "op": "deploy",
            "chart": job.chart.path,
            "values": release.values,
            "install": job.install,
            "create_namespace": release.create_namespace,
            "atomic": release.atomic,
            "force_conflicts": release.force_conflicts,
            "take_ownership": release.take_ownership,
            "wait_for_jobs": release.wait and release.wait_for_jobs,
            "labels": {"purser.io/run": job.run},
            "history": HISTORY,
        }
        return await self._helm(order, release, {job.chart.path: job.chart.name}, log)

    async def rollback(self, release: DesiredRelease, revision: int, log: Callable[[str], None]) -> int:
        """See the port. Helm's rollback knows no orderly stop: cancelled, it is waited for."""
        order = {
            "op": "rollback",
            "to": revision,
            "wait_for_jobs": release.wait and release.wait_for_jobs,
            "history": HISTORY,
        }
        return await self._helm(order, release, {}, log)

    async def uninstall(self, release: DesiredRelease, log: Callable[[str], None]) -> None:
        """See the port. Helm's uninstall knows no orderly stop: cancelled, it is waited for."""
        await self._helm({"op": "uninstall"}, release, {}, log)

    async def _helm(
        self,
        order: Mapping[str, Any],
        release: DesiredRelease,
        paths: Mapping[str, str],
        log: Callable[[str], None],
    ) -> int:
        known = {**paths, **({self._kubeconfig: "the kubeconfig"} if self._kubeconfig else {})}
        whole = {
            **order,
            "name": release.name,
            "namespace": release.namespace,
            "timeout": release.timeout,
            "wait": release.wait,
            "kubeconfig": self._kubeconfig,
            "context": self._context,
        }
        with tempfile.TemporaryDirectory(prefix="purser-deploy-") as directory:
            ended = await run(
                # Helm takes its field manager from argv[0]; a path keeps the virtual environment.
                [str(Path(sys.executable).with_name("helm")), "-I", "-m", "bot.adapters.helm.deploy_worker"],
                executable=sys.executable,
                data=json.dumps(whole).encode(),
                environment=environment_for_deploys(directory),
                directory=directory,
                line=lambda line: log(shorten(line, known)),
                keep=self._keep,
            )
        if ended.status != 0:
            words = ended.said.splitlines()[-1:] or [f"status {ended.status}"]
            raise failed(f"Helm's library came to an end: {words[0]}", known, code="deploy-failed")
        answer = json.loads(ended.output)
        if "error" in answer:
            raise failed(answer["error"], known, code="deploy-failed")
        return int(answer["revision"])
