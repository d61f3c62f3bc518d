"""GitLab's managed apps (V2): `.gitlab/managed-apps/config.yaml` says which apps a cluster has.

`installed: true` installs or upgrades, `false` uninstalls, and an app that is not there is not managed: its
absence never uninstalls. Values in `.gitlab/managed-apps/<directory>/values.yaml` go over the catalogue's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.composing import Path
from bot.core.errors import AuthorError, Where
from bot.core.layouts.app_options import Given, check_options
from bot.core.layouts.catalogue import App, Catalogue, Companion
from bot.core.layouts.files import Files, joined
from bot.core.layouts.form import REFUSED, Form, instead, shown, top_mapping
from bot.core.layouts.values_files import read_values_file
from bot.core.manifest import source
from bot.core.model import ChartInCheckout, ChartSource, DesiredRelease, DesiredState, Target
from bot.core.values import Values, described, merge, nested

DIRECTORY: Final = ".gitlab/managed-apps"
CONFIG: Final = f"{DIRECTORY}/config.yaml"
NAME: Final = "managed-apps"
_CLUSTER_TYPES: Final = ("gke", "eks", "blank")


def read_managed_apps(files: Files, target: Target, catalogue: Catalogue) -> DesiredState:
    """The releases of a managed-apps project. Mistakes in single apps become findings of level error.

    Raises AuthorError where the file as a whole cannot be read.
    """
    path = joined(target.path, CONFIG)
    text = files.text(path)
    if text is None:
        raise AuthorError("There is no such file.", where=Where(path), code="layout-missing")
    config = source(text, where=Where(path))
    top = top_mapping(config, "the apps of the cluster, such as `cilium: {installed: true}`")
    form = Form(config)
    reader = _Reader(files, target, form, _cluster_type(form, top))
    releases: list[DesiredRelease] = []
    for key, app in _apps(form, top, catalogue):
        releases += reader.releases(key, app, top[key])
    return DesiredState(NAME, tuple(releases), tuple(form.findings))


def _cluster_type(form: Form, top: Mapping[str, Any]) -> str:
    value = top.get("clusterType")
    if value is None or value in _CLUSTER_TYPES:
        return value or "blank"
    form.error(
        "unknown-cluster-type",
        ("clusterType",),
        f"`clusterType` is gke, eks or blank, not {described(value)}.",
        instead(value, _CLUSTER_TYPES) if isinstance(value, str) else "",
    )
    return "blank"


def _apps(form: Form, top: Mapping[str, Any], catalogue: Catalogue) -> list[tuple[str, App]]:
    """The keys that name an app, with it."""
    by_case = {key.casefold(): app for key, app in catalogue.apps.items()}
    found: dict[str, tuple[str, App]] = {}
    for key in top:
        if key == "clusterType":
            continue
        app = by_case.get(key.casefold())
        if app is None:
            known = (*catalogue.apps, "clusterType")
            form.error("unknown-app", (key,), f"`{shown(key)}` is no app that is known.", instead(key, known))
        elif app.key in found:
            form.error("duplicate-app", (key,), f"`{key}` and `{found[app.key][0]}` are the same app.")
        else:
            if key != app.key:
                form.warning("key-case", (key,), f"`{key}` is taken for `{app.key}`.", f"Write `{app.key}`.")
            found[app.key] = (key, app)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes releases of the entries of one file."""

    files: Files
    target: Target
    form: Form
    cluster_type: str

    def releases(self, key: str, app: App, value: Any) -> list[DesiredRelease]:
        """The app's release and its companions; none after a complaint, or where nothing is said."""
        before = len(self.form.findings)
        entry = self.form.mapping(value, (key,), "`installed: true` or `installed: false` below it")
        if entry is None:
            return []
        given = check_options(self.form, (key,), entry, app)
        if "installed" not in entry:
            self.form.warning(
                "installed-missing", (key,), f"`{key}` does not say `installed`, so it is not managed."
            )
            return []
        installed = self.form.boolean(entry["installed"], (key, "installed"), False)
        values, values_files = self._values(app, given) if installed else ({}, ())
        if installed is None or values is REFUSED or self._broke(before):
            return []
        where = self.form.source.at(key)
        release = DesiredRelease(
            name=app.release,
            namespace=app.namespace,
            chart=self._chart(app.chart),
            values=values,
            values_files=values_files,
            installed=installed,
            wait=app.wait,
            atomic=app.atomic,
            timeout=app.timeout,
            where=where,
        )
        companions = (self._companion(app, one, given, installed, (key,)) for one in app.companions)
        return [release, *(one for one in companions if one is not None)]

    def _values(self, app: App, given: Given) -> tuple[Any, tuple[str, ...]]:
        moved = self.target.variables.get(app.values_variable)
        path = self.form.attempt(
            lambda: joined(self.target.path, moved or f"{DIRECTORY}/{app.directory}/values.yaml")
        )
        if path is REFUSED:
            return REFUSED, ()
        required = f"The variable {app.values_variable} names it." if moved else ""
        read = self.form.attempt(lambda: read_values_file(self.files, path, required))
        if read is REFUSED:
            return REFUSED, ()
        own: Values = {}
        paths: tuple[str, ...] = ()
        if read is not None:
            own, findings = read
            self.form.findings += findings
            paths = (path,)
        by_type = app.cluster_types.get(self.cluster_type, {})
        return merge(app.values, by_type, *given.layers(), *self._from_variables(app), own), paths

    def _from_variables(self, app: App) -> list[Values]:
        return [
            nested(path, self.target.variables[name])
            for name, path in app.variables.items()
            if name in self.target.variables
        ]

    def _companion(
        self, app: App, companion: Companion, given: Given, installed: bool, path: Path
    ) -> DesiredRelease | None:
        """The second release; None where its option says nothing, so that it is not managed."""
        if companion.when not in given.values:
            return None
        wanted = installed and given.is_true(companion.when)
        missing = [option for option in companion.sets if option not in given.values] if wanted else []
        for option in missing:
            self.form.error(
                "missing-option", path, f"`{companion.when}: true` needs `{option}`.", f"Add `{option}`."
            )
        if missing:
            return None
        texts = [nested(to, given.values[name]) for name, to in companion.sets.items() if wanted]
        return DesiredRelease(
            name=companion.release,
            namespace=app.namespace,
            chart=self._chart(companion.chart),
            values=merge(companion.values, *texts) if wanted else {},
            installed=wanted,
            needs=(f"{app.namespace}/{app.release}",),
            timeout=app.timeout,
            where=self.form.source.at(*path, *companion.when.split(".")),
        )

    def _chart(self, chart: ChartSource) -> ChartSource:
        if isinstance(chart, ChartInCheckout):
            return ChartInCheckout(joined(self.target.path, chart.path))
        return chart

    def _broke(self, before: int) -> bool:
        return any(finding.level == "error" for finding in self.form.findings[before:])
