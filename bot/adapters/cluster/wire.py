"""Requests to one API server and its answers, with time-outs, retries and a bound on how many at once."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.adapters.cluster.access import Client, RawAnswer
from bot.core.errors import ClusterForbids, ClusterUnreachable

AT_ONCE = 8
"""Requests under way at the same time; more bring nothing (an API server works through them in turn)."""
SECONDS_PER_REQUEST = 15.0
_WAITS = (0.2, 0.4)
_LONGEST_WAIT = 10.0
_PASSING = frozenset({429, 502, 503, 504})
# The API server answers 500 to manifests that do not fit the schema. Asking again changes nothing.
_AUTHORS_500 = re.compile(r"typed (patch|live|new) object|failed to (create|convert) .*typed", re.IGNORECASE)
# RFC 9111's Warning header as the API server writes it: code, agent, quoted text.
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of an API server: always a JSON object, whatever the status."""

    status: int
    content: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """What a Status says; may quote values of the object."""
        return str(self.content.get("message", ""))


@dataclass(frozen=True, slots=True)
class Call:
    """One request that changes nothing, so it may be sent again. `verb` and `what` are words for people.

    `plain`: the answer is a text, and comes as `{"text": …}`. An answer of more bytes than `most` is none.
    """

    verb: str
    what: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    plain: bool = False
    most: int | None = None


class Wire:
    """Sends calls with retries. `requests` counts the attempts by verb.

    Raises ClusterForbids where the API server does not know us (401), ClusterUnreachable where it does not
    answer, answers too late or answers like no API server. Other refusals are replies.
    """

    def __init__(self, client: Client, *, seconds: float, requests: Counter[str]) -> None:
        self.requests = requests
        self._client = client
        self._server = f"The API server {client.server}"
        self._limits = aiohttp.ClientTimeout(total=seconds)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.close()

    async def send(self, call: Call) -> Reply:
        """The API server's answer, after up to three attempts where a failure may pass."""
        for wait in _WAITS:
            asked_for = None
            try:
                reply = await self._attempt(call)
            except _MayPass as failure:
                asked_for = failure.retry_after
            else:
                if reply.status != 500 or _AUTHORS_500.search(reply.message):
                    return reply
            await asyncio.sleep(wait if asked_for is None else min(asked_for, _LONGEST_WAIT))
        return await self._attempt(call)

    async def _attempt(self, call: Call) -> Reply:
        async with self._slots:
            self.requests[call.verb] += 1
            try:
                return await self._exchange(call)
            except TimeoutError:
                # The wait itself was long; another one would make a plan hang.
                raise ClusterUnreachable(f"{self._server} did not answer in time ({call.what}).") from None
            except aiohttp.ClientConnectorCertificateError:
                raise ClusterUnreachable(f"{self._server} shows a certificate that is not trusted.") from None
            except (aiohttp.ClientError, OSError) as error:
                raise _MayPass(f"{self._server} cannot be reached ({type(error).__name__}).") from None

    async def _exchange(self, call: Call) -> Reply:
        answer = await self._client.request(
            call.method,
            call.path,
            query=call.query,
            body=call.body,
            content_type=call.content_type,
            accept=call.accept,
            limits=self._limits,
            most=call.most,
        )
        if answer.body is None:
            raise ClusterUnreachable(f"{self._server} answered at too great length ({call.what}).")
        return self._read(call, answer, answer.body)

    def _read(self, call: Call, answer: RawAnswer, body: bytes) -> Reply:
        status = answer.status
        if status == 401:
            raise ClusterForbids(f"{self._server} does not accept our credentials ({call.what}).")
        if status in _PASSING:
            raise _MayPass(
                f"{self._server} is overloaded or not ready (HTTP {status}, {call.what}).",
                retry_after=_seconds(answer.retry_after),
            )
        # 204: a pod that no node has yet, of whose log there is nothing.
        if call.plain and status in (200, 204):
            return Reply(status, {"text": body.decode(errors="replace")})
        content = _json_object(body)
        if content is not None:
            return Reply(status, content, _warnings(answer.warnings))
        if status == 404:
            # The API server's own words for a path that it does not know are plain text.
            return Reply(status, {})
        raise (_MayPass if status >= 500 else ClusterUnreachable)(
            f"{self._server} did not answer as a Kubernetes API server does (HTTP {status}, {call.what})."
        )


class _MayPass(ClusterUnreachable):
    """A failure that another attempt may not see."""


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _warnings(headers: Iterable[str]) -> tuple[str, ...]:
    found = (match for header in headers for match in _WARNING.finditer(header))
    return tuple(re.sub(r"\\(.)", r"\1", match[1]) for match in found)
