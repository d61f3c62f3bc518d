"""The door: who may knock, what is answered, and what a worker that can reach it can reach besides."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.adapters.helm.door import HOST, MOST_BYTES, MOST_QUESTIONS, Door
from bot.adapters.helm.sdk import SdkRenderer
from bot.adapters.helm.worker import RenderLimits
from bot.core.errors import AuthorError, ClusterUnreachable
from bot.core.model import Manifest
from bot.core.release import Rendered, RenderJob
from tests.contracts.renderer.charts import config_map, write
from tests.contracts.renderer.conftest import CAPABILITIES

LIMITS = RenderLimits(wall_seconds=5.0)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class World:
    """A cluster with these Secrets by `namespace/name`; `failure` is raised in place of an answer."""

    def __init__(self, secrets: Mapping[str, str] | None = None, failure: Exception | None = None) -> None:
        self.secrets = {} if secrets is None else secrets
        self.failure = failure
        self.asked: list[str] = []
        self.silent = False

    async def kinds(self, api_version: str) -> Mapping[str, bool] | None:
        if self.failure:
            raise self.failure
        if self.silent:
            await asyncio.Event().wait()
        return {"Secret": True, "Namespace": False} if api_version == "v1" else None

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        self.asked.append(f"{kind} {namespace}/{name}")
        text = self.secrets.get(f"{namespace}/{name}")
        if text is None:
            return None
        return {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": name},
            "data": {"password": text},
        }

    async def list(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        self.asked.append(f"{kind} {namespace}")
        names = [key.split("/") for key in self.secrets]
        return [m for at, n in names if at == namespace and (m := await self.get(api_version, kind, at, n))]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SdkRenderer]:
    async with SdkRenderer(1, LIMITS, [str(tmp_path_factory.getbasetemp())]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def door() -> AsyncIterator[Door]:
    made = Door()
    await made.start()
    yield made
    await made.close()


async def rendered(renderer: SdkRenderer, folder: Path, world: World, text: str) -> Rendered:
    chart = write(folder, {"templates/a.yaml": config_map("a", x=text)})
    return await renderer.render(RenderJob(chart, "web", "shop", {}, CAPABILITIES), world)


async def knock(url: str, method: str = "GET") -> tuple[int, Any]:
    async with aiohttp.ClientSession() as client, client.request(method, url) as reply:
        return reply.status, await reply.json(content_type=None)


async def test_a_lookup_is_answered(renderer: SdkRenderer, tmp_path: Path) -> None:
    world = World({"shop/login": "aGk="})
    text = '{{ (lookup "v1" "Secret" "shop" "login").data.password | b64dec }}'
    found = await rendered(renderer, tmp_path, world, text)
    assert found.objects[0]["data"] == {"x": "hi"}
    assert world.asked == ["Secret shop/login"]


async def test_what_is_not_there_and_what_is_no_kind_is_empty(renderer: SdkRenderer, tmp_path: Path) -> None:
    text = (
        '"{{ lookup "v1" "Secret" "shop" "no" }}{{ lookup "v1" "Secret" "" "no" }}'
        '{{ lookup "v1" "Nonsense" "shop" "a" }}{{ len (lookup "v1" "Secret" "shop" "").items }}"'
    )
    found = await rendered(renderer, tmp_path, World(), text)
    assert found.objects[0]["data"] == {"x": "map[]map[]map[]0"}


async def test_a_chart_that_asks_nothing_never_meets_the_door(renderer: SdkRenderer, tmp_path: Path) -> None:
    async with SdkRenderer(1, LIMITS, [str(tmp_path)]) as fresh:
        found = await rendered(fresh, tmp_path, World(), "text")
        assert found.objects
        assert fresh.door_seal_report is None


@pytest.mark.parametrize("api", ["v9", "apps/v9", "../v1", "v1/../../v1"])
async def test_an_api_that_is_not_served_is_the_authors_mistake(
    renderer: SdkRenderer, tmp_path: Path, api: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        await rendered(renderer, tmp_path, World(), f'{{{{ lookup "{api}" "Secret" "a" "b" }}}}')
    assert caught.value.code == "render-failed"
    assert HOST not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../../../namespaces/other/Secret/login", "login?watch=true", "a/b", "%2e%2e"]
)
async def test_a_name_cannot_leave_its_place(renderer: SdkRenderer, tmp_path: Path, name: str) -> None:
    world = World({"other/login": "aGk=", "shop/login": "aGk="})
    text = f'"{{{{ lookup "v1" "Secret" "shop" "{name}" }}}}"'
    with contextlib.suppress(AuthorError):  # Helm itself refuses some
        found = await rendered(renderer, tmp_path, world, text)
        assert found.objects[0]["data"] == {"x": "map[]"}
    assert not {"Secret shop/login", "Secret other/login"} & set(world.asked)


async def test_a_cluster_that_fails_is_not_taken_for_an_empty_one(
    renderer: SdkRenderer, tmp_path: Path
) -> None:
    world = World(failure=ClusterUnreachable("down"))
    with pytest.raises(ClusterUnreachable, match="down"):
        await rendered(renderer, tmp_path, world, '"{{ lookup "v1" "Secret" "shop" "login" }}"')


async def test_a_cluster_that_is_silent_is_not_the_authors_mistake(
    renderer: SdkRenderer, tmp_path: Path
) -> None:
    world = World()
    world.silent = True
    with pytest.raises(ClusterUnreachable):
        await rendered(renderer, tmp_path, world, '"{{ lookup "v1" "Secret" "shop" "login" }}"')


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (f'{{{{ range until {MOST_QUESTIONS + 9} }}}}{{{{ lookup "v1" "Secret" "a" "b" }}}}{{{{ end }}}}', 1),
        ('{{ range until 9 }}{{ $x := lookup "v1" "Secret" "shop" "login" }}{{ end }}', MOST_BYTES // 8),
    ],
    ids=["too many questions", "too large answers"],
)
async def test_what_may_be_asked_is_bounded(
    renderer: SdkRenderer, tmp_path: Path, text: str, size: int
) -> None:
    with pytest.raises(AuthorError) as caught:
        await rendered(renderer, tmp_path, World({"shop/login": "x" * size}), text)
    assert caught.value.code == "render-limit"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_the_door_is_for_reading_only(door: Door, method: str) -> None:
    world = World({"shop/login": "aGk="})
    with door.opened(world) as errand:
        status, _ = await knock(f"{errand.url}/api/v1/namespaces/shop/Secret/login", method)
    assert status == 405
    assert world.asked == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/namespaces/shop/Secret/login?watch=true", 405),
        ("/api/v1/namespaces/shop/Secret?labelSelector=a", 405),
        ("/api/v1/namespaces/shop/Secret/login/status", 404),
        ("/api/v1/namespaces/shop/secrets/login", 404),
        ("/api/v1/Secret/login", 404),
        ("/version", 404),
        ("/openapi/v3", 404),
        ("/", 404),
    ],
)
async def test_the_door_knows_three_kinds_of_path(door: Door, path: str, status: int) -> None:
    world = World({"shop/login": "aGk="})
    with door.opened(world) as errand:
        assert (await knock(f"{errand.url}{path}"))[0] == status
    assert world.asked == []


async def test_nobody_comes_in_without_a_token_that_is_alive(door: Door) -> None:
    path = "/api/v1/namespaces/shop/Secret/login"
    mine, others = World({"shop/login": "aGk="}), World({"shop/login": "aG8="})
    with door.opened(mine) as errand, door.opened(others) as other:
        assert (await knock(errand.url + path))[1]["data"] == {"password": "aGk="}
        assert (await knock(other.url + path))[1]["data"] == {"password": "aG8="}
        base = errand.url.rpartition("/")[0]
        for token in ("", "x", errand.url.rpartition("/")[2][:-1], errand.url.rpartition("/")[2] + "x"):
            assert (await knock(f"{base}/{token}{path}"))[0] == 401
    assert (await knock(errand.url + path))[0] == 401
    assert mine.asked == ["Secret shop/login"]


CONNECT = """
import json, socket, sys
from bot.adapters.sealed import sandbox
port, other = int(sys.argv[1]), int(sys.argv[2])
seal = sandbox.seal([sys.prefix, sys.base_prefix], port=port)
def outcome(family, kind, protocol, address):
    try:
        with socket.socket(family, kind, protocol) as made:
            made.settimeout(5)
            made.connect(address)
        return "connected"
    except OSError as error:
        return type(error).__name__
inet, stream = socket.AF_INET, socket.SOCK_STREAM
found = {
    "door": outcome(inet, stream, 0, ("127.0.0.1", port)),
    "other port": outcome(inet, stream, 0, ("127.0.0.1", other)),
    "metadata": outcome(inet, stream, 0, ("169.254.169.254", 80)),
    "udp": outcome(inet, socket.SOCK_DGRAM, 0, ("127.0.0.1", port)),
    "raw": outcome(inet, socket.SOCK_RAW, 6, ("127.0.0.1", port)),
    "multipath": outcome(inet, stream, 262, ("127.0.0.1", other)),
    "ipv6": outcome(socket.AF_INET6, stream, 0, ("::1", port)),
    "unix": outcome(socket.AF_UNIX, stream, 0, "/run/docker.sock"),
}
try:
    socket.socket(inet, stream).bind(("127.0.0.1", 0)); found["listen"] = "bound"
except OSError as error:
    found["listen"] = type(error).__name__
print(json.dumps([seal.landlock, seal.seccomp, found]))
"""


async def test_a_worker_with_a_door_reaches_the_door_and_nothing_else(door: Door) -> None:
    port = await door.start()
    with socket.create_server((HOST, 0)) as other:
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-I", "-c", CONNECT, str(port), str(other.getsockname()[1])],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    landlock, seccomp, found = json.loads(run.stdout)
    if not seccomp:
        pytest.skip("no filters can be made here")
    assert found.pop("door") == "connected"
    if landlock < 4:
        assert {found.pop(name) for name in ("other port", "metadata")}
    assert set(found.values()) == {"PermissionError"}


WITHOUT_TCP_RULES = """
import ctypes, json, sys
from bot.adapters.sealed import sandbox
class Old:
    def __init__(self, libc): self.libc = libc
    def syscall(self, number, *rest):
        asks = number == 444 and rest[0] is None
        return 3 if asks else self.libc.syscall(number, *rest)
missing = []
sandbox._landlock(Old(ctypes.CDLL(None, use_errno=True)), sandbox._Files([], [], [], None), 8080, missing)
print(json.dumps(missing))
"""


async def test_an_older_kernel_without_rules_for_tcp_is_said() -> None:
    command = [sys.executable, "-I", "-c", WITHOUT_TCP_RULES]
    run = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True, timeout=60
    )
    missing = json.loads(run.stdout)
    assert any("no rules for TCP" in words for words in missing)
