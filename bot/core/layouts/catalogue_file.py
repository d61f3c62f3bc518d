"""Reads catalogue files.

Whoever runs the bot writes these, not the authors of changes, so the first mistake raises.
"""

from collections.abc import Mapping
from typing import Any

from bot.core.composing import Path, Source
from bot.core.errors import AuthorError, Where
from bot.core.layouts.catalogue import App, Catalogue, Companion, Option
from bot.core.layouts.chart_reference import is_exact_version
from bot.core.layouts.form import instead, top_mapping
from bot.core.manifest import source
from bot.core.model import ChartInCheckout, ChartInRegistry, ChartInRepository, ChartSource
from bot.core.values import described, merge

_TOP = {"version", "namespace", "apps"}
_APP = {
    "directory", "release", "namespace", "chart", "repository", "path", "version", "gitlabVersion", "values",
    "clusterTypes", "options", "companions", "variables", "wait", "atomic", "timeout",
}  # fmt: skip
_OPTION = {"type", "values", "sets", "requires"}
_COMPANION = {"release", "chart", "repository", "path", "version", "when", "values", "sets"}
_CHART = ("chart", "repository", "path", "version")
_CLUSTER_TYPES = ("gke", "eks", "blank")


def parse_catalogue(text: str, where: Where, *overrides: tuple[str, Where]) -> Catalogue:
    """The catalogue of this file with each override merged over it, app by app, key by key.

    An override may add apps, and need only say what differs; but `path` replaces repository, chart and
    version, and the other way round. An app that is null is taken out.

    Raises AuthorError (`catalogue`) with the place.
    """
    layers = [_Layer.of(one, place) for one, place in ((text, where), *overrides)]
    namespace = "gitlab-managed-apps"
    merged: dict[str, dict[str, Any] | None] = {}
    origin: dict[str, _Layer] = {}
    for layer in layers:
        namespace = layer.namespace or namespace
        for key, app in layer.apps.items():
            merged[key] = _over(merged.get(key), app)
            origin[key] = layer
    return Catalogue(
        {
            key: _app(_Entry(app, origin[key].source, ("apps", key)), key, namespace)
            for key, app in merged.items()
            if app is not None
        }
    )


class _Layer:
    """One file."""

    def __init__(self, found: Source, top: dict[str, Any]) -> None:
        entry = _Entry(top, found, ())
        entry.known(_TOP)
        if top.get("version") != 1:
            raise entry.wrong("version", "A catalogue starts with `version: 1`.")
        self.source = found
        self.namespace = entry.text("namespace", "")
        self.apps = entry.mapping("apps")
        for key, app in self.apps.items():
            if app is not None and not isinstance(app, dict):
                raise _Entry(self.apps, found, ("apps",)).wrong(key, "An app is a mapping.")

    @classmethod
    def of(cls, text: str, where: Where) -> "_Layer":
        found = source(text, where=where)
        return cls(found, top_mapping(found, "a catalogue of apps"))


def _over(before: dict[str, Any] | None, app: dict[str, Any] | None) -> dict[str, Any] | None:
    if app is None or before is None:
        return app
    dropped = set(_CHART) if "path" in app else {"path"} if "chart" in app or "repository" in app else set()
    return merge({key: value for key, value in before.items() if key not in dropped}, app)


class _Entry:
    """A mapping of a catalogue, with the place that names it in messages."""

    def __init__(self, value: dict[str, Any], found: Source, path: Path) -> None:
        self.value = value
        self._source = found
        self._path = path

    def wrong(self, key: str, what: str) -> AuthorError:
        return AuthorError(what, where=self._source.at(*self._path, key), code="catalogue")

    def known(self, keys: set[str]) -> None:
        for key in self.value:
            if key not in keys:
                raise self.wrong(key, f"`{key}` is not known here. {instead(key, keys)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.value.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.wrong(key, f"`{key}` takes a text, not {described(value)}.")
        return value

    def boolean(self, key: str) -> bool:
        value = self.value.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, f"`{key}` takes true or false, not {described(value)}.")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.value.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.wrong(key, f"`{key}` takes a mapping, not {described(value)}.")
        return value

    def inside(self, key: str) -> dict[str, "_Entry"]:
        """The mappings in the mapping at `key`, each as an entry."""
        return {
            name: _Entry(self._checked(key, name, value), self._source, (*self._path, key, name))
            for name, value in self.mapping(key).items()
        }

    def listed(self, key: str) -> list["_Entry"]:
        value = self.value.get(key) or []
        if not isinstance(value, list):
            raise self.wrong(key, f"`{key}` takes a list, not {described(value)}.")
        return [
            _Entry(self._checked(key, index, one), self._source, (*self._path, key, index))
            for index, one in enumerate(value)
        ]

    def paths(self, key: str) -> dict[str, tuple[str, ...]]:
        """A mapping to dotted paths into values."""
        for name, value in self.mapping(key).items():
            if not isinstance(value, str) or not value:
                raise self.wrong(key, f"`{key}.{name}` takes a dotted path, not {described(value)}.")
        return {name: tuple(value.split(".")) for name, value in self.mapping(key).items()}

    def chart(self) -> ChartSource:
        """The chart of an app or companion."""
        if "path" in self.value:
            if any(key in self.value for key in _CHART if key != "path"):
                raise self.wrong("path", "`path` stands alone: no chart, repository or version beside it.")
            return ChartInCheckout(self.text("path"))
        repository, name, version = self.text("repository"), self.text("chart"), self.text("version")
        if not is_exact_version(version):
            raise self.wrong("version", "`version` is one exact version, such as 1.2.3.")
        if repository.startswith("oci://"):
            return ChartInRegistry(f"{repository.rstrip('/')}/{name}", version)
        return ChartInRepository(repository.rstrip("/"), name, version)

    def _checked(self, key: str, name: str | int, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(key, f"`{key}.{name}` takes a mapping, not {described(value)}.")
        return value


def _app(entry: _Entry, key: str, namespace: str) -> App:
    entry.known(_APP)
    cluster_types = entry.mapping("clusterTypes")
    for name, values in cluster_types.items():
        if name not in _CLUSTER_TYPES or not isinstance(values, dict):
            raise entry.wrong("clusterTypes", "`clusterTypes` maps gke, eks or blank to values.")
    timeout = entry.value.get("timeout", 300)
    if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout <= 0:
        raise entry.wrong("timeout", "`timeout` is a number of seconds.")
    options = {name: _option(one, name) for name, one in entry.inside("options").items()}
    return App(
        key=key,
        directory=entry.text("directory", key.lower()),
        release=entry.text("release", key.lower()),
        namespace=entry.text("namespace", namespace),
        chart=entry.chart(),
        gitlab_version=entry.text("gitlabVersion", ""),
        values=entry.mapping("values"),
        cluster_types=cluster_types,
        options=options,
        companions=tuple(_companion(one, options) for one in entry.listed("companions")),
        variables=entry.paths("variables"),
        wait=entry.boolean("wait"),
        atomic=entry.boolean("atomic"),
        timeout=timeout,
    )


def _option(entry: _Entry, name: str) -> Option:
    entry.known(_OPTION)
    sets = tuple(path.split(".")) if (path := entry.text("sets", "")) else ()
    requires = entry.text("requires", "")
    match entry.text("type"):
        case "boolean":
            return Option(name, "boolean", entry.mapping("values"), sets, requires)
        case "text":
            return Option(name, "text", {}, sets, requires)
        case other:
            raise entry.wrong("type", f"`type` is boolean or text, not {other}.")


def _companion(entry: _Entry, options: Mapping[str, Option]) -> Companion:
    entry.known(_COMPANION)
    sets = entry.paths("sets")
    when = entry.text("when")
    for name in (when, *sets):
        if name not in options:
            raise entry.wrong("when", f"`{name}` is no option of this app. {instead(name, options)}")
    return Companion(entry.text("release"), entry.chart(), when, entry.mapping("values"), sets)
