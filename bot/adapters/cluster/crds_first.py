"""A deployer that upgrades the CRDs of a chart's crds/ before the release, where the plan says so."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.cluster.access import client_for
from bot.adapters.cluster.questions import causes_of
from bot.adapters.cluster.wire import Call, Reply, Wire
from bot.app.ports.rendering import Deployer, DeployJob
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import DesiredRelease, Manifest, Target
from bot.core.planned import EngineInfo
from bot.core.rehearsal.crd_upgrade import may_take
from bot.core.verify.rollout import rollout_of

SECONDS = 60.0
"""For one request (an API server takes large CRDs apart for long), and until a CRD is established."""

_POLL = 0.25
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class CrdsFirst:
    """The port Deployer around another one. `environment` is where KUBECONFIG is looked up."""

    def __init__(
        self,
        inner: Deployer,
        target: Target,
        environment: Mapping[str, str] = os.environ,
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._inner = inner
        self._target = target
        self._environment = environment
        self._seconds = seconds

    @property
    def info(self) -> EngineInfo:
        """As the port says."""
        return self._inner.info

    async def deploy(self, job: DeployJob, log: Callable[[str], None]) -> int:
        """As the port says; Helm is not started where a CRD could not be upgraded."""
        if job.crds:
            await self._upgrade(job, log)
        return await self._inner.deploy(job, log)

    async def rollback(self, release: DesiredRelease, revision: int, log: Callable[[str], None]) -> int:
        """As the port says; CRDs stay as they are."""
        return await self._inner.rollback(release, revision, log)

    async def uninstall(self, release: DesiredRelease, log: Callable[[str], None]) -> None:
        """As the port says; CRDs stay as they are."""
        await self._inner.uninstall(release, log)

    async def _upgrade(self, job: DeployJob, log: Callable[[str], None]) -> None:
        client = await client_for(self._target, self._environment)
        wire = Wire(client, seconds=self._seconds, requests=Counter())
        try:
            for crd in job.crds:
                name = str(crd["metadata"]["name"])
                await _apply(wire, crd, name, force=job.release.force_conflicts)
                await self._established(wire, crd, name)
                log(f"CRD {name} upgraded")
        except (ClusterForbids, ClusterUnreachable) as error:
            raise _failed(error.what) from None
        finally:
            await wire.close()

    async def _established(self, wire: Wire, crd: Manifest, name: str) -> None:
        """Until it is established and each version that it serves is there."""
        said = ""
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    said = await _missing(wire, crd, name)
                    if not said:
                        return
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise _failed(
                f"CRD {name} was applied, but {said or 'nobody says that it is established'}."
            ) from None


async def _apply(wire: Wire, crd: Manifest, name: str, *, force: bool) -> None:
    reply = await _applied(wire, crd, name, force=False)
    if reply.status == 409 and may_take(causes_of(reply), force=force):
        reply = await _applied(wire, crd, name, force=True)
    if reply.status not in (200, 201):
        raise _failed(f"CRD {name} was refused (HTTP {reply.status}): {reply.message}")


async def _applied(wire: Wire, crd: Manifest, name: str, *, force: bool) -> Reply:
    query = (("fieldManager", "helm"), ("fieldValidation", "Strict"), ("force", str(force).lower()))
    call = Call(
        verb="apply",
        what="apply customresourcedefinitions",
        method="PATCH",
        path=f"{_CRDS}/{quote(name, safe='')}",
        query=query,
        body=crd,
        content_type="application/apply-patch+yaml",
    )
    return await wire.send(call)


async def _missing(wire: Wire, crd: Manifest, name: str) -> str:
    """What of it is not there yet; empty where all is."""
    call = Call("get", "get customresourcedefinitions", "GET", f"{_CRDS}/{quote(name, safe='')}")
    reply = await wire.send(call)
    if reply.status != 200:
        return f"it could not be read (HTTP {reply.status})"
    state = rollout_of({"apiVersion": "apiextensions.k8s.io/v1", **reply.content})
    if state.failed:
        raise _failed(f"CRD {name} was applied, and {state.message}")
    if not state.ready:
        return state.message
    spec = crd["spec"]
    for version in spec.get("versions") or ():
        where = f"{spec['group']}/{version['name']}"
        if version.get("served") and not await _served(wire, where, spec["names"]["plural"]):
            return f"{where} is not served yet"
    return ""


async def _served(wire: Wire, api_version: str, plural: str) -> bool:
    reply = await wire.send(Call("discover", f"discover {api_version}", "GET", f"/apis/{quote(api_version)}"))
    resources: Any = reply.content.get("resources") if reply.status == 200 else None
    return any(one.get("name") == plural for one in resources or ())


def _failed(what: str) -> AuthorError:
    fix = "Helm was not started for this release. Look at the CRD with kubectl, mend it, then deploy again."
    return AuthorError(what, fix=fix, code="deploy-failed")
