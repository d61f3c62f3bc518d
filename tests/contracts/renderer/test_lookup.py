"""What becomes of `lookup`: the library answers it, the command leaves it empty and says so."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.app.ports import Renderer
from bot.core.model import Manifest
from bot.core.release import Rendered, RenderJob
from tests.contracts.renderer.charts import config_map, write
from tests.contracts.renderer.conftest import CAPABILITIES, Render, data

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKS = '{{ (lookup "v1" "Secret" "shop" "login").word | default "nothing" }}'


class Word:
    async def kinds(self, api_version: str) -> Mapping[str, bool] | None:
        return {"Secret": True}

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "word": "told"}

    async def list(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        return []


async def rendered(renderer: Renderer, folder: Path, text: str) -> Rendered:
    chart = write(folder, {"templates/a.yaml": config_map("a", x=text)})
    return await renderer.render(RenderJob(chart, "web", "shop", {}, CAPABILITIES), Word())


async def test_without_anybody_to_ask_lookup_finds_nothing(render: Render) -> None:
    found = await render({"templates/a.yaml": config_map("a", x=ASKS)})
    assert data(found) == {"x": "nothing"}
    assert found.findings == ()


async def test_lookup_is_answered_or_said_to_be_empty(renderer: Renderer, tmp_path: Path) -> None:
    found = await rendered(renderer, tmp_path, ASKS)
    answered = (data(found), [one.code for one in found.findings])
    if renderer.info.name == "helm-sdk":
        assert answered == ({"x": "told"}, [])
    else:
        assert answered == ({"x": "nothing"}, ["lookup-empty"])


async def test_a_chart_that_does_not_ask_is_rendered_as_ever(renderer: Renderer, tmp_path: Path) -> None:
    found = await rendered(renderer, tmp_path, "text")
    assert (data(found), found.findings) == ({"x": "text"}, ())
