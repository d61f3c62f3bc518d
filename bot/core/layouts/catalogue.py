"""The catalogue of managed apps: which chart each key of a `config.yaml` means. Data, not code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from bot.core.layouts.helmfile_program import HelmfileProgram
from bot.core.model import ChartInRegistry, ChartInRepository, ChartSource

BUNDLED = "purser:charts"
"""The repository address of the small charts that come with Purser itself."""

OptionKind: TypeAlias = Literal["boolean", "text"]


@dataclass(frozen=True, slots=True)
class Option:
    """A key under an app besides `installed`, such as `gitlab_waf.installed`.

    A boolean that is true layers `values` over the app's; a text is put at `sets`, where that is not empty: a
    path into the app's values. `requires` names another option that has to be true for this one to count.
    """

    name: str
    kind: OptionKind
    values: Mapping[str, Any] = field(default_factory=dict)
    sets: tuple[str, ...] = ()
    requires: str = ""


@dataclass(frozen=True, slots=True)
class Companion:
    """A second release that an app brings along where the boolean option `when` is true.

    `sets` maps text options, which then have to be there, to paths into the values of this release.
    """

    release: str
    chart: ChartSource
    when: str
    values: Mapping[str, Any] = field(default_factory=dict)
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class App:
    """One key of `config.yaml`. A chart's path is relative to the target's directory.

    `variables` maps variables of the target (`GITLAB_RUNNER_GITLAB_URL`) to paths into the values.
    `gitlab_version` is the chart version that GitLab pinned last, where that is known; it is informative.
    """

    key: str
    directory: str
    release: str
    namespace: str
    chart: ChartSource
    gitlab_version: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    cluster_types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)
    companions: tuple[Companion, ...] = ()
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wait: bool = False
    atomic: bool = False
    timeout: int = 300

    @property
    def values_variable(self) -> str:
        """The variable of the target that moves the app's values file, as GitLab's own jobs name it."""
        return self.directory.upper().replace("-", "_") + "_VALUES_FILE"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What an installation brings to the reading of layouts: all apps, by their key, and perhaps a program.

    `helmfile` is there where its configuration allows the helmfile program.
    """

    apps: Mapping[str, App]
    helmfile: HelmfileProgram | None = None

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that the catalogue's charts come from, as an allow-list names them."""
        charts = [app.chart for app in self.apps.values()]
        charts += [companion.chart for app in self.apps.values() for companion in app.companions]
        return frozenset(host for chart in charts if (host := _host(chart)))


def _host(chart: ChartSource) -> str:
    match chart:
        case ChartInRepository(repository=address) | ChartInRegistry(reference=address):
            return urlsplit(address).netloc
        case _:
            return ""
