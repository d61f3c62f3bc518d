"""Where the chart of a helmfile's release comes from."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.core.errors import AuthorError
from bot.core.layouts.chart_reference import is_exact_version
from bot.core.layouts.files import Files, joined
from bot.core.layouts.form import shown
from bot.core.layouts.helmfile_entry import Entry
from bot.core.layouts.helmfile_paths import is_remote, shortened
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, read_mapping
from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, ChartSource
from bot.core.values import described


@dataclass(frozen=True, slots=True)
class Charts:
    """Finds charts for the releases of one helmfile; `repositories` are those that it may name."""

    files: Files
    state: State
    repositories: Mapping[str, Entry]

    def chart(self, entry: Entry, *, installed: bool) -> ChartSource:
        """The chart. Raises AuthorError where it is not one that can be pinned and fetched."""
        name = self.state.settings.get("chart") or entry.text("chart")
        if not name:
            raise entry.wrong("bad-chart", "A release needs a `chart`.")
        if name.startswith("oci://"):
            return self._oci(name, entry, installed)
        if is_remote(name):
            raise entry.wrong(
                UNSUPPORTED,
                f"The chart `{shortened(name)}` is neither of a repository, a registry nor this project.",
                "chart",
            )
        if name.startswith("/"):
            raise entry.wrong("path-escape", "The chart lies outside of the checkout.", "chart")
        path = joined(self.state.base, name, where=entry.at("chart"))
        if self._is_directory(path) or _is_path(name) or name.endswith(".tgz"):
            return self._in_checkout(path, entry, installed)
        repository, _, chart = name.partition("/")
        if repository not in self.repositories:
            raise entry.wrong(
                "unknown-repository",
                f"This helmfile has no repository `{shown(repository)}`, and there is no such directory.",
                "chart",
                fix="Add it to `repositories`.",
            )
        return self._in_repository(self.repositories[repository], chart, entry, installed)

    def _is_directory(self, path: str) -> bool:
        return bool(self.files.names(path))

    def _in_checkout(self, path: str, entry: Entry, installed: bool) -> ChartInCheckout:
        names = self.files.names(path)
        if not path.endswith(".tgz") and "Chart.yaml" not in names and installed:
            if names:
                raise entry.wrong(
                    UNSUPPORTED,
                    f"`{path}` holds no Chart.yaml; helmfile would make a chart of it with kustomize.",
                    "chart",
                )
            raise entry.wrong("chart-missing", f"There is no chart at `{path}`.", "chart")
        return ChartInCheckout(path)

    def _oci(self, name: str, entry: Entry, installed: bool) -> ChartInRegistry:
        if "@" in name or "@" in entry.text("version"):
            raise entry.wrong(UNSUPPORTED, "A chart pinned by its digest is not read.", "chart")
        head, slash, tail = name.rpartition("/")
        chart, _, tag = tail.partition(":")
        version = entry.text("version") or tag
        return ChartInRegistry(f"{head}{slash}{chart}", self._exact(version, chart, entry, installed))

    def _in_repository(
        self, repository: Entry, chart: str, entry: Entry, installed: bool
    ) -> ChartInRepository | ChartInRegistry:
        address = repository.text("url").rstrip("/")
        if repository.text("managed"):
            raise repository.wrong(UNSUPPORTED, "A repository with `managed` is not read.", "managed")
        version = self._exact(entry.text("version"), chart, entry, installed)
        if repository.flag("oci"):
            address = address.removeprefix("oci://")
            _check(f"oci://{address}", repository)
            return ChartInRegistry(f"oci://{address}/{chart}", version)
        _check(address, repository)
        if address.startswith("oci://"):
            return ChartInRegistry(f"{address}/{chart}", version)
        return ChartInRepository(address, chart, version)

    def _exact(self, version: str, chart: str, entry: Entry, installed: bool) -> str:
        locked = self._locked(chart.rpartition("/")[2], entry)
        if is_exact_version(version) and (not locked or version in locked):
            return version
        if not version and locked:
            return locked[0]
        if len(locked) == 1 and not is_exact_version(version):
            return locked[0]
        if not installed:
            return version
        said = f"not {described(version)}" if version else "and it is missing"
        raise entry.wrong(
            "version-not-exact",
            f"`version` is one exact version such as 1.2.3, {said}; else it changes with time what is taken.",
            "version",
            fix="Write the version, or commit the lock file that `helmfile deps` writes.",
        )

    def _locked(self, chart: str, entry: Entry) -> list[str]:
        """The versions of a chart that the lock file beside the helmfile pins."""
        name = posixpath.basename(self.state.file).removesuffix(".gotmpl").rpartition(".")[0]
        path = self.state.settings.get("lockFilePath") or f"{name}.lock"
        whole = joined(self.state.base, path, where=entry.at())
        text = self.files.text(whole)
        lock: dict[str, Any] = read_mapping(text, whole) if text else {}
        found = lock.get("dependencies")
        return [
            str(one.get("version"))
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict) and one.get("name") == chart
        ]


def _is_path(name: str) -> bool:
    """Whether helmfile takes this for a path rather than for a chart of a repository."""
    return name.startswith(("./", "../")) or name.count("/") not in (1, 2)


def _check(address: str, repository: Entry) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if "@" in parts.netloc:
        raise repository.wrong(
            "bad-repository",
            "Credentials do not belong into this file; the bot's charts.credentials holds them.",
            "url",
        )
    if parts.scheme not in ("http", "https", "oci") or not host:
        raise AuthorError(
            f"Charts are fetched by https:// and oci://, not from `{shortened(address)}`.",
            where=repository.at("url"),
            code=UNSUPPORTED,
        )
