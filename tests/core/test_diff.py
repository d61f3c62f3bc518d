"""Differences as JSON Pointers, lists by the API server's keys."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.diff import changes, comparable, differences, same
from bot.core.planned import Change
from bot.core.pointer import resolve, steps

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab~/", max_size=2)
named = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcde"), "v": scalars}), unique_by=lambda i: i["name"]
)
documents = st.dictionaries(
    st.sampled_from(["a", "b~", "c/d", "env", "args", "finalizers"]),
    st.recursive(
        scalars | named | st.lists(st.sampled_from(["x", "y", "z"]), unique=True),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
        max_leaves=8,
    ),
)


def replay(before: Any, made: tuple[Change, ...]) -> Any:
    result = copy.deepcopy(before)
    for change in reversed([c for c in made if c.op == "remove"]):
        parent, last = _parent(result, change.path)
        del parent[int(last) if isinstance(parent, list) else last]
    for change in [c for c in made if c.op != "remove"]:
        value = copy.deepcopy(change.after)
        parent, last = _parent(result, change.path)
        if isinstance(parent, list) and change.op == "add":
            parent.insert(int(last), value)
        else:
            parent[int(last) if isinstance(parent, list) else last] = value
    return result


def _parent(document: Any, path: str) -> tuple[Any, str]:
    return resolve(document, path.rpartition("/")[0]), steps(path)[-1]


@given(documents, documents)
def test_changes_turn_the_one_state_into_the_other(before: Any, after: Any) -> None:
    assert same(replay(before, changes(before, after)), after)


@given(documents)
def test_nothing_changed_is_no_change(state: Any) -> None:
    assert changes(state, copy.deepcopy(state)) == ()


def test_containers_are_compared_by_name_and_environment_by_variable() -> None:
    before = {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]}
    after = {"containers": [{"name": "new"}, {"name": "a", "env": [{"name": "X", "value": "2"}]}]}
    assert changes(before, after) == (
        Change("/containers/1", "remove", {"name": "b"}, None),
        Change("/containers/0", "add", None, {"name": "new"}),
        Change("/containers/1/env/0/value", "replace", "1", "2"),
    )


def test_the_same_port_number_twice_is_told_apart_by_its_protocol() -> None:
    before = {"ports": [{"containerPort": 53, "protocol": "UDP"}]}
    after = {"ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "name": "tcp"}]}
    assert [(c.op, c.path) for c in changes(before, after)] == [("add", "/ports/1")]


def test_a_new_order_is_a_change_of_the_list() -> None:
    before = {"initContainers": [{"name": "a"}, {"name": "b"}]}
    after = {"initContainers": [{"name": "b"}, {"name": "a"}]}
    assert [(c.op, c.path) for c in changes(before, after)] == [("replace", "/initContainers")]


def test_atomic_lists_are_replaced_whole_and_sets_by_member() -> None:
    before = {"args": ["a", "b"], "finalizers": ["x", "y"], "tolerations": [{"key": "a"}]}
    after = {"args": ["a", "c"], "finalizers": ["y", "z"], "tolerations": [{"key": "b"}]}
    assert [(c.op, c.path) for c in changes(before, after)] == [
        ("replace", "/args"),
        ("remove", "/finalizers/0"),
        ("add", "/finalizers/1"),
        ("replace", "/tolerations"),
    ]


def test_true_is_not_one_and_a_changed_type_is_a_change() -> None:
    assert [c.path for c in changes({"a": True, "b": 1}, {"a": 1, "b": "1"})] == ["/a", "/b"]


def test_keys_are_escaped_as_json_pointers_want_it() -> None:
    assert changes({}, {"a/b~c": 1})[0].path == "/a~1b~0c"


def test_status_and_the_servers_bookkeeping_are_not_compared() -> None:
    live = {"kind": "A", "status": {}, "metadata": {"name": "a", "uid": "1", "managedFields": []}}
    assert comparable(live) == {"kind": "A", "metadata": {"name": "a"}}


KNOWN: Any = {
    "f:spec": {
        "f:rules": {'k:{"id":1}': {".": {}, "f:id": {}, "f:tags": {'v:"x"': {}}}},
        "f:steps": {},
        "f:ports": {'k:{"port":53,"protocol":"UDP"}': {"f:port": {}}},
    }
}


def found(before: Any, after: Any) -> list[tuple[str, str]]:
    return [(one.op, one.path) for one in differences({"spec": before}, {"spec": after}, KNOWN)]


def test_the_api_servers_own_keys_tell_entries_apart_whatever_they_are_called() -> None:
    before = {"rules": [{"id": 1, "tags": ["x", "y"]}, {"id": 2}]}
    after = {"rules": [{"id": 3}, {"id": 1, "tags": ["x", "z"]}]}
    assert found(before, after) == [
        ("remove", "/spec/rules/1"),
        ("add", "/spec/rules/0"),
        ("remove", "/spec/rules/0/tags/1"),
        ("add", "/spec/rules/1/tags/1"),
    ]


def test_what_the_api_server_owns_as_a_whole_is_one_change_although_its_entries_have_names() -> None:
    before, after = ({"steps": [{"name": "a", "run": n}]} for n in ("1", "2"))
    assert found(before, after) == [("replace", "/spec/steps")]


def test_a_list_that_the_api_server_says_nothing_of_goes_by_the_table() -> None:
    before, after = ({"volumes": [{"name": "a", "x": n}]} for n in (1, 2))
    assert found(before, after) == [("replace", "/spec/volumes/0/x")]
