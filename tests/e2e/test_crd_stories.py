"""CRDs of a chart's crds/ that are upgraded with the release, as the target says, in both modes."""

import json
from typing import Any

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.e2e.files import VALUES, values
from tests.e2e.world import World

pytestmark = pytest.mark.long
FILE = "charts/web/crds/shops.yaml"


def crd(group: str, *versions: str) -> str:
    """A CRD that serves these versions and stores the last one."""
    served: list[dict[str, Any]] = [
        {"name": one, "served": True, "storage": one == versions[-1],
         "schema": {"openAPIV3Schema": {"type": "object"}}}
        for one in versions
    ]  # fmt: skip
    names = {"plural": "shops", "singular": "shop", "kind": "Shop", "listKind": "ShopList"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": served}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return json.dumps({**head, "metadata": {"name": f"shops.{group}"}, "spec": spec})


def versions(cluster: SimulatedCluster, group: str) -> list[str]:
    [found] = [
        one
        for one in cluster.objects("CustomResourceDefinition")
        if one["metadata"]["name"] == f"shops.{group}"
    ]
    return [one["name"] for one in found["spec"]["versions"]]


@pytest.mark.parametrize("place", ["crds-pipeline", "crds-direct"])
async def test_a_merge_brings_a_new_version_of_a_crd_before_the_release(running: World, place: str) -> None:
    group = f"{place}.example.com"
    site = await running.site(place, files={FILE: crd(group, "v1")})
    site.gitlab.set_variable(site.project, "PURSER_FLAGS", "--crds upgrade")
    first = await site.change("one")
    await site.planned(first)
    await site.gitlab.merge(first, site.max)
    assert "✅ Deployed" in await site.deployed(first)

    second = await site.change("two", {FILE: crd(group, "v1", "v2"), VALUES: values(color="red")})
    plan = await site.planned(second)
    assert f"will be upgraded before the release: shops.{group}" in plan
    await site.gitlab.merge(second, site.max)
    assert "✅ Deployed" in await site.deployed(second)
    assert running.cluster is not None
    assert versions(running.cluster, group) == ["v1", "v2"]
