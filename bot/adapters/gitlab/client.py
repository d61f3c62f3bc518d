"""GitLab's API over HTTP: gidgetlab's client with the patience and the caution that it lacks.

What gidgetlab leaves open and this closes: no time-out, no retry, 429 is a plain refusal, the token goes to
any host that a Link header or a redirect names, paging may loop for ever, HTML passes for an answer.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import gidgetlab.abc
import gidgetlab.aiohttp
import stamina
from gidgetlab.abc import JSON_UTF_8_CHARSET
from yarl import URL

from bot.adapters.gitlab import answers
from bot.adapters.gitlab.answers import RateLimited, ShutOut
from bot.adapters.gitlab.trust import trusting
from bot.core.errors import ForgeRefused, TransientError

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_MOVED = frozenset({301, 302, 303, 307, 308})
_HOPS = 3
_MAX_BODY = 64 * 1024 * 1024
_CHUNK = 64 * 1024
Params = Mapping[str, str | bool]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for GitLab; all in seconds.

    `connect` and `total` bound one try, `budget` all tries of one request with the waits between them.
    """

    connect: float = 10.0
    total: float = 30.0
    budget: float = 60.0
    attempts: int = 5
    first_wait: float = 0.2
    longest_wait: float = 8.0
    jitter: float = 0.5


@dataclass(frozen=True, slots=True)
class Answered:
    """One request that was sent, for metrics.

    `status` is None where no answer came, `remaining` what is left of the rate limit where GitLab says so,
    `attempt` counts the tries of one request, from 1.
    """

    method: str
    route: str
    status: int | None
    seconds: float
    remaining: int | None
    attempt: int = 1


def _nobody(answered: Answered) -> None:
    """Observes nothing."""


class GitLabClient(gidgetlab.aiohttp.GitLabAPI):
    """Requests below `<url>/api/v4`. At most `concurrency` at a time.

    All calls raise TransientError (no answer, 5xx, 429 beyond the patience, not JSON), its kind ShutOut (401,
    403, a project that we may not see; not tried again here) and ForgeRefused (other 4xx). GET, PUT and
    DELETE are tried again; POST only where GitLab says 429, because then nothing was done: whoever POSTs
    looks first, and looks again after a TransientError.
    `requests` counts what was sent, tries included. `mask` hides secrets in what GitLab says in a refusal.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: Callable[[], str],
        *,
        mask: Callable[[str], str],
        patience: Patience = Patience(),
        concurrency: int = 8,
        observe: Callable[[Answered], None] = _nobody,
    ) -> None:
        super().__init__(session, "purser", url=url)
        self.patience = patience
        self.requests = 0
        self._home = URL(self.api_url)
        self._token = token
        self._mask = mask
        self._slots = asyncio.Semaphore(concurrency)
        self._observe = observe

    async def find(self, url: str, params: Params | None = None) -> Any:
        """The item, or None where there is none (404)."""
        try:
            return await self.getitem(url, dict(params or {}))
        except ForgeRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    async def getiter(
        self, url: str, params: Mapping[str, Any] | None = None, *, pages: int = 200
    ) -> AsyncGenerator[Any, None]:
        """Every item of every page, 100 a page, by Link headers.

        Raises ForgeRefused (`too-many-pages`) beyond `pages` or where a page leads to one that was seen: a
        list is whole, or it is an error.
        """
        address: str | None = self.format_url(url, {"per_page": 100, **(params or {})})
        seen: set[str] = set()
        while address is not None:
            if address in seen or len(seen) >= pages:
                raise ForgeRefused(f"GitLab's list {url} does not end.", status=0, code="too-many-pages")
            seen.add(address)
            items, following = await self._make_request("GET", address, {}, b"")
            address = following and str(self._home.join(URL(following, encoded=True)))
            if not isinstance(items, list):
                raise TransientError(f"GitLab's list {url} is not a list.")
            for item in items:
                yield item

    async def tail(self, url: str, keep: int) -> bytes | None:
        """The last `keep` bytes of a plain text of any length, read as a stream; None where there is none."""
        try:
            _, _, body = await self._patiently("GET", self.format_url(url, {}), {}, b"", keep)
        except ForgeRefused as refusal:
            if refusal.status == 404:
                return None
            raise
        return body

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        _, received, content = await self._patiently(method, url, headers, body, None)
        return 200, _for_gidgetlab(received), content

    async def _patiently(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, keep: int | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        what = f"{method} {URL(url, encoded=True).raw_path}"
        address = answers.at_home(self._home, url, what)
        patience, loop = self.patience, asyncio.get_running_loop()
        ends = loop.time() + patience.budget

        def again(error: Exception) -> bool | float:
            if not isinstance(error, TransientError) or isinstance(error, ShutOut):
                return False
            if not isinstance(error, RateLimited) and method not in _REPEATABLE:
                return False
            if error.retry_after is None:
                return True
            wait = error.retry_after + random.uniform(0, patience.jitter)
            return wait if loop.time() + wait < ends else False

        async for attempt in stamina.retry_context(
            on=again,
            attempts=patience.attempts,
            timeout=patience.budget,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        ):
            with attempt:
                return await self._follow(method, address, headers, body, what, keep, attempt.num)
        raise AssertionError("the last attempt raises")

    async def _follow(
        self,
        method: str,
        address: URL,
        headers: Mapping[str, str],
        body: bytes,
        what: str,
        keep: int | None,
        attempt: int,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One try, along redirects (a renamed project answers GET with one) as long as they stay at home."""
        for _ in range(_HOPS):
            sending = self._send(method, address, headers, body, what, keep, attempt)
            status, received, content = await sending
            if status in _MOVED and method == "GET" and "location" in received:
                address = answers.at_home(self._home, str(address.join(URL(received["location"]))), what)
                continue
            if keep is None or status >= 300:
                answers.check(status, received, content, what, datetime.now(UTC), self._mask)
            return status, received, content
        raise ForgeRefused(f"GitLab redirects {what} in a circle.", status=310, code="redirected")

    async def _send(
        self,
        method: str,
        address: URL,
        headers: Mapping[str, str],
        body: bytes,
        what: str,
        keep: int | None,
        attempt: int,
    ) -> tuple[int, Mapping[str, str], bytes]:
        sent = {**headers, "user-agent": self.requester, "private-token": self._token()}
        patience, loop = self.patience, asyncio.get_running_loop()
        timeout = aiohttp.ClientTimeout(total=patience.total, sock_connect=patience.connect)
        status: int | None = None
        remaining: int | None = None
        async with self._slots:
            started = loop.time()
            self.requests += 1
            try:
                async with self._session.request(
                    method, address, headers=sent, data=body or None, timeout=timeout, allow_redirects=False
                ) as response:
                    status, remaining = response.status, _number(response.headers.get("ratelimit-remaining"))
                    received = {name.lower(): value for name, value in response.headers.items()}
                    return status, received, await _read(response, keep if status < 300 else None, what)
            except TimeoutError:
                raise TransientError(f"GitLab did not answer {what} in {patience.total:g} s.") from None
            except (aiohttp.ClientError, OSError) as error:
                raise TransientError(f"GitLab could not be reached for {what}: {_reason(error)}.") from None
            finally:
                took, route = loop.time() - started, answers.route(address.raw_path)
                self._observe(Answered(method, route, status, took, remaining, attempt))


async def _read(response: aiohttp.ClientResponse, keep: int | None, what: str) -> bytes:
    """The body; with `keep` only its last bytes, and only of plain text."""
    if keep is not None and response.content_type not in ("text/plain", "application/octet-stream"):
        raise TransientError(f"The answer to {what} is not plain text but {response.content_type}.")
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if keep is not None and len(content) > keep + _CHUNK:
            del content[:-keep]
        elif len(content) > _MAX_BODY:
            raise ForgeRefused(f"GitLab's answer to {what} is too large.", status=0, code="too-large")
    return bytes(content if keep is None else content[-keep:])


def _for_gidgetlab(received: Mapping[str, str]) -> dict[str, str]:
    """The headers that gidgetlab needs of an answer that was checked already."""
    following = answers.next_page(received)
    kept = {"content-type": JSON_UTF_8_CHARSET}
    return kept if following is None else {**kept, "link": f'<{following}>; rel="next"'}


def _number(raw: str | None) -> int | None:
    return int(raw) if raw is not None and raw.isdigit() else None


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted (the option ca_file names the authority's)"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name does not resolve"
    return type(error).__name__


@asynccontextmanager
async def open_client(
    url: str,
    token: Callable[[], str],
    *,
    mask: Callable[[str], str],
    ca_file: str | None = None,
    patience: Patience = Patience(),
    concurrency: int = 8,
    observe: Callable[[Answered], None] = _nobody,
) -> AsyncIterator[GitLabClient]:
    """A client with its own connections, closed at the end. `ca_file` (PEM) is trusted besides the system's.

    `token` is asked at each request, so that a renewed one counts at once; `mask`: see the client.
    Raises AuthorError (`ca-file`).
    """
    trust = await asyncio.to_thread(trusting, ca_file)
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=trust, keepalive_timeout=15)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, auto_decompress=True) as session:
        yield GitLabClient(
            *(session, url, token),
            mask=mask,
            patience=patience,
            concurrency=concurrency,
            observe=observe,
        )
