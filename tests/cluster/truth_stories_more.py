"""Changes beyond plain objects: hooks, kept and deleted objects, secrets, random values, namespaces, CRDs."""

from tests.cluster.truth_bench import Story
from tests.cluster.truth_stories import MAPS, config, delete, deployment, files, patch, service

KEEP = "annotations: {helm.sh/resource-policy: keep}"


def noted(name: str, annotations: str, data: str = "a: '1'") -> str:
    return config(name, data, annotations="{" + annotations + "}")


def hook(name: str, events: str, more: str = "", data: str = "a: '1'") -> str:
    return noted(name, f"helm.sh/hook: '{events}'{more}", data)


SUCCEEDED = ", helm.sh/hook-delete-policy: hook-succeeded"
BOTH = ", helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'"
FAILED_ONLY = ", helm.sh/hook-delete-policy: hook-failed"


# Without completions a job is complete at once: there are no nodes to run anything.
JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: j, annotations: {helm.sh/hook: 'pre-install,pre-upgrade'}}
spec:
  completions: 0
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "i:%s"}]}}
"""


def secret(name: str = "s", data: str = "stringData: {password: hunter22}") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\n{data}\n"


RANDOM = secret(data="stringData: {password: '{{ randAlphaNum 20 }}', user: admin}")


def crd(extra: str = "", kind: str = "Thing", scope: str = "Namespaced") -> str:
    plural = kind.lower() + "s"
    return f"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{{ns}}.truth}}
spec:
  group: "{{ns}}.truth"
  names: {{kind: {kind}, plural: {plural}, singular: {kind.lower()}, listKind: {kind}List}}
  scope: {scope}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {{type: object, properties: {{size: {{type: integer}}{extra}}}}}
"""


def thing(spec: str = "size: 1", name: str = "one") -> str:
    return f"apiVersion: '{{ns}}.truth/v1'\nkind: Thing\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


DELETIONS = [
    Story(
        "an object that says keep is kept when the chart gives it up",
        files(config(), noted("kept", "helm.sh/resource-policy: keep")),
        files(config()),
        says=("kept",),
    ),
    Story(
        "the live object says whether it is kept at an upgrade",
        files(config(), config("kept")),
        files(config()),
        touch=patch(MAPS + "/kept", {"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}}),
        says=("kept",),
    ),
    Story(
        "another value than keep does not keep at an upgrade",
        files(config(), noted("goes", "helm.sh/resource-policy: delete")),
        files(config()),
        actions={"ConfigMap/goes": "delete"},
    ),
    Story(
        "an uninstall deletes what the manifest has",
        files(config(), deployment(), service()),
        None,
        actions={"Deployment/web": "delete", "Service/web": "delete"},
    ),
    Story(
        "an uninstall keeps what the manifest marks, with any value",
        files(config(), noted("kept", "helm.sh/resource-policy: delete")),
        None,
        says=("kept",),
    ),
    Story(
        "an uninstall does not look at the live object's mark",
        files(config(), config("goes")),
        None,
        touch=patch(MAPS + "/goes", {"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}}),
        actions={"ConfigMap/goes": "delete"},
    ),
    Story(
        "an uninstall of what is gone already", files(config(), config("b")), None, touch=delete(MAPS + "/b")
    ),
    Story("uninstalling what is not installed is nothing", None, None, action="none"),
    Story(
        "an object that becomes another version of its kind stays",
        files(
            "apiVersion: autoscaling/v1\n"
            + (
                hpa := """kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 2}
"""
            )
        ),
        files("apiVersion: autoscaling/v2\n" + hpa.replace("maxReplicas: 2", "maxReplicas: 3")),
        actions={"HorizontalPodAutoscaler/web": "update"},
    ),
]

HOOKS = [
    Story("a hook at the install is created", None, files(config(), hook("h", "pre-install"))),
    Story("a hook of another event does not run", None, files(config(), hook("h", "pre-upgrade"))),
    Story("test hooks never run", None, files(config(), hook("h", "test"))),
    Story(
        "a hook that removes itself leaves nothing",
        None,
        files(config(), hook("h", "post-install", SUCCEEDED)),
    ),
    Story(
        "a hook at the upgrade replaces the old one",
        files(config(), hook("h", "pre-install,pre-upgrade")),
        files(config(), hook("h", "pre-install,pre-upgrade", data="b: '2'")),
        actions={"ConfigMap/h": "replace"},
    ),
    Story(
        "a job at the upgrade replaces the old one, with labels of its own",
        files(config(), JOB % "1"),
        files(config(), JOB % "2"),
        actions={"Job/j": "replace"},
    ),
    Story(
        "a hook that removes itself and stood before",
        files(config(), hook("h", "pre-install")),
        files(config(), hook("h", "post-upgrade", BOTH)),
        actions={"ConfigMap/h": "delete"},
    ),
    Story(
        "without before-hook-creation Helm applies over the old hook",
        files(config(), hook("h", "pre-install", FAILED_ONLY)),
        files(config(), hook("h", "pre-upgrade", FAILED_ONLY, data="b: '2'")),
        actions={"ConfigMap/h": "update"},
    ),
    Story(
        "a hook left out stays behind",
        files(config(), hook("h", "pre-install")),
        files(config(data="b: '2'")),
    ),
    Story(
        "an object that becomes a hook before the upgrade ends deleted",
        files(config(), config("h")),
        files(config(), hook("h", "pre-upgrade")),
        says=("hook-deleted",),
        actions={"ConfigMap/h": "delete"},
    ),
    Story(
        "an object that becomes a hook after the upgrade is made anew",
        files(config(), config("h")),
        files(config(), hook("h", "post-upgrade", data="c: '3'")),
        actions={"ConfigMap/h": "replace"},
    ),
    Story(
        "a hook that becomes an object fails",
        files(config(), hook("h", "pre-install")),
        files(config(), config("h")),
        fails="adoption",
    ),
    Story(
        "hooks of an uninstall",
        files(config(), hook("h", "pre-delete"), hook("i", "post-delete", SUCCEEDED)),
        None,
    ),
    Story(
        "a hook that the API server refuses",
        files(config()),
        files(config(), hook("h", "pre-upgrade").replace("\ndata:", "\ndataa:")),
        fails="unknown-field",
    ),
]
