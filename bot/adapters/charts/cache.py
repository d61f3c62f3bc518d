"""The port Charts: charts of checkouts, repositories and registries in one store, checked on the way."""

import asyncio
import hashlib
import os
import weakref
from collections.abc import Collection, Iterable
from typing import Final, assert_never

import structlog
from yarl import URL

from bot.adapters.charts.archive import MAX_PACKED, inspect
from bot.adapters.charts.assembly import Assembly
from bot.adapters.charts.directory import not_found, read_directory
from bot.adapters.charts.hosts import checked_url
from bot.adapters.charts.http import Answer, ChartHttp
from bot.adapters.charts.index import MAX_INDEX, Listed, pick
from bot.adapters.charts.metadata import read_metadata
from bot.adapters.charts.registry import pull, registry_url
from bot.adapters.charts.store import ChartStore
from bot.adapters.checkout import read_regular
from bot.adapters.checkout_path import inside
from bot.app.ports import Checkout
from bot.core.chart_credential import ChartCredential
from bot.core.errors import AuthorError, Where
from bot.core.layouts.catalogue import BUNDLED
from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, ChartSource
from bot.core.release import LocalChart

log = structlog.get_logger()

INDEX_TTL: Final = 300.0
"""Seconds for which a repository's index is not asked for again."""


class ChartCache:
    """Keeps charts below `directory`; may be shared with other processes.

    `bundled` is the directory of the charts of `purser:charts`.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        bundled: str | os.PathLike[str] | None = None,
        credentials: Iterable[ChartCredential] = (),
        index_ttl: float = INDEX_TTL,
    ) -> None:
        self._store = ChartStore(os.fspath(directory))
        self._bundled = os.path.realpath(bundled) if bundled is not None else None
        self._credentials = {one.host: one for one in credentials}
        self._index_ttl = index_ttl
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def fetch(
        self, source: ChartSource, checkout: Checkout, allowed_hosts: Collection[str]
    ) -> LocalChart:
        """See the port."""
        match source:
            case ChartInCheckout(path=path):
                root = await asyncio.to_thread(os.path.realpath, checkout.root)
                return await self._in_checkout(path, root, allowed_hosts)
            case ChartInRepository(repository=repository) if repository == BUNDLED:
                return await self._in_bundle(source)
            case ChartInRepository() | ChartInRegistry():
                return await self._remote(source, allowed_hosts)
            case _:
                assert_never(source)

    async def _in_checkout(self, path: str, root: str, allowed: Collection[str]) -> LocalChart:
        if path.endswith(".tgz"):
            return await asyncio.to_thread(self._archive, root, path)
        files = await asyncio.to_thread(read_directory, root, path)
        return await self._assembled(files, root, path, allowed)

    async def _assembled(
        self, files: dict[str, bytes], root: str, path: str, allowed: Collection[str]
    ) -> LocalChart:
        """The directory with the charts that it needs, in the store."""

        async def bring(source: ChartInRepository | ChartInRegistry) -> LocalChart:
            return await self._remote(source, allowed)

        whole = await Assembly(root, bring).complete(files, path)
        metadata = read_metadata(whole, path)
        return await asyncio.to_thread(self._store.add_tree, whole, metadata.name, metadata.version)

    def _archive(self, root: str, path: str) -> LocalChart:
        data = read_regular(inside(root, path, code="chart-escape"), path, MAX_PACKED)
        if data is None:
            raise not_found(path)
        metadata = inspect(data, path)
        return self._store.add_archive(data, metadata.name, metadata.version)

    async def _in_bundle(self, source: ChartInRepository) -> LocalChart:
        if self._bundled is None:
            raise AuthorError("No charts come with this installation.", code="chart-not-found")
        files = await asyncio.to_thread(read_directory, self._bundled, source.name)
        chart = await self._assembled(files, self._bundled, source.name, ())
        _check_identity(chart, source.name, source.version, f"{BUNDLED}/{source.name}")
        return chart

    async def _remote(
        self, source: ChartInRepository | ChartInRegistry, allowed: Collection[str]
    ) -> LocalChart:
        """A chart from elsewhere: the one that was kept, else fetched once however many ask for it."""
        if isinstance(source, ChartInRepository):
            address = checked_url(source.repository, allowed)
            key = f"{source.repository}\n{source.name}\n{source.version}"
            name, where = source.name, f"{_host_of(address)}: {source.name} {source.version}"
        else:
            address = checked_url(registry_url(source, self._credentials), allowed)
            key = f"{source.reference}\n{source.version}"
            name, where = address.name, f"{source.reference} {source.version}"
        async with self._locked(key):
            kept = await asyncio.to_thread(self._store.pinned, key)
            if kept is not None:
                return kept
            async with ChartHttp(allowed, self._credentials) as http:
                if isinstance(source, ChartInRepository):
                    data = await self._download(http, source, where)
                else:
                    data = await pull(http, source, address)
            chart = await asyncio.to_thread(self._admit, data, key, name, source.version, where)
        log.info("chart.fetched", chart=chart.name, version=chart.version, host=address.host)
        return chart

    def _admit(self, data: bytes, key: str, name: str, version: str, where: str) -> LocalChart:
        """Checks what came and keeps it; the same key has to mean the same bytes for ever."""
        digest = hashlib.sha256(data).hexdigest()
        before = self._store.pinned_digest(key)
        if before and before != digest:
            raise AuthorError(
                "The chart has other bytes than when this version was fetched first.",
                where=Where(where),
                fix="Ask who publishes it; a version must not change. Then use a new version.",
                code="chart-digest",
            )
        metadata = inspect(data, where)
        chart = self._store.add_archive(data, metadata.name, metadata.version)
        _check_identity(chart, name, version, where)
        self._store.pin(key, chart)
        return chart

    async def _download(self, http: ChartHttp, source: ChartInRepository, where: str) -> bytes:
        listed = await self._listed(http, source)
        base = URL(source.repository.rstrip("/") + "/")
        try:
            target = base.join(URL(listed.url))
        except ValueError:
            raise AuthorError(
                "The index names no address for it.", where=Where(where), code="chart-invalid"
            ) from None
        answer = await http.get(str(target), limit=MAX_PACKED)
        if answer.status != 200:
            raise _unavailable(http, where, answer)
        if listed.digest and hashlib.sha256(answer.body).hexdigest() != listed.digest:
            raise AuthorError(
                "The chart's bytes do not match the digest in the repository's index.",
                where=Where(where),
                fix="Ask who runs the repository.",
                code="chart-digest",
            )
        return answer.body

    async def _listed(self, http: ChartHttp, source: ChartInRepository) -> Listed:
        """What the index says, from a recent one if it knows the version, else from the newest."""
        address = f"{source.repository.rstrip('/')}/index.yaml"
        async with self._locked(address):
            kept = await asyncio.to_thread(self._store.index, address)
            if kept is not None and kept.age < self._index_ttl:
                try:
                    return await asyncio.to_thread(pick, kept.body, address, source.name, source.version)
                except AuthorError:
                    pass
            headers = {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}
            answer = await http.get(address, limit=MAX_INDEX, headers=headers)
            if answer.status == 304 and kept is not None:
                body, etag = kept.body, kept.etag
            elif answer.status == 200:
                body, etag = answer.body, answer.headers.get("etag", "")
            else:
                raise _unavailable(http, address, answer)
            listed = await asyncio.to_thread(pick, body, address, source.name, source.version)
            await asyncio.to_thread(self._store.keep_index, address, body, etag)
            return listed

    def _locked(self, key: str) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock


def _check_identity(chart: LocalChart, name: str, version: str, where: str) -> None:
    if chart.name != name or chart.version.removeprefix("v") != version.removeprefix("v"):
        raise AuthorError(
            f"The chart that was asked for calls itself {chart.name} {chart.version}.",
            where=Where(where),
            code="chart-invalid",
        )


def _unavailable(http: ChartHttp, where: str, answer: Answer) -> AuthorError:
    if answer.status == 401:
        return http.forbidden(answer, where)
    return AuthorError(
        "The repository does not have it (or shows it only to others).",
        where=Where(where),
        fix="Check the repository's address, the chart and the version; for a private one, what the "
        "credential may read.",
        code="chart-not-found",
    )


def _host_of(url: URL) -> str:
    return url.host or ""
