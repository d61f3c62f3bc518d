"""Both renderers, each started once, and a way to render a chart that stands in the test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.adapters.helm.cli import CliRenderer
from bot.adapters.helm.sdk import SdkRenderer
from bot.app.ports import Renderer
from bot.core.errors import AuthorError
from bot.core.release import Capabilities, Rendered, RenderJob
from tests.cluster.tools import find
from tests.contracts.renderer.charts import write

CAPABILITIES = Capabilities("v1.36.3", ("apps/v1", "apps/v1/Deployment", "v1", "v1/ConfigMap"))

Render = Callable[..., Awaitable[Rendered]]
Refusal = Callable[..., Awaitable[AuthorError]]


def helm_program() -> str | None:
    """Helm 4, as the cluster tests built it or as it is on the PATH."""
    built = find("helm")
    return str(built) if built else shutil.which("helm")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sdk", "cli"])
async def renderer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Renderer]:
    paths = [str(tmp_path_factory.getbasetemp())]
    if request.param == "sdk":
        async with SdkRenderer(workers=1, read_paths=paths) as sdk:
            yield sdk
        return
    program = helm_program()
    if program is None:
        pytest.skip("no helm program; `make cluster` builds it")
    cli = CliRenderer(program, workers=1, read_paths=paths)
    if await cli.available() is None:
        pytest.skip("helm is not Helm 4")
    yield cli
    await cli.close()


@pytest.fixture
def render(renderer: Renderer, tmp_path: Path) -> Render:
    """Renders a chart of these files: `await render({"templates/a.yaml": …}, values={…})`."""

    async def rendered(
        files: Mapping[str, str],
        *,
        values: Mapping[str, Any] | None = None,
        capabilities: Capabilities = CAPABILITIES,
        release: str = "web",
        namespace: str = "shop",
        revision: int = 1,
        is_upgrade: bool = False,
        stands: str = "",
    ) -> Rendered:
        chart = write(tmp_path, files)
        return await renderer.render(
            RenderJob(chart, release, namespace, values or {}, capabilities, revision, is_upgrade, stands)
        )

    return rendered


@pytest.fixture
def refusal(render: Render) -> Refusal:
    """The error that rendering ends in."""

    async def refused(files: Mapping[str, str], **job: Any) -> AuthorError:
        with pytest.raises(AuthorError) as caught:
            await render(files, **job)
        return caught.value

    return refused


def names(rendered: Rendered) -> list[str]:
    """`Kind/name` of each object, in order."""
    return [f"{found['kind']}/{found['metadata']['name']}" for found in rendered.objects]


def data(rendered: Rendered, index: int = 0) -> dict[str, Any]:
    """The data of a rendered ConfigMap."""
    found: dict[str, Any] = rendered.objects[index]["data"]
    return found
