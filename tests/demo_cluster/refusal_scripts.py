"""Conversations in which the server refuses."""

from tests.demo_cluster.conversations import (
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
    binding,
    claim,
    config_map,
    containers,
    deployment,
    job,
    secret,
    service,
    stateful_set,
    without,
)

REFUSING = (
    Conversation(
        "unknown fields",
        (
            apply(config_map({"a": "1"}, unknown=1)),
            apply(deployment(replica=1)),
            apply(deployment(replica=1, other=2)),
            create(deployment(replica=1), "&fieldValidation=Strict"),
            create(deployment(replica=1), "&fieldValidation=Warn&dryRun=All"),
            create(config_map({}, metadata={"name": "c", "label": {}}), "&fieldValidation=Strict"),
        ),
    ),
    Conversation(
        "wrong types and duplicate keys",
        (
            apply(config_map({"a": 1})),
            create(config_map({"a": 1})),
            create(deployment(replicas="1")),
            apply(deployment(replicas="1")),
            apply(containers(PLAIN, A, A)),
            apply(containers(PLAIN, A | {"env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]})),
            apply(containers(PLAIN, B | {"ports": [{"containerPort": 80}, {"containerPort": 80}]})),
            apply(containers(PLAIN, A | {"env": [{"name": "X", "value": 1}, {"name": "Y", "value": True}]})),
        ),
    ),
    Conversation(
        "missing and invalid",
        (
            apply(without(PLAIN, "spec", "selector")),
            apply(without(PLAIN, "spec", "template")),
            apply(deployment(selector={"matchLabels": {"app": "other"}})),
            apply(containers(PLAIN)),
            apply(containers(PLAIN, {"name": "a"})),
            apply(containers(PLAIN, {"image": "a"})),
            apply(containers(PLAIN, A | {"imagePullPolicy": "Sometimes"})),
            apply(containers(PLAIN, A | {"resources": {"limits": {"cpu": "lots"}}})),
            apply(containers(PLAIN, A | {"volumeMounts": [{"name": "gone", "mountPath": "/x"}]})),
            apply(deployment(replicas=-1)),
            apply(service(ports=[])),
            apply(service(ports=[{"port": 80}, {"port": 81}])),
            apply(service(type="Wrong")),
            create(config_map({}, metadata={"name": "Not_A_Name"})),
            create(config_map({}, metadata={})),
            apply(deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}})),
        ),
    ),
    Conversation(
        "fields that may not change",
        (
            apply(PLAIN),
            apply(
                deployment(
                    selector={"matchLabels": {"app": "e"}},
                    template={"metadata": {"labels": {"app": "e"}}, "spec": {"containers": [A]}},
                )
            ),
            apply(deployment(strategy={"type": "Recreate"})),
            apply(stateful_set()),
            apply(stateful_set(serviceName="other")),
            apply(stateful_set(replicas=3)),
            apply(service()),
            apply(service(clusterIP="10.96.77.77")),
            apply(service(clusterIP="None")),
            apply(job("j:1")),
            apply(job("j:2")),
            apply(claim()),
            apply(claim(mode="ReadWriteMany")),
            apply(claim(size="2Gi")),
            apply(secret(stringData={"a": "1"}, immutable=True)),
            apply(secret(stringData={"a": "2"}, immutable=True)),
            apply(secret(type="kubernetes.io/basic-auth", stringData={"username": "1"}, immutable=True)),
            apply(config_map({"a": "1"}, immutable=True)),
            apply(config_map({"a": "2"}, immutable=True)),
            apply(config_map({"a": "1"})),
            apply(binding("one")),
            apply(binding("two")),
        ),
    ),
    Conversation(
        "what is not there",
        (
            get(config_map({})),
            delete(config_map({})),
            patch(config_map({}), {"data": {"a": "1"}}),
            Step(
                "PATCH",
                "/api/v1/namespaces/nowhere/configmaps/c",
                config_map({"a": "1"}),
                "application/apply-patch+yaml",
                "fieldManager=helm",
            ),
            Step("POST", "/api/v1/namespaces/nowhere/configmaps", config_map({"a": "1"})),
            Step("GET", "/api/v1/namespaces/nowhere/configmaps/c"),
            Step("GET", "/api/v1/namespaces/nowhere"),
        ),
    ),
    Conversation(
        "versions that are out of date",
        (
            create(config_map({"a": "1"})),
            create(config_map({"a": "1"})),
            Step(
                "PUT",
                "/api/v1/namespaces/{ns}/configmaps/c",
                config_map({"a": "2"}, metadata={"name": "c", "resourceVersion": "1"}),
            ),
            Step(
                "PUT",
                "/api/v1/namespaces/{ns}/configmaps/c",
                config_map({"a": "2"}),
                query="fieldManager=putter",
            ),
            patch(config_map({}), {"metadata": {"resourceVersion": "1"}}),
            Step(
                "DELETE", "/api/v1/namespaces/{ns}/configmaps/c", {"preconditions": {"resourceVersion": "1"}}
            ),
            Step("DELETE", "/api/v1/namespaces/{ns}/configmaps/c", {"preconditions": {"uid": "x"}}),
            get(config_map({})),
        ),
    ),
)
