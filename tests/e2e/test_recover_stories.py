"""A release that somebody's crash left pending: found, explained, and recovered only when it is said."""

import copy
import os
from collections import Counter

import pytest

from bot.adapters.cluster.access import client_for
from bot.adapters.cluster.releases import record
from bot.adapters.cluster.wire import Call, Wire
from bot.core.helm_record import packed, record_of, stored_release
from bot.core.model import Target
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.world import World

pytestmark = pytest.mark.long


async def crash(running: World, namespace: str) -> None:
    """What somebody's Helm leaves that is killed during an upgrade of `web`: revision 2, pending."""
    target = Target("any", "any/any", kubeconfig=str(running.kubeconfig))
    wire = Wire(await client_for(target, os.environ), seconds=30, requests=Counter())
    try:
        secret = await record(wire, namespace, "web", 1)
        assert secret is not None
        left = copy.deepcopy(dict(secret))
        content = dict(record_of(secret))
        content |= {"version": 2, "info": {**content["info"], "status": "pending-upgrade"}}
        name = "sh.helm.release.v1.web.v2"
        labels = {**left["metadata"]["labels"], "status": "pending-upgrade", "version": "2"}
        labels.pop("purser.io/run", None)
        left["metadata"] = {"name": name, "namespace": namespace, "labels": labels}
        left["data"] = {"release": packed(content)}
        path = f"/api/v1/namespaces/{namespace}/secrets"
        reply = await wire.send(Call("create", "create a secret", "POST", path, body=left))
        assert reply.status == 201, reply.content
    finally:
        await wire.close()


def states(running: World, namespace: str) -> dict[int, str]:
    assert running.cluster is not None
    kept = [it for it in running.cluster.objects("Secret", namespace) if it["type"] == "helm.sh/release.v1"]
    found = [stored_release(it) for it in kept]
    return {it.revision: it.status for it in found}


@pytest.mark.parametrize("place", [None, "direct-4"], ids=["pipeline", "direct"])
async def test_what_a_crash_left_pending_is_recovered_on_command_only(
    running: World, place: str | None
) -> None:
    site: Site = await running.site(place)
    first = await site.change()
    await site.planned(first)
    await site.gitlab.merge(first, site.max)
    await site.deployed(first)
    await crash(running, site.namespace)
    mr = await site.change("red", {VALUES: values(color="red")})
    plan = await site.planned(mr)
    assert f"Revision 2 of {site.namespace}/web is pending-upgrade" in plan
    assert "This plan has no seal" in plan
    await site.gitlab.merge(mr, site.max)
    held = await site.deployed(mr)
    assert "⏸️ Held" in held
    assert f"Revision 2 of {site.namespace}/web is pending-upgrade" in held
    assert "a maintainer says /helm deploy --recover in this thread" in held
    _, said = await site.command(mr, site.max, "/helm deploy")
    assert "not deployed, as the plan of the merge commit has no seal" in said
    _, said = await site.command(mr, site.ada, "/helm deploy --recover")
    assert "needs the role maintainer" in said
    _, said = await site.command(mr, site.max, "/helm deploy --recover")
    assert "First it marks as failed what was left half-way." in said
    assert f"Revision 2 of {site.namespace}/web is pending-upgrade" in said
    assert "Helm, not by Purser." in said
    assert "color: red" in said
    assert states(running, site.namespace) == {1: "deployed", 2: "pending-upgrade"}
    await site.command(mr, site.max, "/helm deploy --recover")
    await site.noted_deploy(mr, "✅ Deployed to `production` and verified")
    assert states(running, site.namespace) == {1: "superseded", 2: "failed", 3: "deployed"}
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "red"}
