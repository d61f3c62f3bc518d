"""Fetches from chart repositories and registries: every hop checked, every answer bounded."""

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Final

import aiohttp
from yarl import URL

from bot.adapters.charts.hosts import CheckedResolver, checked_url, place_of
from bot.core.chart_credential import ChartCredential
from bot.core.errors import AuthorError, TransientError, Where

MAX_REDIRECTS: Final = 5
_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=30)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said. `url` is where the answer came from in the end; header names are lower-case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


class ChartHttp:
    """One fetch's HTTP: an asynchronous context manager over a session of its own.

    `credentials` are by the place (`host:port`) that each is for.
    """

    def __init__(self, allowed: Collection[str], credentials: Mapping[str, ChartCredential]) -> None:
        self._allowed = allowed
        self._credentials = credentials
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "ChartHttp":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=CheckedResolver(self._allowed), use_dns_cache=False),
            timeout=_TIMEOUT,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self, address: str, *, limit: int, headers: Mapping[str, str] | None = None, authorization: str = ""
    ) -> Answer:
        """The answer to a GET, after redirects: 2xx, 304, 401 and 404 are given, of at most `limit` bytes.

        `authorization` goes only to the host that is asked first; a credential only to the host it is for,
        and by https only. Raises TransientError or AuthorError: `chart-host-refused`, `chart-credential` for
        403, `chart-invalid` for a larger answer, `chart-not-found` for other refusals.
        """
        first = url = checked_url(address, self._allowed)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._once(url, limit, self._headers(url, first, headers or {}, authorization))
            if answer.status not in _REDIRECTS:
                if answer.status == 403:
                    raise self.forbidden(answer)
                return _judged(answer, url)
            url = self._next(url, answer)
        raise AuthorError(
            f"{_shown(first)} redirects more than {MAX_REDIRECTS} times.", code="chart-not-found"
        )

    def forbidden(self, answer: Answer, where: str = "") -> AuthorError:
        """What to say where a host wants a credential, or another one than it was told."""
        url = URL(answer.url)
        host = place_of(url).removesuffix(":443")
        if self._credential(url):
            what = f"{host} does not accept the bot's credential for it (status {answer.status})."
            fix = (
                f"Let an administrator correct the entry of {host} in charts.credentials: has the password "
                "expired, may the user read this?"
            )
        elif url.scheme == "http" and place_of(url) in self._credentials:
            what = f"{host} wants a credential, and the bot tells none over http."
            fix = "Use an https:// address."
        else:
            what = f"{host} lets only those read this who have a credential (status {answer.status})."
            fix = f"Let an administrator add an entry for {host} to charts.credentials, or check the address."
        shown = where or _shown(url)
        return AuthorError(what, where=Where(shown), fix=fix, code="chart-credential")

    def _credential(self, url: URL) -> ChartCredential | None:
        return self._credentials.get(place_of(url)) if url.scheme == "https" else None

    def _headers(self, url: URL, first: URL, headers: Mapping[str, str], given: str) -> dict[str, str]:
        chosen = {"Accept-Encoding": "identity", "User-Agent": "purser", **headers}
        credential = self._credential(url)
        if given and url.origin() == first.origin():
            chosen["Authorization"] = given
        elif credential is not None:
            chosen["Authorization"] = credential.basic
        return chosen

    def _trust(self, url: URL) -> ssl.SSLContext | bool:
        credential = self._credential(url)
        if credential is None or credential.ca_file is None:
            return True
        try:
            return _trusting(credential.ca_file)
        except (OSError, ssl.SSLError):
            raise AuthorError(
                f"The certificates that {credential.host} is trusted by cannot be read.",
                fix=f"Let an administrator correct ca_file of {credential.host} in charts.credentials.",
                code="chart-credential",
            ) from None

    async def _once(self, url: URL, limit: int, headers: Mapping[str, str]) -> Answer:
        if self._session is None:
            raise RuntimeError("ChartHttp is used outside of its context")
        trust = self._trust(url)
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False, ssl=trust) as response:
                body = bytearray()
                async for part in response.content.iter_chunked(1 << 16):
                    body += part
                    if len(body) > limit:
                        raise AuthorError(
                            f"{_shown(url)} is larger than {limit // 1_000_000} MB.", code="chart-invalid"
                        )
                named = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, str(url), named, bytes(body))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TransientError(f"{url.host} did not answer ({type(error).__name__}).") from None

    def _next(self, url: URL, answer: Answer) -> URL:
        location = answer.headers.get("location", "")
        try:
            target = url.join(URL(location, encoded=True)) if location else None
        except ValueError:
            target = None
        if target is None:
            raise TransientError(f"{url.host} redirects without saying where to.")
        if url.scheme == "https" and target.scheme == "http":
            raise AuthorError(f"{_shown(url)} redirects from https to http.", code="chart-host-refused")
        return checked_url(target, self._allowed)


@lru_cache(maxsize=16)
def _trusting(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=ca_file)
    return context


def _judged(answer: Answer, url: URL) -> Answer:
    if answer.status >= 500 or answer.status in (408, 429):
        raise TransientError(
            f"{url.host} answered {answer.status}.", retry_after=_seconds(answer.headers.get("retry-after"))
        )
    if answer.status < 300 or answer.status in (304, 401, 404):
        return answer
    raise AuthorError(
        f"{_shown(url)} was refused with status {answer.status}.",
        fix="Check the address.",
        code="chart-not-found",
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None


def _shown(url: URL) -> str:
    """An address without its query, which may hold a signature."""
    return f"{url.scheme}://{url.authority}{url.path}"
