"""What a plan costs: requests, renderings, and nothing twice."""

from pathlib import Path

import pytest

from bot.adapters.plan_memory import DiskMemory
from bot.core.errors import AuthorError
from tests.app.planning import World, actions, stored


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "checkout").mkdir()
    return World(tmp_path / "checkout", DiskMemory(tmp_path / "memory"))


async def test_what_is_deployed_to_the_letter_is_rendered_once_and_never_parsed(world: World) -> None:
    world.cluster.add(stored("web", "blue"))
    prepared = await world.plan(web="blue")
    assert actions(prepared) == {"web": "none"}
    assert world.renderer.rendered == ["web"]
    assert world.renderer.parsed == 0
    assert world.cluster.asked == {"lists": 1, "bodies": 1}


async def test_an_unchanged_release_that_is_known_costs_nothing_but_its_line_in_the_list(
    world: World,
) -> None:
    for name in ("one", "two", "three"):
        world.cluster.add(stored(name, "blue"))
    first = await world.plan(one="blue", two="blue", three="blue")
    second = await world.plan(one="blue", two="blue", three="blue")
    assert second.plan == first.plan
    assert world.cluster.asked == {"lists": 1}
    assert world.renderer.rendered == []


async def test_a_changed_release_is_not_rendered_again_for_the_next_plan(world: World) -> None:
    world.cluster.add(stored("web", "blue"))
    first = await world.plan(web="red")
    assert actions(first) == {"web": "upgrade"}
    assert (len(world.renderer.rendered), world.renderer.parsed) == (2, 1)
    second = await world.plan(web="red")
    assert world.renderer.rendered == []
    assert second.plan == first.plan
    assert second.plan.seal is not None


async def test_a_release_that_moved_in_the_cluster_is_looked_at_again(world: World) -> None:
    world.cluster.add(stored("web", "blue"))
    await world.plan(web="blue")
    world.cluster.add(stored("web", "red", revision=2), version="2")
    assert actions(await world.plan(web="blue")) == {"web": "upgrade"}
    world.cluster.add(stored("web", "blue", revision=3, status="failed"), version="3")
    assert actions(await world.plan(web="blue")) == {"web": "upgrade"}


async def test_the_same_revision_with_another_record_is_looked_at_again(world: World) -> None:
    world.cluster.add(stored("web", "blue"))
    await world.plan(web="blue")
    world.cluster.add(stored("web", "green"), version="2")
    assert actions(await world.plan(web="blue")) == {"web": "upgrade"}


async def test_random_values_alone_are_no_change_and_the_verdict_is_remembered(world: World) -> None:
    world.renderer.random.add("web")
    world.cluster.add(stored("web", "blue", noise=0))
    assert actions(await world.plan(web="blue")) == {"web": "none"}
    assert len(world.renderer.rendered) == 2
    assert actions(await world.plan(web="blue")) == {"web": "none"}
    assert world.renderer.rendered == []
    assert world.cluster.asked == {"lists": 1}


async def test_what_asked_the_cluster_is_never_remembered(world: World) -> None:
    world.renderer.asking |= {"still", "moving"}
    world.cluster.add(stored("still", "blue"))
    world.cluster.add(stored("moving", "blue"))
    first = await world.plan(still="blue", moving="red")
    assert actions(first) == {"still": "none", "moving": "upgrade"}
    again = await world.plan(still="blue", moving="red")
    assert {"still", "moving"} == set(world.renderer.rendered)
    assert again.plan == first.plan


async def test_one_chart_of_many_releases_is_fetched_once(world: World) -> None:
    await world.plan(one="blue", two="blue", three="blue")
    assert world.charts.fetched == 1


async def test_without_memory_the_plan_is_the_same(world: World, tmp_path: Path) -> None:
    world.cluster.add(stored("web", "blue"))
    world.cluster.add(stored("api", "blue"))
    remembered = [await world.plan(web="blue", api="red", new="blue") for _ in range(2)]
    world.memory = None
    assert (await world.plan(web="blue", api="red", new="blue")).plan == remembered[0].plan
    assert remembered[0].plan == remembered[1].plan


async def test_who_may_not_list_everywhere_lists_the_namespaces_in_question(world: World) -> None:
    world.cluster.cluster_wide = False
    world.namespaces = {"web": "apps", "api": "more"}
    world.cluster.add(stored("web", "blue"))
    world.cluster.add(stored("api", "blue"), namespace="more")
    assert actions(await world.plan(web="blue", api="blue")) == {"web": "none", "api": "none"}
    assert world.cluster.asked["lists"] == 3


async def test_a_record_that_cannot_be_read_spoils_its_own_release_only(world: World) -> None:
    world.cluster.add(stored("web", "blue"))
    world.cluster.add(stored("api", "blue"))
    world.cluster.records["web", 1] = AuthorError("Unreadable.", code="release-record")
    prepared = await world.plan(web="blue", api="red")
    web, api = prepared.plan.releases
    assert [finding.code for finding in web.findings] == ["release-record"]
    assert (api.action, len(api.findings)) == ("upgrade", 0)
    assert not prepared.plan.complete
    assert prepared.plan.seal is None


async def test_helms_base_is_what_a_plan_starts_from(world: World) -> None:
    world.cluster.add(stored("web", "blue", revision=1, status="superseded"))
    world.cluster.add(stored("web", "red", revision=2))
    world.cluster.add(stored("web", "green", revision=3, status="failed"))
    [release] = (await world.plan(web="red")).plan.releases
    assert (release.action, release.revision_from) == ("upgrade", 2)
    assert world.cluster.asked["bodies"] == 2


async def test_a_record_that_went_away_is_looked_for_again(world: World) -> None:
    world.cluster.add(stored("web", "blue"))
    del world.cluster.records["web", 1]
    assert actions(await world.plan(web="blue")) == {"web": "install"}
    assert world.cluster.asked["release"] == 1
