"""One world for all stories of this folder; each story has a project and a namespace of its own."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.gitlab import once
from tests.e2e.gates import DIRECT, GATES
from tests.e2e.several import second_world
from tests.e2e.site import Site
from tests.e2e.world import World, world

PLACES = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them live in the session's event loop, where the world is."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The world, with clusters of two kinds that do not work."""
    folder = tmp_path_factory.mktemp("e2e")
    special = {"unreachable": folder / "unreachable.kubeconfig", "refused": folder / "refused.kubeconfig"}
    async with world(folder, places=PLACES, special=special, gates=GATES, targets=DIRECT) as made:
        good = json.loads(made.kubeconfig.read_text(encoding="utf-8"))
        _write(special["refused"], good, token="not-the-token-of-this-cluster")
        _write(special["unreachable"], good, server="https://127.0.0.1:9")
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def several(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The second world: projects with several targets, and a bot that listens to more."""
    async with second_world(tmp_path_factory.mktemp("several")) as made:
        yield made


def _write(
    path: Path, good: dict[str, list[dict[str, dict[str, str]]]], *, token: str = "", server: str = ""
) -> None:
    bad = json.loads(json.dumps(good))
    bad["users"][0]["user"]["token"] = token or bad["users"][0]["user"]["token"]
    bad["clusters"][0]["cluster"]["server"] = server or bad["clusters"][0]["cluster"]["server"]
    path.write_text(json.dumps(bad), encoding="utf-8")


@pytest_asyncio.fixture(loop_scope="session")
async def site(running: World) -> Site:
    """A project of the test's own."""
    return await running.site()


@pytest.fixture(autouse=True)
def nothing_is_left_turned(running: World) -> Iterator[None]:
    """What a story turned at GitLab ends with it."""
    yield
    gitlab = running.gitlab
    gitlab.plant_fault()
    gitlab.hooks.policy = once
    gitlab.hooks.release()
    gitlab.runner.resume()
    gitlab.world.merge_ref_lag = 0
