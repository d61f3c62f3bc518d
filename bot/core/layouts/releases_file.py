"""Our own layout: `releases.yaml`, a plain list of Helm releases (version 1).

A release that is not listed is not managed; `installed: false` uninstalls it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from bot.core.composing import Path
from bot.core.errors import AuthorError, Where
from bot.core.layouts.chart_reference import is_exact_version, is_namespace, is_release_name, seconds
from bot.core.layouts.files import Files, joined
from bot.core.layouts.form import REFUSED, Form, instead, shown, top_mapping
from bot.core.layouts.needs import checked_needs
from bot.core.layouts.values_files import read_values_file
from bot.core.manifest import source
from bot.core.model import (
    ChartInCheckout,
    ChartInRegistry,
    ChartInRepository,
    ChartSource,
    DesiredRelease,
    DesiredState,
    Level,
    Target,
)
from bot.core.values import Values, described, merge

RELEASES: Final = "releases.yaml"
NAME: Final = "releases"
_TOP: Final = ("version", "repositories", "releases")
_REPOSITORY: Final = ("name", "url")
_RELEASE: Final = (
    "name", "namespace", "chart", "version", "values", "inline", "installed", "needs", "createNamespace",
    "wait", "atomic", "timeout", "forceConflicts",
)  # fmt: skip


def read_releases(files: Files, target: Target) -> DesiredState:
    """The releases of `releases.yaml`. Mistakes in single releases become findings of level error.

    Raises AuthorError where the file as a whole cannot be read.
    """
    path = joined(target.path, RELEASES)
    text = files.text(path)
    if text is None:
        raise AuthorError("There is no such file.", where=Where(path), code="layout-missing")
    found = source(text, where=Where(path))
    top = top_mapping(found, "`version: 1` and a list of `releases`")
    if top.get("version") != 1 or isinstance(top["version"], bool):
        raise AuthorError(
            f"`version` is 1 in this kind of file, not {described(top.get('version'))}.",
            where=found.at("version"),
            fix="Begin the file with `version: 1`.",
            code="unknown-version",
        )
    form = Form(found)
    form.unknown_keys(top, _TOP, (), "unknown-key")
    reader = _Reader(files, target, form, _repositories(form, top))
    entries = form.items(top.get("releases"), ("releases",), "a list of releases")
    read = [(i, reader.release(("releases", i), entry)) for i, entry in enumerate(entries)]
    named = {f"{e.get('namespace')}/{e.get('name')}" for e in entries if isinstance(e, dict)}
    releases = checked_needs(form, [(("releases", i), one) for i, one in read if one is not None], named)
    return DesiredState(NAME, releases, tuple(form.findings))


def _repositories(form: Form, top: Mapping[str, Any]) -> dict[str, str]:
    known: dict[str, str] = {}
    for index, value in enumerate(
        form.items(top.get("repositories"), ("repositories",), "a list of repositories")
    ):
        path = ("repositories", index)
        entry = form.mapping(value, path, "a name and a url")
        if entry is None:
            continue
        form.unknown_keys(entry, _REPOSITORY, path, "unknown-key")
        name = form.text(entry.get("name"), (*path, "name"))
        url = form.text(entry.get("url"), (*path, "url"))
        if name is None or url is None:
            continue
        if name in known:
            form.error("duplicate-repository", path, f"The repository `{shown(name)}` stands twice.")
        elif complaint := _unfit(url):
            form.error("bad-repository", (*path, "url"), complaint)
        known.setdefault(name, url.rstrip("/"))
    return known


def _unfit(url: str) -> str:
    """What is wrong with a repository's address, or an empty text."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "This is no address."
    if "@" in parts.netloc:
        return "Credentials do not belong into this file; the bot's charts.credentials holds them."
    if parts.scheme not in ("http", "https", "oci") or not host:
        return "An address begins with https:// (or oci://) and names a host."
    return ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes releases of the entries of one file."""

    files: Files
    target: Target
    form: Form
    repositories: Mapping[str, str]

    def release(self, path: Path, value: Any) -> DesiredRelease | None:
        """One release, or None after a complaint."""
        form, before = self.form, len(self.form.findings)
        entry = form.mapping(value, path, "a release")
        if entry is None:
            return None
        form.unknown_keys(entry, _RELEASE, path, "unknown-key")
        name, namespace = self._names(entry, path)
        chart = self._chart(entry, path)
        switches = {
            key: form.boolean(entry.get(key), (*path, key), key in ("installed", "createNamespace"))
            for key in ("installed", "createNamespace", "wait", "atomic", "forceConflicts")
        }
        values, values_files = self._values(entry, path, bool(switches["installed"]))
        timeout = self._timeout(entry, path)
        needs = self._needs(entry, path)
        if any(finding.level is Level.ERROR for finding in form.findings[before:]) or chart is None:
            return None
        return DesiredRelease(
            name=name,
            namespace=namespace,
            chart=chart,
            values=values,
            values_files=values_files,
            installed=bool(switches["installed"]),
            needs=needs,
            create_namespace=bool(switches["createNamespace"]),
            wait=bool(switches["wait"]),
            atomic=bool(switches["atomic"]),
            force_conflicts=bool(switches["forceConflicts"]),
            timeout=timeout,
            where=form.source.at(*path),
        )

    def _names(self, entry: Mapping[str, Any], path: Path) -> tuple[str, str]:
        name = self.form.text(entry.get("name"), (*path, "name")) or ""
        namespace = self.form.text(entry.get("namespace"), (*path, "namespace")) or ""
        if name and not is_release_name(name):
            self.form.error(
                "bad-name",
                (*path, "name"),
                f"`{shown(name)}` cannot be a release's name.",
                "Use at most 53 lower-case letters, digits, dots and dashes.",
            )
        if namespace and not is_namespace(namespace):
            self.form.error(
                "bad-name",
                (*path, "namespace"),
                f"`{shown(namespace)}` cannot be a namespace's name.",
                "Use at most 63 lower-case letters, digits and dashes.",
            )
        return name, namespace

    def _chart(self, entry: Mapping[str, Any], path: Path) -> ChartSource | None:
        chart = self.form.text(entry.get("chart"), (*path, "chart"))
        if chart is None:
            return None
        if chart.startswith(("./", "../", "/")):
            return self._chart_in_checkout(chart, entry, path)
        version = self._version(entry, path)
        if chart.startswith("oci://"):
            return self._chart_in_registry(chart, version, path)
        repository, _, name = chart.partition("/")
        if not name or "/" in name:
            self.form.error(
                "bad-chart",
                (*path, "chart"),
                f"`{shown(chart)}` names no chart.",
                "Write repository/name, ./path or oci://registry/name.",
            )
        elif repository not in self.repositories:
            self.form.error(
                "unknown-repository",
                (*path, "chart"),
                f"There is no repository `{shown(repository)}` in this file.",
                instead(repository, self.repositories) if self.repositories else "Add it to `repositories`.",
            )
        elif version:
            address = self.repositories[repository]
            if address.startswith("oci://"):
                return ChartInRegistry(f"{address}/{name}", version)
            return ChartInRepository(address, name, version)
        return None

    def _chart_in_checkout(self, chart: str, entry: Mapping[str, Any], path: Path) -> ChartInCheckout | None:
        if entry.get("version") is not None:
            self.form.warning(
                "version-ignored", (*path, "version"), "The version of a chart in the checkout is its own."
            )
        where = self.form.source.at(*path, "chart")
        found = self.form.attempt(lambda: joined(self.target.path, chart, where=where))
        return None if found is REFUSED else ChartInCheckout(found)

    def _chart_in_registry(self, chart: str, version: str | None, path: Path) -> ChartInRegistry | None:
        if complaint := _unfit(chart):
            self.form.error("bad-chart", (*path, "chart"), complaint)
            return None
        return ChartInRegistry(chart.rstrip("/"), version) if version else None

    def _version(self, entry: Mapping[str, Any], path: Path) -> str | None:
        value = entry.get("version")
        if isinstance(value, str) and is_exact_version(value):
            return value
        said = f"not {described(value)}" if value is not None else "and it is missing"
        self.form.error(
            "version-not-exact",
            (*path, "version"),
            f"`version` is one exact version such as 1.2.3, {said}.",
            "Write the three numbers of the version; ranges are not taken.",
        )
        return None

    def _values(
        self, entry: Mapping[str, Any], path: Path, installed: bool
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        layers: list[Values] = []
        paths: list[str] = []
        for index, name in enumerate(
            self.form.items(entry.get("values"), (*path, "values"), "a list of files")
        ):
            at = (*path, "values", index)
            if self.form.text(name, at) is None or not installed:
                continue
            where = self.form.source.at(*at)
            read = self.form.attempt(lambda name=name, where=where: self._file(name, where))  # type: ignore[misc]
            if read is not REFUSED:
                file, values = read
                paths.append(file)
                layers.append(values)
        inline = entry.get("inline")
        if inline is not None:
            layers.append(self.form.mapping(inline, (*path, "inline"), "a mapping of values") or {})
        return merge(*layers), tuple(paths)

    def _file(self, name: str, where: Where) -> tuple[str, Values]:
        file = joined(self.target.path, name, where=where)
        read = read_values_file(self.files, file, f"{where} names it.")
        values, findings = read or ({}, [])
        self.form.findings += findings
        return file, values

    def _timeout(self, entry: Mapping[str, Any], path: Path) -> int:
        value = entry.get("timeout")
        found = 300 if value is None else seconds(value)
        if found is None:
            self.form.error(
                "bad-timeout",
                (*path, "timeout"),
                f"`timeout` takes seconds or a duration, not {described(value)}.",
                "Write 300, 5m or 1h30m; at most a day.",
            )
        return found or 300

    def _needs(self, entry: Mapping[str, Any], path: Path) -> tuple[str, ...]:
        needs = self.form.items(entry.get("needs"), (*path, "needs"), "a list of namespace/name")
        return tuple(
            need for i, need in enumerate(needs) if self.form.text(need, (*path, "needs", i)) is not None
        )
