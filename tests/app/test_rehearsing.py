"""Releases rehearsed side by side, as if it were one after another."""

from pathlib import Path
from typing import Any

import pytest

from bot.app.plan.planner import Prepared
from bot.core.manifest import documents
from bot.core.release import Rendered, RenderJob
from tests.app.planning import Renderer, World, actions

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true}]
"""
THING = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one}\n"
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shared}\n"
IN_SPACE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inside, namespace: shared}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: quite-secret-words}\n"
TELLS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tells}\ndata: {motto: quite-secret-words}\n"


class Rendering(Renderer):
    """Renders the text that stands in the release's value `color`."""

    async def render(self, job: RenderJob, lookup: Any = None) -> Rendered:
        return Rendered("web", "1.0.0", "", tuple(documents(str(job.values["color"]))), (), ())


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, renderer=Rendering())
    made.cluster.missing = {("Namespace", "shared")}
    return made


def codes(prepared: Prepared, name: str) -> set[str]:
    [release] = [release for release in prepared.plan.releases if release.name == name]
    return {finding.code for finding in release.findings}


async def test_a_kind_that_an_earlier_release_brings_is_known_to_a_later_one(world: World) -> None:
    prepared = await world.plan(crds=CRD, things=THING)
    assert actions(prepared) == {"crds": "install", "things": "install"}
    assert codes(prepared, "things") == {"not-checked"}


async def test_a_kind_that_a_later_release_brings_is_unknown_to_an_earlier_one(world: World) -> None:
    prepared = await world.plan(things=THING, crds=CRD)
    assert "unknown-kind" in codes(prepared, "things")
    assert codes(prepared, "crds") == set()


async def test_a_namespace_of_an_earlier_release_is_there_for_a_later_one(world: World) -> None:
    prepared = await world.plan(space=SPACE, user=IN_SPACE)
    assert "namespace-missing" not in codes(prepared, "user")
    assert "stand-in" in codes(prepared, "user")
    assert "namespace-missing" in codes(await world.plan(user=IN_SPACE), "user")


async def test_a_secret_of_one_release_is_masked_in_the_plan_of_another_whatever_the_order(
    world: World,
) -> None:
    for order in ({"login": SECRET, "tells": TELLS}, {"tells": TELLS, "login": SECRET}):
        prepared = await world.plan(**order)
        assert "quite-secret" not in str(prepared.plan)
        assert "‹masked:" in str(prepared.plan)
        assert "quite-secret" not in prepared.masker.text("Helm says: quite-secret-words")


async def test_the_order_of_answers_does_not_change_a_plan(world: World) -> None:
    many = {f"app-{number}": SECRET.replace("login", f"login-{number}") for number in range(12)}
    first = await world.plan(**many, last=TELLS)
    world.cluster.slow = True
    again = await world.plan(**many, last=TELLS)
    assert again.plan == first.plan
