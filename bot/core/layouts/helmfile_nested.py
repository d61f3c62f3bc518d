"""The helmfiles that a helmfile names, with what it passes on to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.values import Unknown
from bot.core.layouts.form import shown
from bot.core.layouts.helmfile_entry import Entry
from bot.core.layouts.helmfile_environment import Environment
from bot.core.layouts.helmfile_loading import Loading
from bot.core.layouts.helmfile_paths import expanded, local
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_state_values import Listed, StateValues
from bot.core.layouts.helmfile_yaml import UNSUPPORTED
from bot.core.values import described

_KEYS: Final = frozenset("path selectors selectorsInherited inherits values".split())
_INHERITED: Final = (
    "repositories", "helmDefaults", "commonLabels", "apiVersions", "kubeVersion", "templates", "environments",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Nested:
    """A helmfile to read, and what the one that names it passes on."""

    path: str
    where: Where | None = None
    override: Environment | None = None
    inherited: Environment | None = None
    selectors: Sequence[str] = ()
    parent: State | None = None
    kinds: Sequence[str] = field(default_factory=tuple)

    def inherit(self, state: State) -> State:
        """The state with the parent's settings filling what it does not say itself."""
        parent = self.parent
        if parent is None:
            return state
        if "repositories" in self.kinds:
            own = {one.text("name") for one in state.repositories}
            kept = [one for one in parent.repositories if one.text("name") not in own]
            state.repositories = [*kept, *state.repositories]
        if "helmDefaults" in self.kinds:
            own_defaults = {key: value for key, value in state.defaults.items() if value}
            state.defaults = {**parent.defaults, **own_defaults}
        if "commonLabels" in self.kinds:
            state.labels = {**parent.labels, **state.labels}
        if "templates" in self.kinds:
            state.templates = {**parent.templates, **state.templates}
        return state


def nested(
    loading: Loading, state: State, top: Entry, at: int, value: Any, asked: Nested
) -> Iterator[Nested]:
    """The helmfiles that one item of `helmfiles` means. Raises AuthorError where it cannot be followed."""
    where = top.at("helmfiles", at)
    value = {"path": value} if isinstance(value, str) else value
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        raise AuthorError(f"A `path` is wanted here, not {described(value)}.", where=where, code="not-a-text")
    entry = Entry(value, top.source, ("helmfiles", at))
    unknown: Unknown | None = next(
        loading.engine.unknowns.within({key: one for key, one in value.items() if key != "values"}), None
    )
    if unknown is not None:
        raise AuthorError(
            f"What stands here cannot be known: {unknown.feature}.", where=unknown.where, code=UNSUPPORTED
        )
    entry.unknown(_KEYS, loading.report)
    kinds = entry.texts("inherits")
    if unfit := [kind for kind in kinds if kind not in _INHERITED]:
        raise entry.wrong("bad-value", f"`{shown(unfit[0])}` cannot be inherited.", "inherits")
    paths = expanded(loading.files, local(value["path"], state.base, where, "This helmfile"))
    if not paths:
        _missing(loading, state, value["path"], where)
    selectors = entry.texts("selectors")
    if selectors:
        loading.report.info(
            "helmfile-selectors",
            entry.at("selectors"),
            f"Only the releases that match {' or '.join(map(shown, selectors))} are read.",
        )
    for path in paths:
        yield Nested(
            path,
            where,
            _override(loading, state, entry),
            state.environment if "environments" in kinds else None,
            selectors if "selectors" in value and not entry.flag("selectorsInherited") else asked.selectors,
            state,
            kinds,
        )


def _override(loading: Loading, state: State, entry: Entry) -> Environment | None:
    """The values that are passed on. Their templates see only the environment's name."""
    listed: list[Listed] = [(entry, ("values", at), one) for at, one in enumerate(entry.items("values"))]
    if not listed:
        return None
    loader = StateValues(loading.files, loading.report, loading.engine.unknowns, loading.render)
    values = loader.load(listed, state.base, Environment(loading.name), "Error")
    return Environment(loading.name, values=values)


def _missing(loading: Loading, state: State, path: str, where: Where) -> None:
    if state.settings.get("missingFileHandler", "Error") == "Error":
        raise AuthorError(
            f"There is no helmfile `{shown(path)}`.",
            where=where,
            fix="Mend the path, or take the entry out.",
            code="helmfile-missing",
        )
    loading.report.warning("helmfile-missing", where, f"There is no helmfile `{shown(path)}`; it is skipped.")
