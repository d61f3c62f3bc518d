"""What the API server fills in where a manifest describes pods."""

from typing import Any

Object = dict[str, Any]


def default(target: Object, **values: Any) -> None:
    """Sets the keys that have no value, in place."""
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def pod_spec(spec: Object) -> None:
    """Fills in the defaults of a PodSpec, in place."""
    default(
        spec,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        schedulerName="default-scheduler",
        terminationGracePeriodSeconds=30,
    )
    spec.setdefault("securityContext", {})
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        _container(container)
    for volume in spec.get("volumes", ()):
        _volume(volume)


def _container(container: Object) -> None:
    _, _, tag = str(container.get("image", "")).rpartition("/")[2].partition(":")
    pull = (
        "Always" if tag in ("", "latest") and "@" not in str(container.get("image", "")) else "IfNotPresent"
    )
    default(
        container,
        imagePullPolicy=pull,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    container.setdefault("resources", {})
    for port in container.get("ports", ()):
        default(port, protocol="TCP")
    for variable in container.get("env", ()):
        if reference := variable.get("valueFrom", {}).get("fieldRef"):
            default(reference, apiVersion="v1")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            default(
                container[probe], failureThreshold=3, periodSeconds=10, successThreshold=1, timeoutSeconds=1
            )
            _handler(container[probe])
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            _handler(hook)


def _handler(handler: Object) -> None:
    if "httpGet" in handler:
        default(handler["httpGet"], path="/", scheme="HTTP")
    if "grpc" in handler:
        default(handler["grpc"], service="")


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "projected", "downwardAPI"):
        if kind in volume:
            default(volume[kind], defaultMode=420)
    if "hostPath" in volume:
        default(volume["hostPath"], type="")
    for source in volume.get("projected", {}).get("sources", ()):
        if "serviceAccountToken" in source:
            default(source["serviceAccountToken"], expirationSeconds=3600)
    for item in _downward_items(volume):
        if "fieldRef" in item:
            default(item["fieldRef"], apiVersion="v1")


def _downward_items(volume: Object) -> list[Object]:
    items = list(volume.get("downwardAPI", {}).get("items", ()))
    for source in volume.get("projected", {}).get("sources", ()):
        items += source.get("downwardAPI", {}).get("items", ())
    return items
