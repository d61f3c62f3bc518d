"""What the API server refuses, and what a failed release leaves behind."""

from typing import Any

from tests.cluster.api import Api, ApiError
from tests.cluster.truth_bench import Story
from tests.cluster.truth_stories import MAPS, config, deployment, files, post, service
from tests.cluster.truth_stories_more import secret
from tests.cluster.waiting import until

QUOTAS = "/api/v1/namespaces/{ns}/resourcequotas"
CLAIM = """apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: SIZE}}}
"""
JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: a, image: IMAGE}]}}}
"""
SET = """apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 0
  serviceName: SERVICE
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a, image: x:1}]}}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NAME}
subjects: []
"""


def quota(**hard: str) -> Any:
    def touch(api: Api, namespace: str) -> None:
        path = QUOTAS.replace("{ns}", namespace)
        names = {key.replace("_", "/"): value for key, value in hard.items()}
        api.call("POST", path, {"metadata": {"name": "few"}, "spec": {"hard": names}})
        until(lambda: "used" in api.call("GET", f"{path}/few").get("status", {}), "the quota to count")

    return touch


def policy(expression: str, operations: str = "CREATE,UPDATE,DELETE") -> Any:
    """Refuses what makes the expression false, in the test's namespace only."""

    def touch(api: Api, namespace: str) -> None:
        group = "/apis/admissionregistration.k8s.io/v1"
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": operations.split(","),
            "resources": ["configmaps"],
        }
        spec = {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": expression, "message": "house rule"}],
        }
        api.call(
            "POST", f"{group}/validatingadmissionpolicies", {"metadata": {"name": namespace}, "spec": spec}
        )
        here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        binding = {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": here},
        }
        path = f"{group}/validatingadmissionpolicybindings"
        api.call("POST", path, {"metadata": {"name": namespace}, "spec": binding})
        until(lambda: _refuses(api, namespace), "the policy to hold")

    return touch


def _refuses(api: Api, namespace: str) -> bool:
    path = MAPS.replace("{ns}", namespace) + "?dryRun=All"
    try:
        api.call("POST", path, {"metadata": {"name": "probe"}, "data": {"forbidden": "1"}})
    except ApiError as error:
        return "house rule" in str(error)
    return False


def former(namespace: str) -> Any:
    """An object as the same release made it under its former name."""
    annotations = {"meta.helm.sh/release-name": "former", "meta.helm.sh/release-namespace": namespace}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    return {"metadata": {"name": "web", "labels": labels, "annotations": annotations}}


REFUSED = [
    Story(
        "one creation over a quota",
        files(config()),
        files(config(), deployment()),
        touch=quota(**{"count_deployments.apps": "0"}),
        fails="quota",
    ),
    Story(
        "two creations that pass alone and not together",
        files(config()),
        files(config(), config("b"), config("c")),
        touch=quota(configmaps="3"),
        fails="quota",
    ),
    Story(
        "two creations within a quota",
        files(config()),
        files(config(), config("b"), config("c")),
        touch=quota(configmaps="4"),
    ),
    Story(
        "Helm's own record counts against a quota of Secrets",
        files(config()),
        files(config(), secret()),
        touch=quota(secrets="2"),
        fails="quota",
    ),
    Story(
        "a policy refuses the new object",
        files(config()),
        files(config(), config("b", "forbidden: '1'")),
        touch=policy("request.operation == 'DELETE' || !('forbidden' in object.data)"),
        fails="admission-denied",
    ),
    Story(
        "a policy refuses the deletion",
        files(config(), config("b")),
        files(config()),
        touch=policy(
            "request.operation == 'DELETE' ? oldObject.metadata.name != 'b' : !('forbidden' in object.data)"
        ),
        fails="admission-denied",
    ),
    Story(
        "a claim cannot shrink",
        files(CLAIM.replace("SIZE", "2Gi")),
        files(CLAIM.replace("SIZE", "1Gi")),
        fails="immutable-field",
    ),
    Story(
        "a job's template cannot change",
        files(JOB.replace("IMAGE", "a:1")),
        files(JOB.replace("IMAGE", "a:2")),
        fails="immutable-field",
    ),
    Story("a job is created", files(config()), files(config(), JOB.replace("IMAGE", "a:1"))),
    Story(
        "a stateful set's service name cannot change",
        files(SET.replace("SERVICE", "a")),
        files(SET.replace("SERVICE", "b")),
        fails="immutable-field",
    ),
    Story(
        "a binding's role cannot change",
        files(ROLE.replace("NAME", "view")),
        files(ROLE.replace("NAME", "edit")),
        fails="immutable-field",
    ),
    Story(
        "a wrong type is refused",
        files(deployment()),
        files(deployment(replicas="replicas: many")),
        fails="invalid-object",
    ),
    Story(
        "a value out of range is refused",
        files(service()),
        files(service("[{port: 70000}]")),
        fails="invalid-object",
    ),
    Story(
        "a renamed release meets its own objects",
        None,
        files(config("web")),
        touch=lambda api, ns: post(MAPS, former(ns))(api, ns),
        fails="adoption",
    ),
    Story(
        "an uninstall leaves the claims of a stateful set",
        files(SET.replace("SERVICE", "a")),
        None,
        touch=post(
            "/api/v1/namespaces/{ns}/persistentvolumeclaims",
            {
                "metadata": {"name": "data-db-0"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            },
        ),
        says=("left-behind", "data-deleted"),
        actions={"StatefulSet/db": "delete"},
    ),
]

FAILED = [
    Story(
        "after a failed upgrade deletions go by the last deployed revision",
        files(config(), config("old")),
        files(config(data="a: '3'")),
        failing=files(config(data="a: '2'"), config("new"), deployment(more="  nonsense: 1\n")),
        actions={"ConfigMap/old": "delete"},
    ),
    Story(
        "what a failed upgrade made and the next one has is adopted",
        files(config()),
        files(config(), config("new", "b: '2'")),
        failing=files(config(), config("new"), deployment(more="  nonsense: 1\n")),
        actions={"ConfigMap/new": "update"},
    ),
    Story(
        "after a failed first install",
        files(config(), deployment(more="  nonsense: 1\n")),
        files(config(data="a: '2'"), deployment()),
        failing_install=True,
        actions={"ConfigMap/web": "update", "Deployment/web": "create"},
    ),
    Story(
        "an uninstall after a failed upgrade goes by the newest revision",
        files(config(), config("old")),
        None,
        failing=files(config(), config("new"), deployment(more="  nonsense: 1\n")),
        actions={"ConfigMap/new": "delete"},
    ),
]
