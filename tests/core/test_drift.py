"""Drift is what Helm wrote and does not own any more; everything else is somebody's own affair."""

from typing import Any

import pytest

from bot.core.drift.fields import Drifted, alike, as_kept, drifted, pointer_to

MAIN = 'k:{"name":"main"}'


def entry(manager: str, fields: Any) -> Any:
    return {"manager": manager, "apiVersion": "v1", "time": "2026-11-02T09:30:05Z", "fieldsV1": fields}


def live(*entries: Any, **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "A",
        "metadata": {"name": "x", "managedFields": list(entries)},
        **fields,
    }


def base(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "A", "metadata": {"name": "x"}, **fields}


def test_a_changed_value_names_its_writer_and_time() -> None:
    state = live(
        entry("helm", {"f:data": {"f:b": {}}}),
        entry("kubectl-edit", {"f:data": {"f:a": {}}}),
        data={"a": "2", "b": "1"},
    )
    assert drifted(base(data={"a": "1", "b": "1"}), state) == (
        Drifted(("f:data", "f:a"), gone=False, managers=("kubectl-edit",), time="2026-11-02T09:30:05Z"),
    )


def test_the_last_key_of_a_map_leaves_its_container_behind() -> None:
    state = live(entry("helm", {"f:data": {}}), entry("me", {"f:data": {"f:a": {}}}), data={"a": "2"})
    assert [one.managers for one in drifted(base(data={"a": "1"}), state)] == [("me",)]
    assert drifted(base(data={"a": "1"}), live(entry("helm", {"f:data": {}}))) == (
        Drifted(("f:data",), gone=True),
    )


def test_a_value_that_helm_still_owns_is_what_the_server_made_of_it() -> None:
    state = live(entry("helm", {"f:data": {"f:a": {}}}), data={"a": "rewritten by a webhook"})
    assert drifted(base(data={"a": "1"}), state) == ()


def test_an_object_that_does_not_say_what_helm_wrote_has_no_drift() -> None:
    assert drifted(base(data={"a": "1"}), live(data={"a": "2"})) == ()
    assert drifted(base(data={"a": "1"}), live(entry("me", {"f:data": {"f:a": {}}}), data={"a": "2"})) == ()


def test_helm_is_whoever_wrote_the_name_of_the_release() -> None:
    mark: Any = {"f:metadata": {"f:annotations": {"f:meta.helm.sh/release-name": {}}}}
    state = live(entry("terraform", mark), entry("me", {"f:data": {"f:a": {}}}), data={"a": "2"})
    assert [one.managers for one in drifted(base(data={"a": "1"}), state)] == [("me",)]


def test_a_state_in_another_version_is_not_judged() -> None:
    state = live(entry("helm", {"f:data": {"f:b": {}}}), data={"a": "2"})
    assert drifted({**base(data={"a": "1"}), "apiVersion": "v1beta1"}, state) == ()


def test_entries_of_lists_are_found_by_their_keys() -> None:
    fields: Any = {"f:spec": {"f:containers": {MAIN: {".": {}, "f:name": {}}}}}
    other: Any = {
        "f:spec": {"f:containers": {'k:{"name":"side"}': {".": {}, "f:name": {}}, MAIN: {"f:image": {}}}}
    }
    state = live(
        entry("helm", fields),
        entry("me", other),
        spec={"containers": [{"name": "side"}, {"name": "main", "image": "x:2"}]},
    )
    wanted = base(spec={"containers": [{"name": "main", "image": "x:1", "env": [{"name": "A"}]}]})
    changed, gone = drifted(wanted, state)
    assert changed.steps == ("f:spec", "f:containers", MAIN, "f:image")
    assert pointer_to(state, changed.steps) == "/spec/containers/1/image"
    assert (gone.steps[-1], gone.gone) == ("f:env", True)


def test_a_removed_entry_and_a_removed_member_are_named_by_where_they_stood() -> None:
    fields: Any = {"f:spec": {"f:containers": {MAIN: {".": {}, "f:name": {}}}, "f:modes": {'v:"a"': {}}}}
    state = live(entry("helm", fields), spec={"containers": [{"name": "main"}], "modes": ["a"]})
    wanted = base(spec={"containers": [{"name": "side"}, {"name": "main"}], "modes": ["a", "b"]})
    assert [pointer_to(wanted, one.steps) for one in drifted(wanted, state)] == [
        "/spec/containers/0",
        "/spec/modes/1",
    ]


def test_a_left_out_protocol_is_tcp() -> None:
    udp, tcp = (f'k:{{"port":53,"protocol":"{name}"}}' for name in ("UDP", "TCP"))
    fields: Any = {"f:spec": {"f:ports": {udp: {".": {}, "f:port": {}}, tcp: {".": {}, "f:port": {}}}}}
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    assert (
        drifted(base(spec={"ports": [{"port": 53}]}), live(entry("helm", fields), spec={"ports": ports}))
        == ()
    )


def test_atomic_lists_are_one_field() -> None:
    state = live(
        entry("helm", {"f:spec": {"f:x": {}}}),
        entry("me", {"f:spec": {"f:args": {}}}),
        spec={"args": ["b"], "x": 1},
    )
    (one,) = drifted(base(spec={"args": ["a"], "x": 1}), state)
    assert (one.steps, one.managers) == (("f:spec", "f:args"), ("me",))


def test_string_data_is_looked_for_as_data() -> None:
    secret = {**base(stringData={"a": "x"}, data={"b": "eQ=="}), "kind": "Secret"}
    assert as_kept(secret)["data"] == {"a": "eA==", "b": "eQ=="}


@pytest.mark.parametrize(
    ("applied", "kept", "expected"),
    [
        ("1000m", "1", True),
        (1, "1", True),
        ("1Gi", "1024Mi", True),
        ("1G", "1Gi", False),
        (True, 1, False),
        ({"a": None}, {}, True),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        (["a"], ["a", "b"], False),
        ("a", "b", False),
    ],
)
def test_values_are_compared_as_the_server_keeps_them(applied: Any, kept: Any, expected: bool) -> None:
    assert alike(applied, kept) is expected
