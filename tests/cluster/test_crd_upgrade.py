"""A chart's crds/ at an upgrade, on a real API server: left alone, or upgraded with the sealed deploy."""

import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import Level
from bot.core.planned import Plan
from tests.cluster.api import ApiError
from tests.cluster.applied import Checkout, checkout
from tests.cluster.control_plane import ControlPlane

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def version(name: str, *fields: str, storage: bool = True) -> dict[str, Any]:
    """A served version of the CRD with these string fields."""
    spec = {"type": "object", "properties": {one: {"type": "string"} for one in fields}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"name": name, "served": True, "storage": storage, "schema": schema}


class Group:
    """An API group of the test's own, with one kind, `Shop`."""

    def __init__(self) -> None:
        self.name = f"g{secrets.token_hex(4)}.example.com"
        self.crd = f"shops.{self.name}"

    def files(self, *versions: dict[str, Any], color: str = "blue", uses: str = "") -> dict[str, str]:
        """A chart with this CRD, a ConfigMap, and a Shop of version `uses` with the field `size`."""
        names = {"plural": "shops", "singular": "shop", "kind": "Shop", "listKind": "ShopList"}
        spec = {"group": self.name, "scope": "Namespaced", "names": names, "versions": list(versions)}
        head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        crd = {**head, "metadata": {"name": self.crd}, "spec": spec}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": {"a": color}}
        made = {"crds/shops.yaml": json.dumps(crd), "templates/config.yaml": json.dumps(config)}
        if uses:
            shop = {"apiVersion": f"{self.name}/{uses}", "kind": "Shop", "metadata": {"name": "one"}}
            made["templates/shop.yaml"] = json.dumps({**shop, "spec": {"size": "large"}})
        return made


@pytest.fixture
def group(control_plane: ControlPlane) -> Iterator[Group]:
    made = Group()
    yield made
    with contextlib.suppress(ApiError):
        control_plane.api.call("DELETE", f"{CRDS}/{made.crd}")


@pytest.fixture
async def shop(tmp_path: Path, kubeconfig: Path, namespace: str, helm: Path) -> AsyncIterator[Checkout]:
    async with checkout(tmp_path, kubeconfig, namespace, helm) as made:
        yield made


def codes(plan: Plan) -> dict[str, Level]:
    return {finding.code: finding.level for finding in plan.all_findings}


def served(plane: ControlPlane, group: Group) -> list[str]:
    crd = plane.api.call("GET", f"{CRDS}/{group.crd}")
    return [one["name"] for one in crd["spec"]["versions"] if one["served"]]


async def test_skip_leaves_it_and_upgrade_brings_the_new_version_before_the_release(
    control_plane: ControlPlane, shop: Checkout, group: Group
) -> None:
    shop.write(group.files(version("v1", "size")))
    assert (await shop.apply(verify=30.0)).result == "applied"

    newer = (version("v1", "size", storage=False), version("v2", "size", "color"))
    shop.write(group.files(*newer, color="green"), "1.1.0")
    skipping = await shop.plan()
    assert codes(skipping) == {"crds-not-upgraded": Level.WARNING}
    assert (await shop.apply(verify=30.0)).result == "applied"
    assert served(control_plane, group) == ["v1"], "as Helm leaves it"

    shop.write(group.files(*newer, color="red", uses="v2"), "1.2.0")
    upgrading = await shop.plan(crds="upgrade")
    assert codes(upgrading)["crds-upgraded"] is Level.INFO
    assert not upgrading.has_errors
    assert upgrading.seal != (await shop.plan()).seal
    refused = await shop.apply(upgrading.seal, crds="skip")
    assert refused.result == "refused", "the setting is part of what was sealed"
    assert served(control_plane, group) == ["v1"]

    done = await shop.apply(upgrading.seal, verify=30.0, crds="upgrade")
    assert (done.result, done.lines) == ("applied", done.lines)
    assert served(control_plane, group) == ["v1", "v2"]
    assert any(f"CRD {group.crd} upgraded" in line for line in shop.lines)
    path = f"/apis/{group.name}/v2/namespaces/{shop.namespace}/shops/one"
    assert control_plane.api.call("GET", path)["spec"] == {"size": "large"}
    entries = control_plane.api.call("GET", f"{CRDS}/{group.crd}")["metadata"]["managedFields"]
    assert {"helm"} == {one["manager"] for one in entries if one["operation"] == "Apply"}


async def test_a_release_with_nothing_else_to_do_brings_its_crds_once_they_are_to_be_upgraded(
    control_plane: ControlPlane, shop: Checkout, group: Group
) -> None:
    shop.write(group.files(version("v1", "size")))
    assert (await shop.apply(verify=30.0)).result == "applied"
    newer = (version("v1", "size", storage=False), version("v2", "size", "color"))
    shop.write(group.files(*newer, color="green"), "1.1.0")
    assert (await shop.apply(verify=30.0)).result == "applied"
    assert [one.action for one in (await shop.plan()).releases] == ["none"]
    assert served(control_plane, group) == ["v1"]

    switched = await shop.plan(crds="upgrade")
    assert codes(switched) == {"crds-upgraded": Level.INFO}
    assert [one.ref.name for one in switched.releases[0].objects if one.action != "unchanged"] == [group.crd]
    done = await shop.apply(switched.seal, verify=30.0, crds="upgrade")
    assert (done.result, done.lines) == ("applied", done.lines)
    assert served(control_plane, group) == ["v1", "v2"]
    for _ in range(2):
        assert [one.action for one in (await shop.plan(crds="upgrade")).releases] == ["none"]

    path = f"{CRDS}/{group.crd}?fieldManager=helm"
    back = {"op": "replace", "path": "/spec/versions/1/served", "value": False}
    control_plane.api.call("PATCH", path, [back], content_type="application/json-patch+json")
    assert codes(await shop.plan(crds="upgrade")) == {"crds-upgraded": Level.INFO}, (
        "what stood is looked at anew"
    )


async def test_a_version_in_which_objects_are_stored_is_not_taken_away(
    control_plane: ControlPlane, shop: Checkout, group: Group
) -> None:
    shop.write(group.files(version("v1alpha1", "size")))
    assert (await shop.apply(verify=30.0)).result == "applied"
    shop.write(group.files(version("v1", "size"), color="green"), "1.1.0")
    plan = await shop.plan(crds="upgrade")
    assert codes(plan) == {"crd-stored-version": Level.ERROR}
    assert plan.seal is None
    assert served(control_plane, group) == ["v1alpha1"]


async def test_a_crd_that_somebody_else_owns_is_a_conflict_and_nothing_is_done(
    control_plane: ControlPlane, shop: Checkout, group: Group
) -> None:
    files = group.files(version("v1", "size"))
    control_plane.api.call(
        "PATCH", f"{CRDS}/{group.crd}?fieldManager=operator", json.loads(files["crds/shops.yaml"]),
        content_type="application/apply-patch+yaml",
    )  # fmt: skip
    shop.write(files)
    assert (await shop.apply(verify=30.0)).result == "applied", "it is equal, so nobody is in the way"
    shop.write(group.files(version("v1", "size", "color"), color="green"), "1.1.0")
    plan = await shop.plan(crds="upgrade")
    assert codes(plan) == {"conflict": Level.ERROR}
    assert "operator" in plan.all_findings[0].message
    forced = await shop.plan(crds="upgrade")
    assert forced.seal is None
