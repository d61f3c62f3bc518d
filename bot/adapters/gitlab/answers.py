"""What an answer of GitLab's API means: its JSON, its refusals, its paging. Pure functions on bytes."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from yarl import URL

from bot.core.errors import ForgeRefused, TransientError

LONGEST_WORDS = 400

_TOKEN = re.compile(r"\b(?:gl[a-z]{2,8}-|whsec_|GR1348941)[\w.=+/-]{8,}")
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*?\brel="?next\b')
_CODES: dict[int, str] = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.CONFLICT: "conflict",
}


class RateLimited(TransientError):
    """GitLab did nothing because we asked too often (429): any request may be sent again after the wait."""


class ShutOut(TransientError):
    """GitLab knows our token no more, or shows it too little: an operator has to mend that, and work waits.

    Nothing was done. It is not a refusal of what was asked, nor ever to be read as "there is no such thing".
    """

    def __init__(self, what: str, status: int) -> None:
        super().__init__(what)
        self.status = status


_SHUT_OUT = (
    (
        HTTPStatus.UNAUTHORIZED,
        re.compile(""),
        "it does not take our token: revoked, expired or mistyped. "
        "Put a valid one (scope api) where gitlab.token says",
    ),
    (
        HTTPStatus.FORBIDDEN,
        re.compile(""),
        "our token may not do that. It needs the scope api and the role maintainer in the project",
    ),
    (
        HTTPStatus.NOT_FOUND,
        re.compile("404 Project Not Found"),
        "it shows us no such project. Make the bot's user a member, or mend projects in the configuration",
    ),
)
"""Refusals that are about us and not about what was asked: status, GitLab's words, ours."""


def check(
    status: int, headers: Mapping[str, str], body: bytes, what: str, now: datetime, mask: Callable[[str], str]
) -> None:
    """Passes a usable answer; `what` names the request in errors, `mask` hides secrets in GitLab's words.

    Raises RateLimited, ShutOut, TransientError (5xx, 408, not an answer of the API at all) or ForgeRefused.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(headers.get("retry-after"), now)
        raise RateLimited(f"GitLab limits how often we may ask ({what}).", retry_after=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        wait = retry_after(headers.get("retry-after"), now)
        raise TransientError(f"GitLab answered {status} to {what}.", retry_after=wait)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        if body or status == HTTPStatus.OK:
            parse(headers, body, what)
        return
    if status == HTTPStatus.NOT_FOUND and not _is_json(headers):
        # A proxy before GitLab says 404 for a route that it has lost; that must not read as "deleted".
        raise TransientError(f"Something that is not GitLab's API answered 404 to {what}.")
    said = words(headers, body, mask)
    for known, pattern, meaning in _SHUT_OUT:
        if status == known and pattern.search(said):
            added = f" ({said})" if said and status == HTTPStatus.FORBIDDEN else ""
            raise ShutOut(f"GitLab answered {status} to {what}{added}: {meaning}.", status)
    text = f"GitLab refused {what} ({status})" + (f": {said}" if said else ".")
    raise ForgeRefused(text, status=status, code=_CODES.get(status, "refused"))


def parse(headers: Mapping[str, str], body: bytes, what: str) -> Any:
    """The answer's JSON. Raises TransientError where it is something else: HTML of a proxy, or cut short."""
    if not _is_json(headers):
        raise TransientError(f"The answer to {what} is not JSON but {_kind(headers) or 'without a type'}.")
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise TransientError(f"The answer to {what} is not whole JSON.") from None


def words(headers: Mapping[str, str], body: bytes, mask: Callable[[str], str]) -> str:
    """What GitLab says in a refusal, on one line, without anything that looks like a token, and masked: it
    may quote what people wrote (a CI file's variables, a branch) into notes, the trail and our log.
    """
    if not _is_json(headers):
        return ""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(said, dict):
        said = [said[key] for key in ("message", "error", "error_description") if key in said]
    flat = " ".join(_flat(said).split())
    return mask(_TOKEN.sub("…", flat))[:LONGEST_WORDS]


def _flat(said: Any) -> str:
    match said:
        case dict():
            return "; ".join(f"{key}: {_flat(value)}" for key, value in said.items())
        case list():
            return "; ".join(_flat(item) for item in said)
        case None:
            return ""
        case _:
            return str(said)


def retry_after(raw: str | None, now: datetime) -> float | None:
    """The wait in seconds that a Retry-After header (seconds or a date, RFC 9110) asks for, or None."""
    if not raw:
        return None
    if raw.strip().isdigit():
        return float(min(int(raw.strip()[:9]), 86_400))
    try:
        return max(0.0, (parsedate_to_datetime(raw) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def next_page(headers: Mapping[str, str]) -> str | None:
    """The address of the next page (RFC 8288), or None on the last one."""
    found = _NEXT.search(headers.get("link", ""))
    return found.group(1) if found else None


def at_home(home: URL, url: str, what: str) -> URL:
    """The address, sent to the GitLab that we know: same host, and below its path.

    Only the host is compared, because a GitLab behind a proxy may write `http://` or another port into its
    links; scheme and port are always ours. Raises ForgeRefused (`foreign-address`): our token stays at home.
    """
    there = home.join(URL(url, encoded=True))
    if there.host != home.host or not there.raw_path.startswith(home.raw_path):
        raise ForgeRefused(f"GitLab pointed {what} to another address.", status=0, code="foreign-address")
    query = f"?{there.raw_query_string}" if there.raw_query_string else ""
    return URL(f"{home.origin()}{there.raw_path}{query}", encoded=True)


def route(path: str) -> str:
    """The template of an API path, for metrics: numbers, names and shas become placeholders."""
    parts = path.partition("/api/v4/")[2].split("/")
    return "/".join(_placeholder(before, part) for before, part in zip(["", *parts], parts, strict=False))


def _placeholder(before: str, part: str) -> str:
    named = before in {"projects", "branches", "commits", "statuses", "discussions", "users", "all"}
    return ":id" if named or part.isdigit() else part


def _is_json(headers: Mapping[str, str]) -> bool:
    return _kind(headers) in ("application/json", "application/problem+json")


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
