"""The port Probes over HTTP: bounded in time and size, without cookies, proxies or foreign redirects.

The answer of Prometheus is that of its HTTP API, `GET /api/v1/query`
(https://prometheus.io/docs/prometheus/latest/querying/api/).
"""

import asyncio
import json
import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, assert_never

import aiohttp
from yarl import URL

from bot.core.verify.probes import Answered, Measured, NoAnswer, Reading
from bot.core.verify.rules import Asking, HttpProbe, Probe, PromProbe

MOST_BYTES: Final = 1024 * 1024
MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_WORDS: Final = 300


class _Stopped(Exception):
    """What ends a try without an answer; its text is plain."""


class WebProbes:
    """The port Probes. Each try has a session of its own."""

    async def ask(self, probe: Probe) -> Reading:
        """As the port says."""
        try:
            async with asyncio.timeout(probe.asking.timeout), _session(probe.asking) as session:
                match probe:
                    case HttpProbe():
                        return await _page(session, probe)
                    case PromProbe():
                        return await _value(session, probe)
                    case _ as unknown:
                        assert_never(unknown)
        except _Stopped as stop:
            return NoAnswer(str(stop))
        except TimeoutError:
            return NoAnswer(f"no answer within {probe.asking.timeout:g} seconds")
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            return NoAnswer(_plain(error))


@asynccontextmanager
async def _session(asking: Asking) -> AsyncIterator[aiohttp.ClientSession]:
    trust = ssl.create_default_context(cafile=asking.ca_file) if asking.ca_file else True
    # Nothing is unpacked: a small answer must not become a large one.
    headers = {"User-Agent": "purser", "Accept-Encoding": "identity"}
    if asking.token is not None:
        headers["Authorization"] = f"Bearer {asking.token()}"
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust, limit=1),
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as session:
        yield session


async def _page(session: aiohttp.ClientSession, probe: HttpProbe) -> Reading:
    status, body, is_whole = await _get(session, URL(probe.url), stop_at=probe.status)
    if status != probe.status or not probe.contains:
        return Answered(status)
    found = probe.contains.encode() in body
    if not found and not is_whole:
        raise _Stopped(f"the text is not in the first {MOST_BYTES // 1024} KiB, and no more is read")
    return Answered(status, found)


async def _value(session: aiohttp.ClientSession, probe: PromProbe) -> Reading:
    base = URL(probe.prometheus)
    url = base.with_path(f"{base.path.rstrip('/')}/api/v1/query").with_query({"query": probe.query})
    status, body, is_whole = await _get(session, url, stop_at=200)
    if not is_whole:
        raise _Stopped(f"the answer is larger than {MOST_BYTES // 1024} KiB: make the query an aggregate")
    return _measured(status, body)


async def _get(session: aiohttp.ClientSession, url: URL, *, stop_at: int) -> tuple[int, bytes, bool]:
    """Status, body, and whether that is all of it. A redirect of status `stop_at` is not followed."""
    for _ in range(MOST_REDIRECTS + 1):
        async with session.get(url, allow_redirects=False) as answer:
            if answer.status not in _REDIRECTS or answer.status == stop_at:
                body = await _read(answer)
                return answer.status, body[:MOST_BYTES], len(body) <= MOST_BYTES
            there = url.join(URL(answer.headers.get("Location", "")))
        if there.origin() != url.origin():
            raise _Stopped(f"it leads to another host ({there.host}), which is not followed")
        url = there
    raise _Stopped(f"it leads on more than {MOST_REDIRECTS} times")


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """At most one byte more than the limit."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MOST_BYTES:
            break
    return bytes(body[: MOST_BYTES + 1])


def _measured(status: int, body: bytes) -> Reading:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    match said:
        case {"status": "success", "data": {"resultType": "scalar" | "string", "result": [_, str(value)]}}:
            return _number(value)
        case {"status": "success", "data": {"resultType": "vector", "result": list(series)}}:
            return _only(series)
        case {"status": "success", "data": {"resultType": str(kind)}}:
            return NoAnswer(f"the query gives a {kind[:_WORDS]}; a probe needs one value")
        case {"status": "error", "error": str(words)}:
            return NoAnswer(f"Prometheus says: {words[:_WORDS]}")
        case _:
            return NoAnswer(f"HTTP {status}, and the answer is not one of Prometheus")


def _only(series: list[Any]) -> Reading:
    match series:
        case []:
            return NoAnswer("the query gives no series; where none means zero, add: or vector(0)")
        case [{"value": [_, str(value)]}]:
            return _number(value)
        case [_]:
            return NoAnswer("the query gives no plain number; a probe needs one")
        case _:
            return NoAnswer(f"the query gives {len(series)} series; a probe needs one: use sum() or max()")


def _number(text: str) -> Reading:
    try:
        value = float(text)
    except ValueError:
        return NoAnswer("the query gives no number")
    return NoAnswer("the value is not a number (NaN)") if math.isnan(value) else Measured(value)


def _plain(error: Exception) -> str:
    """Why a connection failed, without addresses or headers."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its host name is not known"
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorError():
            return "the connection was refused"
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed before there was an answer"
        case _:
            return f"the request failed ({type(error).__name__})"
