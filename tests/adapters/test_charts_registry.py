"""Charts of OCI registries."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout
from bot.core.errors import AuthorError, TransientError
from bot.core.model import ChartInRegistry
from bot.core.release import LocalChart
from tests.adapters.charts_script import Served, chart_files, packed, registry, serving, sha256

CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
DATA = packed(chart_files())


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as one:
        yield one


async def fetch(served: Served, cache: ChartCache, *hosts: str, path: str = "charts/web") -> LocalChart:
    source = ChartInRegistry(f"oci://{served.host}/{path}", "1.2.3")
    return await cache.fetch(source, DirectoryCheckout("."), hosts or (served.host,))


async def test_a_chart_is_pulled_and_kept(served: Served, tmp_path: Path) -> None:
    registry(served, DATA)
    chart = await fetch(served, ChartCache(tmp_path))
    assert (chart.name, chart.version, chart.digest) == ("web", "1.2.3", f"sha256:{sha256(DATA)}")
    served.answers.clear()
    assert await fetch(served, ChartCache(tmp_path)) == chart


async def test_a_token_is_fetched_where_the_registry_wants_one(served: Served, tmp_path: Path) -> None:
    registry(served, DATA, token="t0ken")
    assert (await fetch(served, ChartCache(tmp_path))).name == "web"
    asked = next(request for request in served.asked if request.path == "/token")
    assert asked.query["scope"] == "repository:charts/web:pull"
    assert served.asked[-1].headers["Authorization"] == "Bearer t0ken"


async def test_a_realm_on_another_host_is_refused(served: Served, tmp_path: Path) -> None:
    async with serving() as realm:
        challenge = f'Bearer realm="{realm.url}/token"'
        served.give("/v2/charts/web/manifests/1.2.3", b"", 401, WWW_Authenticate=challenge)
        with pytest.raises(AuthorError) as caught:
            await fetch(served, ChartCache(tmp_path))
        assert caught.value.code == "chart-host-refused"
        assert realm.asked == []


async def test_a_token_is_not_given_to_the_host_of_a_redirect(served: Served, tmp_path: Path) -> None:
    async with serving() as other:
        registry(served, DATA, token="t0ken")
        other.give("/blob", DATA)
        served.redirect(f"/v2/charts/web/blobs/sha256:{sha256(DATA)}", f"{other.url}/blob")
        await fetch(served, ChartCache(tmp_path), served.host, other.host)
        assert "Authorization" not in other.asked[0].headers


async def test_a_layer_with_other_bytes_is_refused(served: Served, tmp_path: Path) -> None:
    registry(served, DATA, blob=packed(chart_files("web", "6.6.6")))
    with pytest.raises(AuthorError) as caught:
        await fetch(served, ChartCache(tmp_path))
    assert caught.value.code == "chart-digest"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{}", 200, "chart-invalid"),
        ("[" * 100_000, 200, "chart-invalid"),
        ('{"layers": [{"mediaType": "x", "digest": "y"}]}', 200, "chart-invalid"),
        (f'{{"layers": [{{"mediaType": "{CHART}", "digest": "../x"}}]}}',
         200, "chart-invalid"),
        ("", 404, "chart-not-found"),
        ("", 401, "chart-credential"),
        ("", 403, "chart-credential"),
    ],
    ids=["no layers", "deep", "no chart", "no digest", "absent", "unauthorized", "forbidden"],
)  # fmt: skip
async def test_what_is_no_chart_or_not_for_us_is_said(
    served: Served, tmp_path: Path, body: str, status: int, code: str
) -> None:
    served.give("/v2/charts/web/manifests/1.2.3", body, status)
    with pytest.raises(AuthorError) as caught:
        await fetch(served, ChartCache(tmp_path))
    assert caught.value.code == code


async def test_a_registry_without_a_token_to_give_is_nobodys_fault(served: Served, tmp_path: Path) -> None:
    registry(served, DATA, token="t0ken")
    served.give("/token", "{}")
    with pytest.raises(TransientError, match="gave no token"):
        await fetch(served, ChartCache(tmp_path))


@pytest.mark.parametrize("path", ["", "../x", "UPPER", "a b", "a//b", "a/"])
async def test_a_reference_that_is_none_is_refused(served: Served, tmp_path: Path, path: str) -> None:
    with pytest.raises(AuthorError) as caught:
        await fetch(served, ChartCache(tmp_path), path=path)
    assert caught.value.code == "chart-not-found"
    assert served.asked == []
