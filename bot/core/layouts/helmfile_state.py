"""What one helmfile says, and how helmfile lays its parts and bases over each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.core.layouts.helmfile_entry import Entry, Report
from bot.core.layouts.helmfile_environment import Environment

_KEYS: Final = frozenset(
    "helmBinary kustomizeBinary values environments bases helmDefaults helmfiles kubeContext namespace chart "
    "repositories commonLabels releases llm apiVersions kubeVersion hooks templates defaultInherit "
    "missingFileHandler missingFileHandlerConfig lockFilePath".split()
)
_SETTINGS: Final = ("kubeContext", "namespace", "chart", "missingFileHandler", "lockFilePath")


@dataclass(frozen=True, slots=True)
class Built:
    """What the helmfile program added to a helmfile that it evaluated.

    `values` are those of each release with their files' contents, None where no file had to be rendered.
    """

    values: Sequence[Sequence[Any]] | None

    def of(self, path: Sequence[str | int]) -> Iterator[Any]:
        """The values of the release at this path (`releases`, number)."""
        return iter(self.values[int(path[1])] if self.values is not None else ())


@dataclass(slots=True)
class State:
    """A helmfile, or a part or base of one. `base` is the directory that its paths are relative to.

    `built` is there where the helmfile program evaluated it: then no template is left in it.
    """

    file: str
    base: str
    top: Entry
    environment: Environment
    settings: dict[str, str] = field(default_factory=dict)
    values: list[tuple[Entry, int, Any]] = field(default_factory=list)
    environments: dict[str, list[Entry]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    helmfiles: list[tuple[Entry, int, Any]] = field(default_factory=list)
    repositories: list[Entry] = field(default_factory=list)
    releases: list[Entry] = field(default_factory=list)
    templates: dict[str, Entry] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    default_inherit: list[str] = field(default_factory=list)
    built: Built | None = None

    @classmethod
    def of(cls, top: Entry, file: str, base: str, environment: Environment, report: Report) -> "State":
        """What one YAML document says. Raises AuthorError where a list or mapping is something else."""
        top.unknown(_KEYS, report)
        if top.items("hooks"):
            report.warning(
                "helmfile-hooks", top.at("hooks"), "The hooks of this helmfile are not run.", _HOOKS_FIX
            )
        inherit = top.value.get("defaultInherit")
        return cls(
            file,
            base,
            top,
            environment,
            settings={key: top.text(key) for key in _SETTINGS if top.text(key)},
            values=[(top, at, one) for at, one in enumerate(top.items("values"))],
            environments={name: [one] for name, one in top.inside("environments").items()},
            defaults=dict(top.mapping("helmDefaults")),
            helmfiles=[(top, at, one) for at, one in enumerate(top.items("helmfiles"))],
            repositories=top.entries("repositories"),
            releases=top.entries("releases"),
            templates=top.inside("templates"),
            labels={key: str(value) for key, value in top.mapping("commonLabels").items()},
            default_inherit=[inherit] if isinstance(inherit, str) else top.texts("defaultInherit"),
        )

    def then(self, later: "State") -> "State":
        """A later part of the same file laid over: its lists replace, where they hold anything."""
        return State(
            later.file,
            later.base,
            later.top,
            later.environment,
            settings={**self.settings, **later.settings},
            values=later.values or self.values,
            environments={**self.environments, **later.environments},
            defaults=_filled(self.defaults, later.defaults, append=False),
            helmfiles=later.helmfiles or self.helmfiles,
            repositories=later.repositories or self.repositories,
            releases=later.releases or self.releases,
            templates={**self.templates, **later.templates},
            labels={**self.labels, **later.labels},
            default_inherit=later.default_inherit or self.default_inherit,
        )

    def above(self, base: "State") -> "State":
        """This one over a base: lists are appended to the base's."""
        names = {**base.environments, **self.environments}
        return State(
            self.file,
            self.base,
            self.top,
            self.environment,
            settings={**base.settings, **self.settings},
            values=[*base.values, *self.values],
            environments={
                name: [*base.environments.get(name, []), *self.environments.get(name, [])] for name in names
            },
            defaults=_filled(base.defaults, self.defaults, append=True),
            helmfiles=[*base.helmfiles, *self.helmfiles],
            repositories=[*base.repositories, *self.repositories],
            releases=[*base.releases, *self.releases],
            templates={**base.templates, **self.templates},
            labels={**base.labels, **self.labels},
            default_inherit=[*base.default_inherit, *self.default_inherit],
        )


_HOOKS_FIX: Final = "What they do to the cluster is not in this plan."


def _filled(base: Mapping[str, Any], over: Mapping[str, Any], *, append: bool) -> dict[str, Any]:
    """helmDefaults over helmDefaults: what is empty, zero or false in the later never counts."""
    merged = dict(base)
    for key, value in over.items():
        before = merged.get(key)
        if append and isinstance(value, list) and isinstance(before, list):
            merged[key] = [*before, *value]
        elif value or key not in merged:
            merged[key] = value
    return merged
