"""The half of the cluster's contract about questions: what a change would make, and what refuses it."""

from typing import Any

import pytest

from bot.adapters.cluster.api_server import KubernetesCluster
from bot.core.model import ObjectRef
from bot.core.question import (
    Absent,
    Apply,
    Create,
    Delete,
    Found,
    FoundAll,
    ListOf,
    NoSuchKind,
    Patch,
    Read,
    Refused,
)
from tests.cluster.api import Api
from tests.contracts.cluster_suite import APPLY, OnACluster, config_map, deployment, one, ref_of


class DryRunContract(OnACluster):
    async def test_a_creation_is_rehearsed_and_leaves_nothing(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        manifest = deployment(namespace)
        for question in (Apply(manifest), Create(manifest)):
            answer = await one(cluster, question)
            assert isinstance(answer, Found)
            assert answer.manifest["spec"]["strategy"]["type"] == "RollingUpdate"
            assert answer.manifest["metadata"]["uid"]
        assert not api.exists(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
        assert await one(cluster, Read(ref_of(manifest))) == Absent()

    async def test_an_update_is_rehearsed_and_leaves_everything_as_it_was(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str
    ) -> None:
        before = self.applied(api, config_maps, config_map(namespace, colour="red", size="big"))
        answer = await one(cluster, Apply(config_map(namespace, colour="blue")))
        assert isinstance(answer, Found)
        assert answer.manifest["data"] == {"colour": "blue"}
        assert api.call("GET", f"{config_maps}/settings") == before

    async def test_what_is_so_already_comes_back_as_it_stands(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str
    ) -> None:
        before = self.applied(api, config_maps, config_map(namespace, colour="red"))
        answer = await one(cluster, Apply(config_map(namespace, colour="red")))
        assert isinstance(answer, Found)
        assert answer.manifest["data"] == {"colour": "red"}
        assert answer.manifest["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]

    async def test_a_field_of_another_manager_is_a_conflict_unless_forced(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str
    ) -> None:
        self.applied(api, config_maps, config_map(namespace, colour="red"), manager="somebody")
        wanted = config_map(namespace, colour="blue")
        answer = await one(cluster, Apply(wanted))
        assert isinstance(answer, Refused)
        assert (answer.status, answer.reason) == (409, "Conflict")
        ((field, reason, message),) = answer.causes
        assert (field, reason) == (".data.colour", "FieldManagerConflict")
        assert "somebody" in message
        forced = await one(cluster, Apply(wanted, force=True))
        assert isinstance(forced, Found)
        assert forced.manifest["data"] == {"colour": "blue"}

    async def test_an_immutable_field_is_refused_by_name(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        self.applied(api, f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment(namespace))
        answer = await one(cluster, Apply(deployment(namespace, app="other")))
        assert isinstance(answer, Refused)
        assert (answer.status, answer.reason) == (422, "Invalid")
        assert "spec.selector" in [field for field, _, _ in answer.causes]

    async def test_an_unknown_field_is_refused(self, cluster: KubernetesCluster, namespace: str) -> None:
        manifest = deployment(namespace)
        manifest["spec"]["replica"] = 1
        applied = await one(cluster, Apply(manifest))
        assert isinstance(applied, Refused)
        assert applied.status == 500
        assert "failed to create typed patch object" in applied.message
        created = await one(cluster, Create(manifest))
        assert isinstance(created, Refused)
        assert created.status == 400
        assert 'unknown field "spec.replica"' in created.message

    async def test_an_unknown_kind_is_no_refusal(self, cluster: KubernetesCluster, namespace: str) -> None:
        widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
        assert await one(cluster, Apply(widget)) == NoSuchKind()
        assert await one(cluster, Read(ObjectRef("v1", "Widget", namespace, "w"))) == NoSuchKind()
        assert await one(cluster, ListOf("example.com/v1", "Widget")) == NoSuchKind()

    async def test_a_missing_namespace_is_refused_for_what_would_come_into_it(
        self, cluster: KubernetesCluster
    ) -> None:
        manifest = config_map("nowhere-at-all")
        for question in (Apply(manifest), Create(manifest)):
            answer = await one(cluster, question)
            assert isinstance(answer, Refused)
            assert (answer.status, answer.reason) == (404, "NotFound")
            assert "nowhere-at-all" in answer.message
        assert await cluster.ask([Read(ref_of(manifest)), Delete(ref_of(manifest))]) == [Absent(), Absent()]
        assert not await cluster.namespace_exists("nowhere-at-all")

    async def test_an_existing_namespace_exists(self, cluster: KubernetesCluster, namespace: str) -> None:
        assert await cluster.namespace_exists(namespace)

    async def test_a_creation_over_what_exists_is_refused(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str
    ) -> None:
        self.applied(api, config_maps, config_map(namespace))
        answer = await one(cluster, Create(config_map(namespace)))
        assert isinstance(answer, Refused)
        assert (answer.status, answer.reason) == (409, "AlreadyExists")

    async def test_a_deletion_is_rehearsed_and_deletes_nothing(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str
    ) -> None:
        before = self.applied(api, config_maps, config_map(namespace))
        assert isinstance(await one(cluster, Delete(ref_of(config_map(namespace)))), Found)
        assert api.call("GET", f"{config_maps}/settings") == before
        assert await one(cluster, Delete(ref_of(config_map(namespace, "other")))) == Absent()

    @pytest.mark.parametrize("kind", ["strategic-merge-patch", "merge-patch"])
    async def test_a_patch_is_rehearsed_and_changes_nothing(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str, kind: str
    ) -> None:
        before = self.applied(api, config_maps, config_map(namespace, colour="red", size="big"))
        body = {"data": {"colour": None, "shape": "round"}}
        patch = Patch(ref_of(config_map(namespace)), f"application/{kind}+json", body)
        answer = await one(cluster, patch)
        assert isinstance(answer, Found)
        assert answer.manifest["data"] == {"size": "big", "shape": "round"}
        assert api.call("GET", f"{config_maps}/settings") == before
        missing = Patch(ref_of(config_map(namespace, "other")), patch.content_type, body)
        assert await one(cluster, missing) == Absent()

    async def test_a_list_has_whole_objects_of_one_namespace_or_of_all(
        self, cluster: KubernetesCluster, api: Api, namespace: str, config_maps: str
    ) -> None:
        self.applied(api, config_maps, config_map(namespace, "one"))
        self.applied(api, config_maps, config_map(namespace, "two", a="b"))
        here, everywhere = await cluster.ask(
            [ListOf("v1", "ConfigMap", namespace), ListOf("v1", "ConfigMap")]
        )
        assert isinstance(here, FoundAll)
        assert isinstance(everywhere, FoundAll)
        ours = {m["metadata"]["name"]: m for m in here.manifests if m["metadata"]["name"] in ("one", "two")}
        assert ours["two"]["data"] == {"a": "b"}
        assert (ours["one"]["apiVersion"], ours["one"]["kind"]) == ("v1", "ConfigMap")
        assert len(ours) == 2
        names = {(m["metadata"].get("namespace"), m["metadata"]["name"]) for m in everywhere.manifests}
        assert (namespace, "one") in names

    async def test_answers_come_in_the_order_of_the_questions(
        self, cluster: KubernetesCluster, namespace: str
    ) -> None:
        names = [f"number-{number}" for number in range(30)]
        answers = await cluster.ask([Apply(config_map(namespace, name)) for name in names])
        assert [a.manifest["metadata"]["name"] for a in answers if isinstance(a, Found)] == names

    @pytest.mark.parametrize("name", ["..", "a/b", "a%2fb", ""])
    async def test_a_name_does_not_lead_elsewhere(
        self, cluster: KubernetesCluster, namespace: str, name: str
    ) -> None:
        for question in (
            Read(ObjectRef("v1", "ConfigMap", namespace, name)),
            Apply(config_map(namespace, name)),
        ):
            answer = await one(cluster, question)
            assert isinstance(answer, Refused)
            assert answer.status == 422

    def applied(self, api: Api, path: str, manifest: dict[str, Any], manager: str = "helm") -> dict[str, Any]:
        name = manifest["metadata"]["name"]
        made = api.call("PATCH", f"{path}/{name}?fieldManager={manager}", manifest, content_type=APPLY)
        assert isinstance(made, dict)
        return made
