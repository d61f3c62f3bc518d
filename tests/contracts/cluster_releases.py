"""The half of the cluster's contract about reading: what is served, what is deployed, what is ready."""

import asyncio
from pathlib import Path
from typing import Any

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.core.helm_record import packed, secret_name
from bot.core.model import ObjectRef
from bot.core.question import Absent, Found, FoundAll, ListOf, Read
from tests.cluster.api import Api
from tests.contracts.cluster_suite import OnACluster, one, ref_of, target

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "spec": {
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}


def crd(plural: str) -> dict[str, Any]:
    group = "contract.purser.test"
    names = {
        "plural": plural,
        "singular": plural[:-1],
        "kind": plural[:-1].capitalize(),
        "listKind": f"{plural}List",
    }
    return {
        **CRD,
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {**CRD["spec"], "group": group, "names": names},
    }


class ReadingContract(OnACluster):
    async def test_capabilities_are_those_of_helm(self, cluster: KubernetesCluster) -> None:
        capabilities = await cluster.capabilities()
        assert capabilities.kube_version.startswith("v1.")
        expected = {"v1", "v1/Pod", "apps/v1", "apps/v1/Deployment", "apps/v1/Scale", "batch/v1/CronJob"}
        assert expected <= set(capabilities.api_versions)
        assert list(capabilities.api_versions) == sorted(capabilities.api_versions)

    async def test_scopes_tell_what_lives_in_namespaces(self, cluster: KubernetesCluster) -> None:
        scopes = await cluster.scopes()
        assert scopes[("apps/v1", "Deployment")]
        assert not scopes[("v1", "Namespace")]
        assert not scopes[("rbac.authorization.k8s.io/v1", "ClusterRole")]
        assert ("apps/v1", "Scale") not in scopes

    async def test_a_kind_that_came_meanwhile_is_found(
        self, cluster: KubernetesCluster, api: Api, kubeconfig: Path
    ) -> None:
        assert not any(kind == "Gadget" for _, kind in await cluster.scopes())
        definition = crd("gadgets")
        ref = ref_of(definition)
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{ref.name}"
        api.call("POST", path.rpartition("/")[0], definition)
        try:
            async with asyncio.timeout(20):
                await self.is_served(kubeconfig, ("contract.purser.test/v1", "Gadget"))
            gadget = ObjectRef("contract.purser.test/v1", "Gadget", "default", "none")
            assert await one(cluster, Read(gadget)) == Absent()
            assert [state.ready for state in await cluster.rollouts([ref])] == [True]
        finally:
            api.call("DELETE", path)

    async def is_served(self, kubeconfig: Path, kind: tuple[str, str]) -> None:
        """Returns when the API server tells newcomers of the kind, which takes it a moment."""
        while True:
            async with KubernetesClusters({}).open(target(kubeconfig)) as newcomer:
                if kind in await newcomer.scopes():
                    return
            await asyncio.sleep(0.05)

    async def test_releases_are_listed_newest_first(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        for name, revision, status in (("b", 1, "deployed"), ("a", 9, "superseded"), ("a", 10, "failed")):
            self.keep(api, namespace, name, revision, status)
        api.call("POST", f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "other"}})
        heads = await cluster.releases([namespace, "nowhere-at-all"])
        assert [(h.name, h.revision, h.status) for h in heads] == [
            ("a", 10, "failed"),
            ("a", 9, "superseded"),
            ("b", 1, "deployed"),
        ]
        assert all(head.namespace == namespace and head.resource_version for head in heads)
        assert [head.ours for head in heads] == [True, True, False]
        assert set(heads) <= set(await cluster.releases())
        assert await cluster.releases([]) == ()

    async def test_a_release_is_read_with_the_revision_that_helm_starts_from(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        for revision, status in ((1, "superseded"), (2, "deployed"), (3, "failed"), (10, "pending-upgrade")):
            self.keep(api, namespace, "web", revision, status)
        release = await cluster.release(namespace, "web")
        assert release is not None
        assert (release.base.revision, release.base.status) == (2, "deployed")
        assert (release.newest.revision, release.newest.status) == (10, "pending-upgrade")
        assert release.base.labels == {"team": "shop"}

    async def test_a_release_that_is_not_there_is_none(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        self.keep(api, namespace, "web", 1, "deployed")
        assert await cluster.release(namespace, "we") is None
        assert await cluster.release(namespace, "web,owner=helm") is None
        assert await cluster.release("nowhere-at-all", "web") is None

    async def test_rollouts_tell_what_is_ready(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        api.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "settings"}})
        here, gone, odd = await cluster.rollouts(
            [
                ObjectRef("v1", "ConfigMap", namespace, "settings"),
                ObjectRef("v1", "ConfigMap", namespace, "gone"),
                ObjectRef("example.com/v1", "Widget", namespace, "odd"),
            ]
        )
        assert here.ready
        assert not gone.ready
        assert not gone.failed
        assert odd.failed

    async def test_kinds_that_keep_no_objects_have_none(
        self, cluster: KubernetesCluster, namespace: str
    ) -> None:
        reviews = ListOf("authorization.k8s.io/v1", "LocalSubjectAccessReview", namespace)
        assert await one(cluster, reviews) == FoundAll(())

    async def test_requests_are_counted_by_verb(self, cluster: KubernetesCluster, namespace: str) -> None:
        await cluster.ask([Read(ObjectRef("v1", "Namespace", "", namespace))] * 3)
        assert cluster.requests == {"discover": 3, "get": 3}

    async def test_reading_an_object_gives_it_whole(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        answer = await one(cluster, Read(ObjectRef("v1", "Namespace", "", namespace)))
        assert answer == Found(api.call("GET", f"/api/v1/namespaces/{namespace}"))

    def keep(self, api: Api, namespace: str, name: str, revision: int, status: str) -> None:
        record = {"name": name, "namespace": namespace, "version": revision, "info": {"status": status}}
        labels = {"owner": "helm", "name": name, "version": str(revision), "status": status, "team": "shop"}
        labels |= {"purser.io/run": "run-7"} if name == "a" else {}
        api.call(
            "POST",
            f"/api/v1/namespaces/{namespace}/secrets",
            {
                "metadata": {"name": secret_name(name, revision), "labels": labels},
                "type": "helm.sh/release.v1",
                "data": {"release": packed(record)},
            },
        )
