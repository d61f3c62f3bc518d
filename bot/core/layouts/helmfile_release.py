"""A release of a helmfile with its templates inherited and its template expressions rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from bot.core.errors import AuthorError
from bot.core.gotmpl.values import Struct, Unknown
from bot.core.gotmpl.yaml import to_yaml
from bot.core.layouts.form import shown
from bot.core.layouts.helmfile_entry import Entry
from bot.core.layouts.helmfile_loading import Loading
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, boolean, read_mapping

_ROUNDS: Final = 6
_TRIMMED: Final = ("name", "chart", "namespace", "version")
_TEMPLATES: Final = ("installedTemplate", "conditionTemplate", "waitTemplate", "verifyTemplate")
_EXCEPT: Final = ("labels", "values", "valuesTemplate", "setTemplate", "set", "setString", "secrets")


@dataclass(frozen=True, slots=True)
class Releases:
    """Finishes the releases of one helmfile."""

    loading: Loading
    state: State

    def finished(self, entry: Entry) -> Entry:
        """The release as helmfile works with it. Raises AuthorError."""
        if self.state.built is not None:
            return _evaluated(entry)
        whole = self._inherited(entry, self._names(entry), ())
        self._known(whole)
        labels = {**whole.mapping("labels"), **self.state.labels}
        current = whole.but(labels=labels)
        original = current
        for _ in range(_ROUNDS):
            rendered = self._rendered(original, current)
            self._known(rendered)
            if rendered.value == current.value:
                return self._decided(rendered)
            current = rendered
        raise entry.wrong("template", "The templates of this release refer to each other without end.")

    def data(self, entry: Entry) -> dict[str, Any]:
        """What templates of this release see."""
        environment, settings = self.state.environment, self.state.settings
        values = self.loading.engine.unknowns.revived(environment.merged)
        release = Struct(
            Name=entry.text("name"),
            Namespace=entry.text("namespace"),
            Labels=dict(entry.mapping("labels")),
            Chart=entry.text("chart"),
            ChartVersion=entry.text("version"),
            KubeContext=entry.text("kubeContext"),
        )
        return {
            "Environment": environment.shown,
            "Release": release,
            "Values": values,
            "StateValues": values,
            "KubeContext": settings.get("kubeContext", ""),
            "Namespace": settings.get("namespace", ""),
            "Chart": settings.get("chart", ""),
        }

    def text(self, text: str, entry: Entry, data: Mapping[str, Any], *keys: str | int) -> str:
        """A text of the release, rendered."""
        if "{{" not in text:
            return text
        where = entry.at(*keys)
        written: str = self.loading.render(text, where.file, self.state.base, data, where.line or 1).text
        return written

    def _known(self, entry: Entry) -> None:
        unknown: Unknown | None = next(self.loading.engine.unknowns.within(dict(entry.value)), None)
        if unknown is not None:
            raise AuthorError(
                f"A value of {shown(str(entry.value.get('name')))} cannot be known: {unknown.feature}.",
                where=unknown.where,
                code=UNSUPPORTED,
            )

    def _names(self, entry: Entry) -> list[tuple[str, list[str]]]:
        """The templates that a release inherits, with what it takes out of them."""
        own = self._inherits(entry)
        named = {name for name, _ in own}
        defaults = [name.strip() for name in self.state.default_inherit]
        added: list[tuple[str, list[str]]] = [(one, []) for one in dict.fromkeys(defaults) if one]
        return [*(one for one in added if one[0] not in named), *own]

    def _inherits(self, entry: Entry) -> list[tuple[str, list[str]]]:
        value = entry.value.get("inherit")
        listed = entry.but(inherit=[value]) if isinstance(value, dict) else entry
        return [
            (one.text("template").strip(), one.texts("except"))
            for one in listed.entries("inherit")
            if one.text("template").strip()
        ]

    def _inherited(self, entry: Entry, names: list[tuple[str, list[str]]], above: tuple[str, ...]) -> Entry:
        merged: dict[str, Any] = {}
        for name, without in names:
            template = self.state.templates.get(name)
            if template is None or name in above:
                what = "inherits itself" if template else "is not there"
                raise entry.wrong("bad-inherit", f"The release template `{name}` {what}.", "inherit")
            source = self._inherited(template, self._inherits(template), (*above, name))
            if unfit := [key for key in without if key not in _EXCEPT]:
                raise entry.wrong("bad-inherit", f"`{unfit[0]}` cannot be left out.", "inherit")
            merged = _gaps(merged, {k: v for k, v in source.value.items() if k not in without})
        whole = _gaps(merged, entry.value) if names else dict(entry.value)
        whole.pop("inherit", None)
        return Entry(whole, entry.source, entry.path)

    def _rendered(self, original: Entry, seen: Entry) -> Entry:
        """The release's expressions, executed with what the last round made of it."""
        data = self.data(seen)
        changed: dict[str, Any] = {}
        for key in (*_TRIMMED, *_TEMPLATES):
            if text := original.text(key):
                written = self.text(text, original, data, key)
                changed[key] = written.strip() if key in _TRIMMED else written
        changed["labels"] = {
            key: self.text(str(value), original, data, "labels", key)
            for key, value in original.mapping("labels").items()
        }
        for key in ("needs", "secrets", "values"):
            if key in original.value:
                changed[key] = [
                    self.text(one, original, data, key, at) if isinstance(one, str) else one
                    for at, one in enumerate(original.items(key))
                ]
        self._value_templates(original, data, changed)
        return original.but(**changed)

    def _value_templates(self, original: Entry, data: Mapping[str, Any], changed: dict[str, Any]) -> None:
        """`valuesTemplate` and `setTemplate`, which come before `values` and `set`."""
        layers: list[Any] = []
        for at, one in enumerate(original.items("valuesTemplate")):
            if isinstance(one, dict):
                text = to_yaml(one, self.loading.engine.budget)
                written = self.text(text, original, data, "valuesTemplate", at)
                layers.append(read_mapping(written, original.at("valuesTemplate", at).file))
            else:
                layers.append(self.text(one, original, data, "valuesTemplate", at))
        if layers:
            changed["values"] = [*layers, *changed.get("values", original.items("values"))]
        sets = [
            {
                key: self.text(value, original, data, "setTemplate", at) if isinstance(value, str) else value
                for key, value in one.value.items()
            }
            for at, one in enumerate(original.entries("setTemplate"))
        ]
        if sets:
            changed["set"] = [*sets, *original.items("set")]

    def _decided(self, entry: Entry) -> Entry:
        """The booleans that templates wrote, in place."""
        changed: dict[str, Any] = {}
        for key in _TEMPLATES:
            if text := entry.text(key):
                try:
                    found = boolean(yaml.safe_load(text))
                except yaml.YAMLError:
                    found = None
                if found is None:
                    raise entry.wrong("not-a-boolean", f"`{key}` has to give true or false.", key)
                name = key.removesuffix("Template")
                changed[name] = str(found).lower() if name == "condition" else found
        return entry.but(**changed) if changed else entry


def _evaluated(entry: Entry) -> Entry:
    """A release that the helmfile program evaluated. Raises AuthorError for templates that it left."""
    for key in (*_TEMPLATES, "valuesTemplate", "setTemplate", "inherit"):
        if entry.value.get(key):
            raise entry.wrong(UNSUPPORTED, f"helmfile did not evaluate `{key}`.", key)
    return entry


def _gaps(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The second fills what is empty in the first; lists are appended, mappings filled in turn."""
    merged = dict(first)
    for key, value in second.items():
        before = merged.get(key)
        if isinstance(before, list) and isinstance(value, list):
            merged[key] = [*before, *value]
        elif isinstance(before, dict) and isinstance(value, dict):
            merged[key] = {**value, **before}
        elif not before:
            merged[key] = value if value or before is None else before
    return merged
