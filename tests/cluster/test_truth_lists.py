"""Lists are told apart as the API server does it: of custom resources by their CRD's own keys."""

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from tests.cluster.test_truth_objects import bench, renderer
from tests.cluster.truth_bench import Bench, Story, tell
from tests.cluster.truth_stories import deployment, files, service
from tests.cluster.truth_stories_client_side import CLIENT
from tests.cluster.truth_stories_more import crd, thing

__all__ = ["bench", "renderer"]

ENTRY = "{type: object, required: [name], properties: {id: {type: integer}, name: {type: string}}}"
LISTS = f""", rules: {{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name], items:
 {ENTRY}}}, ids: {{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items:
 {ENTRY.replace("[name]", "[id]")}}}, steps: {{type: array, items: {ENTRY}}},
 tags: {{type: array, x-kubernetes-list-type: set, items: {{type: string}}}}"""
CRDS = {"crds/thing.yaml": crd(LISTS.replace("\n", ""))}
ONE, TWO, OTHER = "{id: 1, name: a}", "{id: 2, name: b}", "{id: 9, name: a}"
SPEC = "/spec"
CONTAINER = "/spec/template/spec/containers/0"

CASES = [
    (f"rules: [{ONE}]", f"rules: [{TWO}, {ONE}]", {("add", f"{SPEC}/rules/0")}),
    (f"rules: [{ONE}, {TWO}]", f"rules: [{OTHER}, {TWO}]", {("replace", f"{SPEC}/rules/0/id")}),
    (f"ids: [{ONE}]", f"ids: [{OTHER}]", {("remove", f"{SPEC}/ids/0"), ("add", f"{SPEC}/ids/0")}),
    (f"steps: [{ONE}]", f"steps: [{OTHER}]", {("replace", f"{SPEC}/steps")}),
    (f"steps: [{ONE}, {TWO}]", f"steps: [{TWO}, {ONE}]", {("replace", f"{SPEC}/steps")}),
    ("tags: [a, b]", "tags: [b, c]", {("remove", f"{SPEC}/tags/0"), ("add", f"{SPEC}/tags/1")}),
]
BUILT_IN = [
    (
        deployment() + "          args: [a, b]\n",
        deployment() + "          args: [b, a]\n",
        {("replace", f"{CONTAINER}/args")},
    ),
    (
        deployment() + "          env: [{name: A, value: '1'}, {name: B, value: '1'}]\n",
        deployment() + "          env: [{name: B, value: '1'}, {name: A, value: '1'}]\n",
        {("replace", f"{CONTAINER}/env")},
    ),
    (
        deployment() + "          ports: [{containerPort: 53, protocol: UDP, name: u}]\n",
        deployment()
        + "          ports: [{containerPort: 53, protocol: UDP, name: u}, {containerPort: 53, name: t}]\n",
        {("add", f"{CONTAINER}/ports/1")},
    ),
    (
        deployment(pod="      tolerations: [{key: a}, {key: b}]\n"),
        deployment(pod="      tolerations: [{key: a}, {key: c}]\n"),
        {("replace", "/spec/template/spec/tolerations")},
    ),
    (
        service("[{name: a, port: 80}, {name: b, port: 81}]"),
        service("[{name: a, port: 80}, {name: c, port: 81}]"),
        {("replace", "/spec/ports/1/name")},
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
async def test_a_custom_resources_lists(
    bench: Bench, renderer: SdkRenderer, before: str, after: str, expected: set[tuple[str, str]]
) -> None:
    story = Story("lists", {**CRDS, **files(thing(before))}, {**CRDS, **files(thing(after))})
    assert await paths(bench, story, renderer) == expected


@pytest.mark.parametrize("install", [(), CLIENT], ids=["server-side", "client-side"])
@pytest.mark.parametrize(("before", "after", "expected"), BUILT_IN[:1] + BUILT_IN[3:])
async def test_a_built_in_kinds_lists(
    bench: Bench,
    renderer: SdkRenderer,
    before: str,
    after: str,
    expected: set[tuple[str, str]],
    install: tuple[str, ...],
) -> None:
    story = Story("lists", files(before), files(after), install=install)
    assert await paths(bench, story, renderer) == expected


@pytest.mark.parametrize(("before", "after", "expected"), BUILT_IN[1:3])
async def test_lists_by_keys_in_order(
    bench: Bench, renderer: SdkRenderer, before: str, after: str, expected: set[tuple[str, str]]
) -> None:
    assert await paths(bench, Story("lists", files(before), files(after)), renderer) == expected


async def paths(bench: Bench, story: Story, renderer: SdkRenderer) -> set[tuple[str, str]]:
    plan = await tell(bench, story, renderer)
    return {(change.op, change.path) for one in plan.objects for change in one.changes}
