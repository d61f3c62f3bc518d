"""Changes of plain objects: created, changed, deleted, touched by hand."""

from typing import Any

from tests.cluster.api import Api
from tests.cluster.truth_bench import Files, Story


def config(name: str = "web", data: str = "a: '1'", **more: str) -> str:
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
    extra = "".join(f"  {key}: {value}\n" for key, value in more.items())
    return f"{head}{extra}data:\n  {data}\n"


def deployment(
    name: str = "web",
    *,
    image: str = "nginx:1.27",
    replicas: str = "replicas: 0",
    more: str = "",
    pod: str = "",
) -> str:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
{more}  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
{pod}      containers:
        - name: main
          image: {image}
"""


def service(ports: str = "[{port: 80}]", more: str = "") -> str:
    return (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        f"spec:\n  selector: {{app: web}}\n  ports: {ports}\n{more}"
    )


def files(*manifests: str) -> Files:
    return {"all.yaml": "\n---\n".join(manifests)}


def patch(path: str, body: Any, manager: str = "kubectl-edit") -> Any:
    def touch(api: Api, namespace: str) -> None:
        place = path.replace("{ns}", namespace)
        api.call(
            "PATCH", f"{place}?fieldManager={manager}", body, content_type="application/merge-patch+json"
        )

    return touch


def delete(path: str) -> Any:
    def touch(api: Api, namespace: str) -> None:
        api.call("DELETE", path.replace("{ns}", namespace))

    return touch


def post(path: str, body: Any) -> Any:
    def touch(api: Api, namespace: str) -> None:
        api.call("POST", path.replace("{ns}", namespace), body)

    return touch


MAPS = "/api/v1/namespaces/{ns}/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{ns}/deployments"

STORIES = [
    Story("a first install creates everything", None, files(config(), deployment(), service())),
    Story("a changed value is one changed field", files(config()), files(config(data="a: '2'"))),
    Story(
        "a new key, a lost key and a changed one",
        files(config(data="{a: '1', b: '1'}")),
        files(config(data="{a: '2', c: '1'}")),
    ),
    Story(
        "an object that the new chart lacks is deleted",
        files(config(), config("old")),
        files(config()),
        actions={"ConfigMap/old": "delete"},
    ),
    Story(
        "an object to be deleted that is gone already is nothing",
        files(config(), config("old")),
        files(config(data="b: '1'")),
        touch=delete(MAPS + "/old"),
    ),
    Story(
        "an object that was deleted by hand comes back",
        files(config(), config("other")),
        files(config(data="b: '1'"), config("other")),
        touch=delete(MAPS + "/other"),
        actions={"ConfigMap/other": "create"},
    ),
    Story(
        "a key deleted by hand comes back",
        files(config(data="{a: '1', b: '1'}"), config("v")),
        files(config(data="{a: '1', b: '1'}"), config("v", "x: z1")),
        touch=patch(MAPS + "/web", {"data": {"b": None}}),
        actions={"ConfigMap/web": "update"},
    ),
    Story(
        "a key added by hand stays",
        files(config()),
        files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"mine": "1"}}),
    ),
    Story(
        "a field of the release changed by hand fails the upgrade",
        files(config()),
        files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"a": "by hand"}}),
        fails="conflict",
    ),
    Story(
        "with force_conflicts the field is taken back",
        files(config()),
        files(config(data="a: '2'")),
        touch=patch(MAPS + "/web", {"data": {"a": "by hand"}}),
        options={"force_conflicts": True},
        says=("conflict-forced",),
    ),
    Story(
        "scaling by hand fails the upgrade that sets replicas",
        files(deployment()),
        files(deployment(image="nginx:1.28")),
        touch=patch(DEPLOYMENTS + "/web/scale", {"spec": {"replicas": 1}}, "kubectl"),
        fails="conflict",
    ),
    Story(
        "an autoscaler's replicas stay where the chart says none",
        files(deployment(replicas="minReadySeconds: 1")),
        files(deployment(replicas="minReadySeconds: 2")),
        touch=patch(DEPLOYMENTS + "/web/scale", {"spec": {"replicas": 0}}, "kube-controller-manager"),
    ),
    Story(
        "a field given up returns to its default",
        files(deployment(replicas="replicas: 0", more="  revisionHistoryLimit: 3\n")),
        files(deployment(replicas="replicas: 0")),
    ),
    Story(
        "quantities and defaults written otherwise are no changes",
        files(deployment(pod="      terminationGracePeriodSeconds: 30\n"), config("v")),
        files(deployment(pod="      restartPolicy: Always\n"), config("v", "z: '1'")),
        actions={"Deployment/web": "unchanged"},
    ),
    Story(
        "the same resources in other units are no change",
        files(deployment() + "          resources: {limits: {cpu: 1000m, memory: 1024Mi}}\n", config("v")),
        files(deployment() + "          resources: {limits: {cpu: 1, memory: 1Gi}}\n", config("v", "z: '1'")),
    ),
    Story(
        "a selector cannot be changed",
        files(deployment()),
        files(deployment().replace("app: web", "app: other")),
        fails="immutable-field",
    ),
    Story(
        "an unknown field is refused",
        files(deployment()),
        files(deployment(more="  replicaCount: 1\n")),
        fails="unknown-field",
    ),
    Story(
        "an invalid name is refused",
        files(config()),
        files(config(), config("Not_Valid")),
        fails="invalid-object",
    ),
    Story(
        "two list entries of one key are refused",
        files(deployment()),
        files(deployment() + "          env: [{name: A, value: b}, {name: A, value: c}]\n"),
        fails="invalid-object",
    ),
    Story(
        "an existing object of nobody is not adopted",
        files(config("first")),
        files(config("first"), config("taken")),
        touch=post(MAPS, {"metadata": {"name": "taken"}}),
        fails="adoption",
    ),
    Story(
        "an install does not adopt either",
        None,
        files(config("taken")),
        touch=post(MAPS, {"metadata": {"name": "taken"}}),
        fails="adoption",
    ),
    Story(
        "an existing object of nobody is taken over",
        files(config("first")),
        files(config("first"), config("taken", "b: '2'")),
        touch=post(MAPS, {"metadata": {"name": "taken"}, "data": {"mine": "1"}}),
        options={"take_ownership": True},
        says=("adoption",),
    ),
    Story(
        "an install takes over too",
        None,
        files(config("taken", "b: '2'")),
        touch=post(MAPS, {"metadata": {"name": "taken"}, "data": {"mine": "1"}}),
        options={"take_ownership": True},
        says=("adoption",),
    ),
    Story(
        "an object with the release's marks is adopted",
        files(config("first")),
        files(config("first"), config("taken")),
        touch=lambda api, ns: post(
            MAPS,
            {
                "metadata": {
                    "name": "taken",
                    "labels": {"app.kubernetes.io/managed-by": "Helm"},
                    "annotations": {
                        "meta.helm.sh/release-name": "app",
                        "meta.helm.sh/release-namespace": ns,
                    },
                }
            },
        )(api, ns),
        actions={"ConfigMap/taken": "update"},
    ),
    Story("another chart version alone changes no object", files(config()), files(config())),
    Story(
        "the same again is no release at all",
        files(config()),
        files(config()),
        version="1.0.0",
        action="none",
    ),
    Story(
        "an unknown kind is refused",
        files(config()),
        files(config(), "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n"),
        fails="unknown-kind",
    ),
    Story(
        "a removed API is refused",
        files(config()),
        files(config(), "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: x}\n"),
        fails="unknown-kind",
    ),
    Story(
        "a namespace that is missing is an error",
        files(config()),
        files(config(), config("other", namespace="{ns}-missing")),
        fails="namespace-missing",
    ),
    Story(
        "a service's ports are compared by number and protocol",
        files(service("[{name: a, port: 80}, {name: b, port: 81}]")),
        files(service("[{name: c, port: 82}, {name: a, port: 80, targetPort: 8080}]")),
    ),
    Story(
        "a service that becomes public gets a port from the server",
        files(service()),
        files(service(more="  type: NodePort\n")),
    ),
    Story(
        "a container and its environment",
        files(deployment() + "          env: [{name: A, value: '1'}, {name: B, value: '1'}]\n"),
        files(
            deployment()
            + "          env: [{name: B, value: '2'}, {name: C, value: '1'}]\n"
            + "        - {name: side, image: x:1}\n"
        ),
    ),
]
