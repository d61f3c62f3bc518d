"""The patches of client-side releases, as apimachinery's strategicpatch makes them."""

from typing import Any

import pytest

from bot.core.errors import AuthorError
from bot.core.rehearsal.strategic import MERGE, STRATEGIC, client_side_patch, doubtful_fields


def deployment(**pod: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": pod}}}


def pod_patch(old: dict[str, Any], new: dict[str, Any], live: dict[str, Any]) -> Any:
    content_type, body = client_side_patch(deployment(**old), deployment(**new), deployment(**live))
    assert content_type == STRATEGIC
    return body["spec"]["template"]["spec"] if body else {}


def test_what_others_added_is_left_alone() -> None:
    old = {"containers": [{"name": "a", "image": "x:1"}]}
    live = {"containers": [{"name": "a", "image": "x:1"}, {"name": "side"}], "dnsPolicy": "ClusterFirst"}
    assert pod_patch(old, old, live) == {"$setElementOrder/containers": [{"name": "a"}]}


def test_only_what_the_old_manifest_had_is_deleted() -> None:
    old = {"containers": [{"name": "a"}, {"name": "b"}], "nodeSelector": {"x": "y"}}
    assert pod_patch(old, {"containers": [{"name": "a"}]}, old) == {
        "$setElementOrder/containers": [{"name": "a"}],
        "containers": [{"name": "b", "$patch": "delete"}],
        "nodeSelector": None,
    }


def test_what_was_changed_by_hand_is_set_back() -> None:
    old = {"containers": [{"name": "a", "image": "x:1"}]}
    live = {"containers": [{"name": "a", "image": "x:9"}]}
    assert pod_patch(old, old, live)["containers"] == [{"image": "x:1", "name": "a"}]


def test_a_volume_that_changes_its_source_retains_only_the_new_one() -> None:
    old = {"volumes": [{"name": "v", "emptyDir": {}}]}
    new = {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}
    (entry,) = pod_patch(old, new, old)["volumes"]
    assert entry == {
        "name": "v",
        "configMap": {"name": "c"},
        "emptyDir": None,
        "$retainKeys": ["configMap", "name"],
    }


def test_two_ports_of_one_number_pair_up_from_their_ends() -> None:
    udp = {"containerPort": 53, "protocol": "UDP", "name": "udp"}
    tcp = {"containerPort": 53, "protocol": "TCP", "name": "tcp"}
    old = {"containers": [{"name": "a", "ports": [udp]}]}
    new = {"containers": [{"name": "a", "ports": [udp, tcp]}]}
    (container,) = pod_patch(old, new, old)["containers"]
    assert container["ports"] == [tcp, udp]


def test_lists_without_a_key_are_replaced_whole() -> None:
    old = {"tolerations": [{"key": "a"}]}
    assert pod_patch(old, {"tolerations": [{"key": "b"}]}, old) == {"tolerations": [{"key": "b"}]}


def test_finalizers_are_added_and_taken_out_one_by_one() -> None:
    def with_finalizers(*names: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"finalizers": list(names)}}

    _, body = client_side_patch(with_finalizers("a"), with_finalizers("b"), with_finalizers("a", "c"))
    assert body["metadata"]["finalizers"] == ["b"]
    assert body["metadata"]["$deleteFromPrimitiveList/finalizers"] == ["a"]


def test_custom_resources_are_merged_from_the_old_manifest_whatever_stands() -> None:
    def thing(**spec: Any) -> dict[str, Any]:
        return {"apiVersion": "example.com/v1", "kind": "Thing", "spec": spec}

    kind, body = client_side_patch(thing(a=1, b=[1]), thing(a=1, b=[2]), thing(a=5, b=[1], c=1))
    assert (kind, body) == (MERGE, {"spec": {"b": [2]}})


def test_an_entry_without_its_key_is_the_authors_error() -> None:
    broken = deployment(containers=[{"image": "x"}])
    with pytest.raises(AuthorError, match="containers has no name"):
        client_side_patch(broken, broken, deployment(containers=[{"name": "a"}]))


UDP = {"containerPort": 53, "protocol": "UDP"}
TCP = {"containerPort": 53, "protocol": "TCP"}
WEB = {"containerPort": 80}
A, B = {"name": "A"}, {"name": "B"}


def doubts(old: Any, new: Any, live: Any) -> list[str]:
    found = doubtful_fields(*(deployment(containers=one) for one in (old, new, live)))
    return [field.removeprefix("/spec/template/spec/containers") for field in found]


def main(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "main", **fields}]


@pytest.mark.parametrize(
    ("old", "new", "live", "expected"),
    [
        (main(ports=[UDP, TCP]), main(ports=[UDP]), main(ports=[UDP, TCP]), ["/0/ports"]),
        (main(ports=[UDP, TCP, WEB]), main(ports=[UDP, TCP]), main(ports=[UDP, TCP, WEB]), ["/0/ports"]),
        (main(ports=[UDP]), main(ports=[UDP, TCP]), main(ports=[UDP]), []),
        (main(env=[A, B]), main(env=[A]), main(), ["/0/env"]),
        (main(env=[A, B]), main(env=[A]), main(env=[A, B]), []),
        (main(env=[A]), main(env=[A, B]), main(), []),
        (main(env=[A, B]), main(env=[A]), [{"name": "other"}], ["/0"]),
        (main(env=[A]), main(env=[A]), [{"name": "other"}], []),
    ],
)
def test_what_is_not_sure_is_named(old: Any, new: Any, live: Any, expected: list[str]) -> None:
    assert doubts(old, new, live) == expected


def test_custom_resources_are_never_in_doubt() -> None:
    thing = {"apiVersion": "a/v1", "kind": "Deployment", "spec": {}}
    assert doubtful_fields(thing, thing, thing) == ()
