"""GitLab's offset paging: 20 a page, 100 at most, and the headers that go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aiohttp import web

from bot.demo.gitlab.errors import invalid

T = TypeVar("T")
_MANY = 10_000


def paged(request: web.Request, url: str, items: Sequence[T], show: Callable[[T], Any]) -> web.Response:
    """The page of `items` the request asks for; `url` is the server's address as its clients know it."""
    page, size = _positive(request, "page", 1), min(_positive(request, "per_page", 20), 100)
    total, last = len(items), max(1, -(-len(items) // size))
    shown = items[(page - 1) * size : page * size]

    def link(number: int, rel: str) -> str:
        query = {**request.query, "page": str(number), "per_page": str(size)}
        here = request.rel_url.with_query(query)
        return f'<{url}{here}>; rel="{rel}"'

    links = [link(page - 1, "prev")] if 1 < page <= last + 1 else []
    links += [link(page + 1, "next")] if page < last else []
    links.append(link(1, "first"))
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(page - 1) if 1 < page <= last + 1 else "",
        "X-Next-Page": str(page + 1) if page < last else "",
    }
    if total <= _MANY:  # beyond that GitLab stops counting
        links.append(link(last, "last"))
        headers |= {"X-Total": str(total), "X-Total-Pages": str(last)}
    headers["Link"] = ", ".join(links)
    return web.json_response([show(item) for item in shown], headers=headers)


def _positive(request: web.Request, name: str, default: int) -> int:
    raw = request.query.get(name, "")
    if not raw:
        return default
    if not raw.lstrip("-").isdigit():
        raise invalid(f"{name} is invalid")
    if int(raw) < 1:
        raise invalid(f"{name} does not have a valid value")
    return int(raw)
