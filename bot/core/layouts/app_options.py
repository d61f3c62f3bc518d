"""The options of a managed app: what a person may write beside `installed`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.composing import Path
from bot.core.layouts.catalogue import App, Option
from bot.core.layouts.form import Form, instead, shown
from bot.core.values import Values, described, nested


@dataclass(frozen=True, slots=True)
class Given:
    """The options that were written, by their dotted name, with values of the right kind."""

    options: Mapping[str, Option]
    values: Mapping[str, bool | str]

    def is_true(self, name: str) -> bool:
        """Whether this boolean option is on."""
        return self.values.get(name) is True

    def layers(self) -> Iterator[Values]:
        """What the options put into the app's values, in the catalogue's order."""
        for name, option in self.options.items():
            value = self.values.get(name)
            if value is None or (option.requires and not self.is_true(option.requires)):
                continue
            if value is True:
                yield option.values
            if option.sets:
                yield nested(option.sets, value)


def check_options(form: Form, path: Path, entry: Mapping[str, Any], app: App) -> Given:
    """The options of this entry; each unknown or unfit one is complained about."""
    values: dict[str, bool | str] = {}
    for name, at, value in _leaves(form, path, entry, app):
        option = app.options[name]
        if value is None:
            continue
        if option.kind == "boolean":
            checked: bool | str | None = form.boolean(value, at, False)
        else:
            checked = form.text(value, at)
        if checked is not None:
            values[name] = checked
    for name, value in values.items():
        needed = app.options[name].requires
        if needed and values.get(needed) is not True and value is not False:
            form.warning(
                "option-without-effect",
                (*path, *name.split(".")),
                f"`{name}` has no effect without `{needed}: true`.",
            )
    return Given(app.options, values)


def _leaves(
    form: Form, path: Path, entry: Mapping[str, Any], app: App, prefix: str = ""
) -> Iterator[tuple[str, Path, Any]]:
    """Each known option that is written, with its place; the unknown are complained about."""
    known = {name.removeprefix(prefix).split(".")[0] for name in app.options if name.startswith(prefix)}
    for key, value in entry.items():
        name, at = prefix + key, (*path, key)
        if not prefix and key == "installed":
            continue
        if name in app.options:
            yield name, at, value
        elif key in known:
            if isinstance(value, dict):
                yield from _leaves(form, at, value, app, f"{name}.")
            elif value is not None:
                form.error("not-a-mapping", at, f"`{key}` takes a mapping, not {described(value)}.")
        else:
            words = known if prefix else {*known, "installed"}
            form.error(
                "unknown-option", at, f"`{shown(key)}` is no option of {app.key}.", instead(key, words)
            )
