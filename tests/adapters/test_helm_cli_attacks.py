"""The same harm through Helm's command: it ends at the same limits and reads no more than the library may."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.helm.cli import CliRenderer
from bot.adapters.helm.worker import RenderLimits
from bot.core.errors import AuthorError
from bot.core.release import RenderJob
from tests.contracts.renderer.charts import config_map, write
from tests.contracts.renderer.conftest import CAPABILITIES, helm_program

MEGABYTE = 1 << 20
LIMITS = RenderLimits(memory=384 * MEGABYTE, cpu_seconds=8, wall_seconds=60, output=4 * MEGABYTE)
LOOPS = "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CliRenderer]:
    program = helm_program()
    if program is None:
        pytest.skip("no helm program; `make cluster` builds it")
    async with CliRenderer(program, 1, LIMITS, [str(tmp_path_factory.getbasetemp())]) as running:
        yield running


def kills(renderer: CliRenderer, reason: str) -> int:
    return sum(count for cause, count in renderer.kills.items() if cause == reason)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{{ repeat 1000000000 "x" }}', "memory"),
        (LOOPS, "time"),
        ('kind: A\napiVersion: v1\nx: "{{ repeat 6000000 `x` }}"', "output"),
    ],
    ids=["repeat", "loops", "one large object"],
)
async def test_a_greedy_template_ends_at_a_limit_and_the_next_rendering_is_fine(
    renderer: CliRenderer, tmp_path: Path, template: str, reason: str
) -> None:
    before = kills(renderer, reason)
    chart = write(tmp_path, {"templates/a.yaml": template})
    with pytest.raises(AuthorError) as caught:
        await renderer.render(RenderJob(chart, "web", "shop", {}, CAPABILITIES))
    assert caught.value.code == "render-limit"
    assert kills(renderer, reason) == before + 1
    good = write(tmp_path / "next", {"templates/a.yaml": config_map("good")})
    found = await renderer.render(RenderJob(good, "web", "shop", {}, CAPABILITIES))
    assert found.objects[0]["metadata"]["name"] == "good"


async def test_a_link_out_of_the_chart_leads_nowhere(renderer: CliRenderer, tmp_path: Path) -> None:
    good = write(tmp_path, {"templates/a.yaml": config_map("a", x='{{ .Files.Get "secret" | quote }}')})
    await renderer.render(RenderJob(good, "web", "shop", {}, CAPABILITIES))
    if renderer.seal_report is None or not renderer.seal_report.landlock:
        pytest.skip("this kernel has no Landlock; the chart's own check refuses links before")
    os.symlink("/etc/passwd", Path(good.path) / "secret")
    with pytest.raises(AuthorError) as caught:
        await renderer.render(RenderJob(good, "web", "shop", {}, CAPABILITIES))
    assert "permission denied" in caught.value.what
