"""Charts that mean harm: the worker dies at its limits, the parent and the other renderings do not notice."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from bot.adapters.helm.sdk import SdkRenderer
from bot.adapters.helm.worker import RenderLimits
from bot.core.errors import AuthorError
from bot.core.release import Rendered, RenderJob
from tests.contracts.renderer.charts import config_map, write
from tests.contracts.renderer.conftest import CAPABILITIES

MEGABYTE = 1 << 20
LIMITS = RenderLimits(
    memory=384 * MEGABYTE, cpu_seconds=2, wall_seconds=20, input=2 * MEGABYTE, output=4 * MEGABYTE, jobs=50
)
# Running out of memory can take the Go runtime seconds of computing: the default limit leaves it them.
PATIENT = replace(LIMITS, cpu_seconds=RenderLimits().cpu_seconds, wall_seconds=60)
GOOD = {"templates/a.yaml": config_map("good")}
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{now}: &{now} [{','.join(['*' + before] * 9)}]\n"
    for before, now in zip("abcdefgh", "bcdefghi", strict=True)
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SdkRenderer]:
    async with SdkRenderer(2, LIMITS, [str(tmp_path_factory.getbasetemp())]) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SdkRenderer]:
    async with SdkRenderer(1, PATIENT, [str(tmp_path_factory.getbasetemp())]) as running:
        yield running


async def rendered(renderer: SdkRenderer, folder: Path, files: dict[str, str], **values: object) -> Rendered:
    chart = write(folder, files)
    return await renderer.render(RenderJob(chart, "web", "shop", values, CAPABILITIES))


@pytest.mark.parametrize(
    "template",
    [
        '{{ repeat 1000000000 "x" }}',
        '{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 40 }}{{ $x = print $x $x }}{{ end }}',
    ],
    ids=["repeat", "doubling"],
)
async def test_a_template_that_fills_the_memory_ends_at_its_limit(
    patient: SdkRenderer, tmp_path: Path, template: str
) -> None:
    """Go that is refused memory before the kernel ends its worker ends itself: a crash, tried once more."""
    before = Counter(patient.kills)
    await ends_at(patient, tmp_path, template, {"memory", "crash"})
    assert (Counter(patient.kills) - before)["memory"]


@pytest.mark.parametrize(
    ("template", "reasons"),
    [
        ("{{ range until 100000000 }}x{{ end }}", {"memory", "time"}),
        (
            "{{ range until 9999 }}{{ range until 9999 }}{{ range until 9999 }}{{ end }}{{ end }}{{ end }}",
            {"time"},
        ),
        ('{{ range until 100000 }}{{ $k := genPrivateKey "rsa" }}{{ end }}', {"time"}),
        ('{{ regexMatch "(x+x+)+y" (repeat 100000000 "x") }}', {"memory", "time"}),
        (
            "{{ range $i := until 60000 }}---\n"
            + config_map("a-{{ $i }}", text="{{ repeat 99 `x` }}")
            + "{{ end }}",
            {"output", "time"},
        ),
        ('kind: A\napiVersion: v1\nx: "{{ repeat 6000000 `x` }}"', {"output", "time"}),
    ],
    ids=["until", "loops", "keys", "regex", "many objects", "one large object"],
)
async def test_a_greedy_template_ends_at_a_limit_and_the_next_rendering_is_fine(
    renderer: SdkRenderer, tmp_path: Path, template: str, reasons: set[str]
) -> None:
    await ends_at(renderer, tmp_path, template, reasons)


async def ends_at(renderer: SdkRenderer, folder: Path, template: str, reasons: set[str]) -> None:
    """Render a bomb: one of these limits ends it, the parent keeps its memory, the next rendering is fine."""
    before = psutil.Process().memory_info().rss
    kills = Counter(renderer.kills)
    with pytest.raises(AuthorError) as caught:
        await rendered(renderer, folder, {"templates/a.yaml": template})
    assert caught.value.code == "render-limit"
    new = Counter(renderer.kills) - kills
    assert new
    assert reasons.issuperset(new)
    assert psutil.Process().memory_info().rss - before < 64 * MEGABYTE
    found = await rendered(renderer, folder / "next", GOOD)
    assert found.objects[0]["metadata"]["name"] == "good"


@pytest.mark.parametrize(
    "files",
    [
        {"templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\n" + BOMB},
        {"values.yaml": BOMB, "templates/a.yaml": config_map("a")},
        {"templates/a.yaml": config_map("a", x="{{ .Values.bomb | fromYaml | toJson | len }}")},
        {"crds/a.yaml": "apiVersion: v1\nkind: ConfigMap\n" + BOMB},
        {"templates/a.yaml": "[" * 100_000},
    ],
    ids=[
        "in a template",
        "in the chart's values",
        "in text that a template parses",
        "in crds",
        "deep nesting",
    ],
)
async def test_a_yaml_bomb_is_refused(renderer: SdkRenderer, tmp_path: Path, files: dict[str, str]) -> None:
    if "fromYaml" in files.get("templates/a.yaml", ""):
        found = await rendered(renderer, tmp_path, files, bomb=BOMB)
        assert len(found.objects) == 1  # Helm gives the template its YAML parser's error as a value
    else:
        with pytest.raises(AuthorError) as caught:
            await rendered(renderer, tmp_path, files)
        assert caught.value.code in {"render-failed", "render-limit"}


async def test_values_beyond_the_limit_are_refused_before_a_worker_sees_them(
    renderer: SdkRenderer, tmp_path: Path
) -> None:
    renders = renderer.renders
    with pytest.raises(AuthorError) as caught:
        await rendered(renderer, tmp_path, GOOD, text="x" * 3 * MEGABYTE)
    assert caught.value.code == "render-limit"
    assert renderer.renders == renders


@pytest.mark.parametrize("place", ["secret.txt", "templates/secret.yaml"])
async def test_a_link_out_of_the_chart_leads_nowhere(
    renderer: SdkRenderer, tmp_path: Path, place: str
) -> None:
    if renderer.seal_report is None or not renderer.seal_report.landlock:
        pytest.skip("this kernel has no Landlock; the chart's own check refuses links before")
    chart = write(tmp_path, {"templates/a.yaml": config_map("a", x='{{ .Files.Get "secret.txt" | quote }}')})
    os.symlink("/etc/passwd", Path(chart.path) / place)
    with pytest.raises(AuthorError) as caught:
        await renderer.render(RenderJob(chart, "web", "shop", {}, CAPABILITIES))
    assert "permission denied" in caught.value.what
    assert "root:" not in str(caught.value)


async def test_a_rendering_beside_an_attack_goes_on(renderer: SdkRenderer, tmp_path: Path) -> None:
    attack = asyncio.create_task(
        rendered(
            renderer,
            tmp_path / "bad",
            {"templates/a.yaml": "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}"},
        )
    )
    for number in range(5):
        found = await rendered(renderer, tmp_path / str(number), GOOD)
        assert len(found.objects) == 1
    assert not attack.done()
    with pytest.raises(AuthorError):
        await attack


async def test_a_cancelled_rendering_frees_its_worker(renderer: SdkRenderer, tmp_path: Path) -> None:
    text = "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}"
    attack = asyncio.create_task(rendered(renderer, tmp_path / "bad", {"templates/a.yaml": text}))
    while not any(psutil.Process(pid).cpu_times().user > 0.3 for pid in renderer.pids):
        await asyncio.wait([attack], timeout=0.01)
    attack.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attack
    found = await rendered(renderer, tmp_path / "next", GOOD)
    assert len(found.objects) == 1
    assert all(psutil.pid_exists(pid) for pid in renderer.pids)
