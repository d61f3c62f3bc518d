"""The conversations that the simulated API server and the real one must answer alike."""

from tests.demo_cluster.conversations import (
    JSON_PATCH,
    STRATEGIC,
    Conversation,
    Step,
    apply,
    create,
    delete,
    get,
    patch,
)
from tests.demo_cluster.manifests import (
    PLAIN,
    A,
    B,
    config_map,
    containers,
    deployment,
    pods,
    secret,
    service,
    without,
)

DRY = "&dryRun=All"

APPLYING = (
    Conversation(
        "applying the same twice changes nothing",
        (
            apply(config_map({"a": "1"})),
            apply(config_map({"a": "1"})),
            apply(config_map({"a": "1"}), query=DRY),
            get(config_map({})),
        ),
    ),
    Conversation(
        "a dry run leaves nothing",
        (
            apply(config_map({"a": "1"}), query=DRY),
            get(config_map({})),
            create(config_map({"a": "1"}), query=DRY),
            get(config_map({})),
            apply(config_map({"a": "1"})),
            apply(config_map({"a": "2"}), query=DRY),
            patch(config_map({}), {"data": {"a": "3"}}, query=DRY),
            delete(config_map({}), "dryRun=All"),
            get(config_map({})),
        ),
    ),
    Conversation(
        "a field given up goes",
        (
            apply(config_map({"a": "1", "b": "2"})),
            apply(config_map({"a": "1"})),
            apply(without(config_map({}), "data")),
            get(config_map({})),
        ),
    ),
    Conversation(
        "a field given up stays where another manager holds it",
        (
            apply(config_map({"a": "1", "b": "2"})),
            apply(config_map({"b": "2", "c": "3"}), "other"),
            apply(config_map({"a": "1"})),
            get(config_map({})),
        ),
    ),
    Conversation(
        "what others changed conflicts",
        (
            apply(config_map({"a": "1", "b": "2", "c": "3"})),
            patch(config_map({}), {"data": {"a": "hand"}}),
            apply(config_map({"a": "1", "b": "2", "c": "3"})),
            patch(config_map({}), {"data": {"b": "hand"}}),
            apply(config_map({"a": "1", "b": "2", "c": "3"}), query=DRY),
            apply(config_map({"c": "4"}), "third"),
            apply(config_map({"a": "1", "b": "2", "c": "3"}), query="&force=true"),
            Step(
                "PATCH",
                "/api/v1/namespaces/{ns}/configmaps/c",
                config_map({"a": "1", "b": "2", "c": "3"}),
                "application/apply-patch+yaml",
                "fieldManager=helm&force=true",
            ),
            get(config_map({})),
        ),
    ),
    Conversation(
        "containers, variables and ports merge by their keys",
        (
            apply(PLAIN),
            apply(containers(PLAIN, B, A)),
            apply(containers(PLAIN, A | {"image": "a:2"}, {"name": "c", "image": "c"}), query=DRY),
            patch(
                PLAIN,
                {"spec": {"template": {"spec": {"containers": [{"name": "x", "image": "x:1"}]}}}},
                STRATEGIC,
            ),
            apply(PLAIN),
            apply(containers(PLAIN, A | {"env": [{"name": "Y", "value": "3"}]}, B | {"ports": []})),
            get(PLAIN),
        ),
    ),
    Conversation(
        "scaling by hand conflicts",
        (
            apply(PLAIN),
            Step(
                "PATCH",
                "/apis/apps/v1/namespaces/{ns}/deployments/d/scale",
                {"spec": {"replicas": 5}},
                "application/merge-patch+json",
                "fieldManager=kubectl-scale",
            ),
            apply(PLAIN, query=DRY),
            apply(without(PLAIN, "spec", "replicas"), query=DRY),
        ),
    ),
    Conversation(
        "quantities and left out defaults are no change",
        (
            apply(containers(PLAIN, A | {"resources": {"limits": {"cpu": "1000m", "memory": "0.5Gi"}}})),
            apply(containers(PLAIN, A | {"resources": {"limits": {"cpu": 1, "memory": "512Mi"}}}), query=DRY),
            apply(
                containers(
                    PLAIN, A | {"imagePullPolicy": "IfNotPresent", "terminationMessagePolicy": "File"}
                ),
                query=DRY,
            ),
        ),
    ),
    Conversation(
        "text of a secret becomes data",
        (
            apply(secret(stringData={"a": "1", "b": "2"})),
            apply(secret(stringData={"a": "1"}), query=DRY),
            apply(secret(stringData={"a": "2"})),
            get(secret()),
        ),
    ),
    Conversation(
        "nulls",
        (
            apply(config_map({"a": "1", "b": None})),
            apply(deployment(minReadySeconds=None, paused=False)),
            apply(service(clusterIP=None)),
        ),
    ),
    Conversation(
        "services keep their address",
        (
            apply(service()),
            apply(
                service(ports=[{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}])
            ),
            apply(service(type="NodePort")),
            apply(service(), query=DRY),
            apply(service(type="ExternalName", externalName="a.example.org"), query=DRY),
        ),
    ),
)

PATCHING = (
    Conversation(
        "patches",
        (
            create(PLAIN),
            patch(PLAIN, pods({"name": "a", "image": "a:9"}), STRATEGIC),
            patch(
                PLAIN,
                {"spec": {"template": {"spec": {"containers": [{"name": "b", "$patch": "delete"}]}}}},
                STRATEGIC,
            ),
            patch(PLAIN, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, STRATEGIC),
            patch(PLAIN, {"metadata": {"labels": {"app": None, "b": "c"}}}),
            patch(PLAIN, [{"op": "replace", "path": "/spec/replicas", "value": 2}], JSON_PATCH),
            patch(PLAIN, [{"op": "remove", "path": "/spec/nothing"}], JSON_PATCH),
            patch(PLAIN, [{"op": "test", "path": "/spec/replicas", "value": 9}], JSON_PATCH),
            patch(PLAIN, {"spec": {"unknown": 1}}, query="&fieldValidation=Strict"),
            get(PLAIN),
        ),
    ),
)
