"""The same requests to a real API server and to the simulated one: what do they answer?"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo.cluster import SimulatedCluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import missing
from tests.demo_cluster import custom_scripts, refusal_scripts, scripts
from tests.demo_cluster.conversations import PLURALS, Conversation, Step, apply, create
from tests.demo_cluster.served_apis import SERVED, described, getter
from tests.demo_cluster.talking import Talk, comparable, talk

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason="no real control plane is built; `make cluster` builds it"),
]
SPECIMENS = list(yaml.safe_load_all((Path(__file__).parent / "specimens.yaml").read_text()))
CHARTS = Path(__file__).parents[3] / "shared" / "data" / "manifests"
# Words that the simulated server does not repeat: values in Go's own notation, prose of parsers, and the
# version in which something is stored.
UNTOLD = {
    ("unknown fields", 3),  # which of two unknown fields is named is left to chance
    ("fields that may not change", 11),  # quotes a template in Go's notation
    ("fields that may not change", 13),  # shows a difference in Go's notation
    ("fields that may not change", 14),  # no claim is bound on the real server
    ("patches", 9),  # quotes the object, its version included
    ("scaling by hand conflicts", 4),  # a time of managedFields
    ("versions that are out of date", 6),  # quotes a resourceVersion
    ("defaults, merging and refusals of a custom kind", 21),  # an empty `continue`
    ("defaults, merging and refusals of a custom kind", 22),  # a storage version's hash
    ("lists", 10),  # prose of the selector's parser
    ("lists", 14),  # prose of a 415
    ("reviews", 1),  # managedFields of a review
}


@pytest.fixture(scope="module")
def real() -> Iterator[ControlPlane]:
    with ControlPlane.start() as plane:
        yield plane


@pytest.fixture
async def both(real: ControlPlane, simulated: SimulatedCluster) -> AsyncIterator[tuple[Talk, Talk]]:
    name = f"test-{secrets.token_hex(4)}"
    async with talk(real.kubeconfig, name) as one, talk(simulated.kubeconfig, name) as other:
        yield one, other


async def differences(both: tuple[Talk, Talk], steps: tuple[Step, ...]) -> dict[int, tuple[Any, Any]]:
    """Number of the step -> what the real one answers and what the simulated one does."""
    found = {}
    for number, step in enumerate(steps, 1):
        answers = [await one.say(step) for one in both]
        real, simulated = (
            (status, comparable(body, one.namespace))
            for (status, body), one in zip(answers, both, strict=True)
        )
        if real != simulated:
            found[number] = (real, simulated)
    return found


async def served(api: Talk, where: Step) -> None:
    """Waits until the server knows the path."""
    async with asyncio.timeout(20):
        while True:
            if (await api.say(where))[0] == 200:
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("manifest", SPECIMENS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
async def test_dry_runs_of_a_specimen_are_alike(both: tuple[Talk, Talk], manifest: dict[str, Any]) -> None:
    steps = apply(manifest, query="&dryRun=All"), create(manifest, "&dryRun=All")

    assert await differences(both, steps) == {}


@pytest.mark.parametrize("said", [*scripts.APPLYING, *refusal_scripts.REFUSING, *scripts.PATCHING], ids=str)
async def test_conversations_are_alike(both: tuple[Talk, Talk], said: Conversation) -> None:
    found = await differences(both, said.steps)

    assert {number: both for number, both in found.items() if (said.name, number) not in UNTOLD} == {}


@pytest.mark.parametrize("said", custom_scripts.CUSTOM, ids=str)
async def test_conversations_about_a_custom_kind_are_alike(
    both: tuple[Talk, Talk], said: Conversation
) -> None:
    where = Step("GET", f"/apis/{custom_scripts.GROUP}/v1/namespaces/{{ns}}/widgets")
    for one in both:
        await one.say(create(custom_scripts.DEFINITION))
        await served(one, where)

    found = await differences(both, said.steps)

    assert {number: both for number, both in found.items() if (said.name, number) not in UNTOLD} == {}


def test_what_is_served_is_what_the_real_one_serves(real: ControlPlane) -> None:
    assert json.loads(SERVED.read_text()) == described(getter(real.kubeconfig))


@pytest.mark.shared
@pytest.mark.skipif(not CHARTS.is_dir(), reason="the rendered charts are not here")
@pytest.mark.parametrize("name", ["podinfo-6.14.1", "ingress-nginx-4.15.1", "falco-9.1.0", "cilium-1.20.0"])
async def test_dry_runs_of_well_known_charts_are_alike(both: tuple[Talk, Talk], name: str) -> None:
    manifests = [one for one in yaml.safe_load_all((CHARTS / f"{name}.yaml").read_text()) if one]
    known = [one for one in manifests if one["kind"] in PLURALS]
    for one in known:
        one["metadata"].pop("namespace", None)

    found = await differences(both, tuple(apply(one, query="&dryRun=All") for one in known))

    assert known
    assert found == {}
