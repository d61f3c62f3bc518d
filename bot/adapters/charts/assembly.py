"""Completes a chart directory with the charts that it needs, so that Helm finds all of them in `charts/`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from bot.adapters.charts.directory import MAX_BYTES, read_directory
from bot.adapters.charts.metadata import Dependency, invalid, missing_dependencies, read_metadata
from bot.core.errors import AuthorError, Where
from bot.core.layouts.chart_reference import is_exact_version
from bot.core.layouts.files import joined
from bot.core.model import ChartInRegistry, ChartInRepository
from bot.core.release import LocalChart

_MAX_DEPTH: Final = 5

Bring: TypeAlias = Callable[[ChartInRepository | ChartInRegistry], Awaitable[LocalChart]]
"""Fetches a chart from elsewhere into the store, as an archive."""


class Assembly:
    """One chart of a checkout being completed. `root` is the checkout's, without symlinks."""

    def __init__(self, root: str, bring: Bring) -> None:
        self._root = root
        self._bring = bring

    async def complete(self, files: Mapping[str, bytes], path: str, depth: int = 0) -> dict[str, bytes]:
        """The files with those of the missing dependencies.

        `path` is the chart's in the checkout. Raises AuthorError (`chart-dependency`, `chart-escape`,
        `chart-invalid`) or what fetching raises.
        """
        if depth > _MAX_DEPTH:
            raise _unmet("Charts of the checkout need each other, or through too many others.", path, "")
        metadata = read_metadata(files, path)
        whole = dict(files)
        for dependency in missing_dependencies(metadata, files, path):
            whole |= await self._found(dependency, path, depth)
            if sum(map(len, whole.values())) > MAX_BYTES:
                raise invalid(
                    f"With what it needs, the chart is larger than {MAX_BYTES // 1_000_000} MB.", path
                )
        return whole

    async def _found(self, dependency: Dependency, path: str, depth: int) -> dict[str, bytes]:
        name, repository = dependency.name, dependency.repository
        if repository.startswith("file://"):
            return await self._from_checkout(dependency, path, depth)
        version = dependency.locked or dependency.version
        if not repository.startswith(("https://", "http://", "oci://")):
            raise _unmet(
                f"The chart needs {name}, which is not in its charts/ directory.",
                path,
                "Add it there, or name its repository by its address in Chart.yaml.",
            )
        if not is_exact_version(version):
            raise _unmet(
                f"The chart needs {name} in a version that is not exact ({version[:40]}).",
                path,
                "Add the Chart.lock that `helm dependency update` writes.",
            )
        if repository.startswith("oci://"):
            chart = await self._bring(ChartInRegistry(f"{repository.rstrip('/')}/{name}", version))
        else:
            chart = await self._bring(ChartInRepository(repository.rstrip("/"), name, version))
        return {f"charts/{name}-{chart.version}.tgz": await asyncio.to_thread(Path(chart.path).read_bytes)}

    async def _from_checkout(self, dependency: Dependency, path: str, depth: int) -> dict[str, bytes]:
        try:
            place = joined(
                path, dependency.repository.removeprefix("file://"), where=Where(f"{path}/Chart.yaml")
            )
        except AuthorError as error:
            raise AuthorError(error.what, where=error.where, fix=error.fix, code="chart-escape") from None
        found = await asyncio.to_thread(read_directory, self._root, place)
        files = await self.complete(found, place, depth + 1)
        return {f"charts/{dependency.name}/{name}": data for name, data in files.items()}


def _unmet(what: str, path: str, fix: str) -> AuthorError:
    return AuthorError(what, where=Where(f"{path}/Chart.yaml"), fix=fix, code="chart-dependency")
