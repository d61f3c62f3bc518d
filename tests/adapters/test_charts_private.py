"""Private repositories and registries, with the credentials of a configuration."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout
from bot.config import load
from bot.core.errors import AuthorError, TransientError
from bot.core.model import ChartInRegistry, ChartInRepository, ChartSource
from tests.adapters.charts_script import Served, chart_files, packed, registry, serving, sha256
from tests.test_config import ENVIRON, MINIMAL, write

DATA = packed(chart_files())
PASSWORD, OTHERS = "hunter2-of-the-robot", "another-secret-of-the-robot"


def encoded(password: str) -> str:
    """How it goes over the wire."""
    return base64.b64encode(f"robot:{password}".encode()).decode()


ENCODED = encoded(PASSWORD)
BASIC, THEIRS = f"Basic {ENCODED}", f"Basic {encoded(OTHERS)}"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "tls") as one:
        yield one


def cache(folder: Path, *private: Served, others: str = PASSWORD) -> ChartCache:
    """Charts as a configuration has them, with an entry for each of these hosts; `others`: of all but one."""
    logins = [
        {
            "host": one.host,
            "username": "robot",
            "password": {"env": "OTHERS" if number else "CHARTS"},
            "ca_file": str(one.ca_file) if one.ca_file else None,
        }
        for number, one in enumerate(private)
    ]
    file = write(folder, f"{MINIMAL}charts: {json.dumps({'credentials': logins})}\n")
    config = load(file, {**ENVIRON, "CHARTS": PASSWORD, "OTHERS": others})
    return ChartCache(folder / "charts", credentials=config.charts.logins)


def repository(served: Served) -> ChartInRepository:
    return ChartInRepository(f"{served.url}/charts", "web", "1.2.3")


def in_registry(served: Served) -> ChartInRegistry:
    return ChartInRegistry(f"oci://{served.host}/charts/web", "1.2.3")


async def refused(charts: ChartCache, source: ChartSource, *hosts: str) -> AuthorError:
    with pytest.raises(AuthorError) as caught:
        await charts.fetch(source, DirectoryCheckout("."), hosts)
    said = f"{caught.value!r} {caught.value} {caught.value.fix} {charts.__dict__!r}"
    assert [it for it in (PASSWORD, ENCODED) if it in said] == []
    return caught.value


async def test_a_private_repository_is_told_its_credential(served: Served, tmp_path: Path) -> None:
    served.chart("web", "1.2.3", DATA)
    served.guard(BASIC)
    charts = cache(tmp_path, served)
    chart = await charts.fetch(repository(served), DirectoryCheckout("."), (served.host,))
    assert chart.digest == f"sha256:{sha256(DATA)}"
    kept = [it for it in (tmp_path / "charts").rglob("*") if it.is_file()]
    assert kept
    assert [
        it for it in kept if PASSWORD.encode() in it.read_bytes() or ENCODED.encode() in it.read_bytes()
    ] == []


async def test_a_private_registry_gives_a_token_for_the_credential(served: Served, tmp_path: Path) -> None:
    registry(served, DATA, token="t0ken")
    give = served.answers["/token"]

    async def asked_by_us(request: web.Request) -> web.StreamResponse:
        good = request.headers.get("Authorization") == BASIC
        return await give(request) if good else web.Response(status=401)

    served.answers["/token"] = asked_by_us
    chart = await cache(tmp_path, served).fetch(in_registry(served), DirectoryCheckout("."), (served.host,))
    assert (chart.name, chart.version) == ("web", "1.2.3")
    assert served.asked[-1].headers["Authorization"] == "Bearer t0ken"


async def test_without_an_entry_it_says_which_is_missing(served: Served, tmp_path: Path) -> None:
    async with serving() as plain:
        plain.chart("web", "1.2.3", DATA)
        plain.guard(BASIC)
        said = await refused(cache(tmp_path), repository(plain), plain.host)
    assert said.code == "chart-credential"
    assert f"{plain.host} lets only those read this who have a credential" in said.what
    assert f"add an entry for {plain.host} to charts.credentials" in said.fix


@pytest.mark.parametrize("kind", ["repository", "registry"])
async def test_a_wrong_password_is_said_with_its_place_and_the_way_out(
    served: Served, tmp_path: Path, kind: str
) -> None:
    source: ChartSource = repository(served)
    served.chart("web", "1.2.3", DATA)
    if kind == "registry":
        registry(served, DATA, token="t0ken")
        source = in_registry(served)
        token = served.answers.pop("/token")
        guarded = dict(served.answers)
        served.answers = {"/token": token}
        served.guard("Basic of somebody else")
        served.answers |= guarded
    else:
        served.guard("Basic of somebody else")
    said = await refused(cache(tmp_path, served), source, served.host)
    assert said.code == "chart-credential"
    assert f"{served.host} does not accept the bot's credential for it (status 401)." == said.what
    assert served.host in str(said.where)
    assert f"correct the entry of {served.host} in charts.credentials" in said.fix


async def test_it_is_never_told_to_the_host_of_a_redirect(served: Served, tmp_path: Path) -> None:
    async with serving(tmp_path / "other") as other:
        served.chart("web", "1.2.3", DATA)
        served.redirect("/charts/web-1.2.3.tgz", f"{other.url}/web.tgz")
        other.give("/web.tgz", DATA)
        # The other one has an entry of its own only for its certificate's sake: with another password.
        charts = cache(tmp_path, served)
        with pytest.raises(TransientError, match="did not answer"):
            await charts.fetch(repository(served), DirectoryCheckout("."), (served.host, other.host))
        assert other.asked == []
    async with serving() as plain:
        served.redirect("/charts/web-1.2.3.tgz", f"{plain.url}/web.tgz")
        said = await refused(charts, repository(served), served.host, plain.host)
        assert (said.code, plain.asked) == ("chart-host-refused", [])


def told(served: Served) -> list[str | None]:
    """What each request said to be let in."""
    return [request.headers.get("Authorization") for request in served.asked]


async def test_whoever_is_on_the_way_of_a_redirect_hears_his_own_and_no_other(
    served: Served, tmp_path: Path
) -> None:
    """From the private host to another private one, and back: by port, for the name of both is the same."""
    async with serving(tmp_path / "other") as other:
        served.chart("web", "1.2.3", DATA)
        served.redirect("/charts/web-1.2.3.tgz", f"{other.url}/one.tgz")
        other.redirect("/one.tgz", f"{served.url}/two.tgz")
        served.redirect("/two.tgz", f"{other.url}/three.tgz")
        other.give("/three.tgz", DATA)
        charts = cache(tmp_path, served, other, others=OTHERS)
        chart = await charts.fetch(repository(served), DirectoryCheckout("."), (served.host, other.host))
        assert chart.name == "web"
        assert (served.paths, other.paths) == (
            ["/charts/index.yaml", "/charts/web-1.2.3.tgz", "/two.tgz"],
            ["/one.tgz", "/three.tgz"],
        )
        assert (told(served), told(other)) == ([BASIC] * 3, [THEIRS] * 2)


async def test_a_registrys_token_is_not_told_to_the_host_that_has_the_blob(
    served: Served, tmp_path: Path
) -> None:
    """As registries do that keep their blobs at a storage service."""
    async with serving(tmp_path / "other") as storage:
        registry(served, DATA, token="t0ken")
        blob = f"/v2/charts/web/blobs/sha256:{sha256(DATA)}"
        served.redirect(blob, f"{storage.url}/blob?signature=abc")
        storage.give("/blob", DATA)
        charts = cache(tmp_path, served, storage, others=OTHERS)
        chart = await charts.fetch(in_registry(served), DirectoryCheckout("."), (served.host, storage.host))
        assert chart.digest == f"sha256:{sha256(DATA)}"
        assert told(served)[-1] == "Bearer t0ken"
        assert told(storage) == [THEIRS]


async def test_it_is_not_told_to_an_archive_on_another_host(served: Served, tmp_path: Path) -> None:
    async with serving() as other:
        other.give("/web.tgz", DATA)
        served.chart("web", "1.2.3", DATA, url=f"{other.url}/web.tgz")
        served.guard(BASIC)
        charts = cache(tmp_path, served)
        await charts.fetch(repository(served), DirectoryCheckout("."), (served.host, other.host))
        assert other.paths == ["/web.tgz"]
        assert "Authorization" not in other.asked[0].headers


async def test_it_is_not_told_to_a_realm_on_another_host(served: Served, tmp_path: Path) -> None:
    async with serving() as realm:
        realm.give("/token", json.dumps({"token": "t0ken"}))
        challenge = f'Bearer realm="{realm.url}/token",service="r"'
        served.give("/v2/charts/web/manifests/1.2.3", b"", 401, WWW_Authenticate=challenge)
        said = await refused(cache(tmp_path, served), in_registry(served), served.host, realm.host)
        assert said.code == "chart-credential"
        assert realm.paths == ["/token"]
        assert "Authorization" not in realm.asked[0].headers


async def test_a_realm_on_another_host_is_told_its_own(served: Served, tmp_path: Path) -> None:
    async with serving(tmp_path / "realm") as realm:
        realm.give("/token", json.dumps({"token": "t0ken"}))
        realm.guard(BASIC)
        registry(served, DATA, token="t0ken")
        challenge = f'Bearer realm="{realm.url}/token",service="r"'
        open_to_token = dict(served.answers)

        async def manifest(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != "Bearer t0ken":
                return web.Response(status=401, headers={"WWW-Authenticate": challenge})
            return await open_to_token[request.path](request)

        served.answers["/v2/charts/web/manifests/1.2.3"] = manifest
        charts = cache(tmp_path, served, realm)
        chart = await charts.fetch(in_registry(served), DirectoryCheckout("."), (served.host, realm.host))
        assert chart.name == "web"


async def test_it_is_never_told_over_http(tmp_path: Path) -> None:
    async with serving() as plain:
        plain.chart("web", "1.2.3", DATA)
        plain.guard(BASIC)
        said = await refused(cache(tmp_path, plain), repository(plain), plain.host)
        assert said.what == f"{plain.host} wants a credential, and the bot tells none over http."
        assert [it for it in plain.asked if "Authorization" in it.headers] == []


async def test_certificates_that_cannot_be_read_are_said(served: Served, tmp_path: Path) -> None:
    charts = cache(tmp_path, served)
    assert served.ca_file is not None
    served.ca_file.unlink()
    said = await refused(charts, repository(served), served.host)
    assert "ca_file" in said.fix
