"""The values that helmfile hands to Helm for a release."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.errors import AuthorError, Where
from bot.core.layouts.form import duplicate_key
from bot.core.layouts.helmfile_entry import Entry
from bot.core.layouts.helmfile_release import Releases
from bot.core.layouts.helmfile_set import assign, typed, unescaped
from bot.core.layouts.helmfile_state_values import StateValues
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, as_numbers, texts_of_yaml_11
from bot.core.values import Values, described, merge, read_values

_MISSING: Final = object()
_REFERENCE: Final = re.compile(r"ref\+[^:\s]*://")


@dataclass(frozen=True, slots=True)
class ReleaseValues:
    """Reads the values of one release (`entry` is finished)."""

    releases: Releases
    entry: Entry

    def read(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """All layers merged by Helm's rules, and the files among them. Raises AuthorError."""
        layers: list[Values] = []
        paths: list[str] = []
        built = self.releases.state.built
        given = built.of(self.entry.path) if built else iter(())
        for at, one in enumerate(self.entry.items("values")):
            if isinstance(one, dict):
                next(given, None)
                self._static(one, self.entry.at("values", at))
                layers.append(one)
            elif isinstance(one, str):
                for path in self._found(self.entry.text("valuesPathPrefix") + one, "values", at):
                    paths.append(path)
                    layers.append(self._file(path, next(given, _MISSING)))
            else:
                raise self.entry.wrong(
                    "not-a-text", f"A file or a mapping is wanted here, not {described(one)}.", "values", at
                )
        self._no_secrets()
        values = merge(*layers)
        for sets in ("set", "setString"):
            self._set(values, sets)
        self._files(values)
        self._environment(values)
        return as_numbers(values), tuple(paths)

    def _found(self, path: str, key: str, at: int) -> list[str]:
        loading, state = self.releases.loading, self.releases.state
        handler = self.entry.text("missingFileHandler") or state.settings.get("missingFileHandler") or "Error"
        values = StateValues(loading.files, loading.report, loading.engine.unknowns, loading.render)
        where = self.entry.at(key, at)
        self._static(path, where)
        found = values.found(path, state.base, where, handler)
        if len(found) > 1:
            raise AuthorError(
                "This names more than one file, which helmfile refuses for a release.",
                where=where,
                code="bad-value",
            )
        return found

    def _file(self, path: str, evaluated: Any) -> Values:
        loading = self.releases.loading
        text = loading.files.text(path)
        if text is None:
            raise AuthorError("This is no file that can be read.", where=Where(path), code="not-a-file")
        if not path.endswith(".gotmpl"):
            values, found = read_values(text, where=Where(path))
            loading.report.findings += [duplicate_key(found, one.path, one.line) for one in found.duplicates]
            self._static(values, Where(path))
            return values
        if self.releases.state.built is not None:
            return self._evaluated(path, evaluated)
        data = self.releases.data(self.entry)
        rendered = loading.render(text, path, posixpath.dirname(path) or ".", data)
        unknown = next(loading.engine.unknowns.within(rendered.text), None)
        if unknown is not None:
            raise AuthorError(
                f"A value of {self.entry.text('name')} cannot be known: {unknown.feature}.",
                where=unknown.where,
                code=UNSUPPORTED,
            )
        try:
            values, _ = read_values(rendered.text, where=Where(path))
        except AuthorError as error:
            line = rendered.line(error.where.line) if error.where and error.where.line else None
            raise AuthorError(
                f"{error.what} (This is about what the template wrote.)",
                where=Where(path, line),
                fix=error.fix,
                code=error.code,
            ) from None
        self._static(values, Where(path))
        return values

    def _evaluated(self, path: str, values: Any) -> Values:
        """What the helmfile program rendered from this file."""
        if values is _MISSING:
            raise AuthorError("helmfile did not render this file.", where=Where(path), code=UNSUPPORTED)
        found = _checked(values, path, self.entry.text("name"))
        self._static(found, Where(path))
        return found

    def _static(self, value: Any, where: Where) -> None:
        """Refuses references to secrets that helmfile would look up."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str) and (found := _REFERENCE.search(one)):
                raise AuthorError(
                    f"`{found[0]}…` is a reference that is not looked up here.", where=where, code=UNSUPPORTED
                )
            if isinstance(one, Mapping):
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one

    def _no_secrets(self) -> None:
        for at, one in enumerate(self.entry.items("secrets")):
            if not isinstance(one, str) or self._found(
                self.entry.text("valuesPathPrefix") + one, "secrets", at
            ):
                raise self.entry.wrong(
                    UNSUPPORTED, "The encrypted values of `secrets` are not decrypted.", "secrets", at
                )

    def _set(self, values: dict[str, Any], key: str) -> None:
        for one in self.entry.entries(key):
            self._static(dict(one.value), one.at())
            name, text, many = one.text("name"), one.text("value"), one.items("values")
            made = unescaped if key == "setString" else typed
            if text:
                assign(values, name, made(text), one)
            elif many and not one.text("file"):
                assign(values, name, [made(_plain(item)) for item in many], one)

    def _files(self, values: dict[str, Any]) -> None:
        """`set` with a `file`, whose text is the value."""
        for at, one in enumerate(self.entry.entries("set")):
            if one.text("file") and not one.text("value"):
                for path in self._found(one.text("file"), "set", at):
                    assign(values, one.text("name"), self.releases.loading.files.text(path) or "", one)

    def _environment(self, values: dict[str, Any]) -> None:
        """`env`, whose values are names of variables."""
        for one in self.entry.entries("env"):
            value = self.releases.loading.variables.get(one.text("value"))
            if value is None:
                raise one.wrong(
                    UNSUPPORTED,
                    f"The variable {one.text('value')} is not among the target's `variables`.",
                    "value",
                )
            assign(values, one.text("name"), typed(value), one)


def _plain(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked(values: Any, path: str, name: str) -> dict[str, Any]:
    """The values that helmfile rendered from a file, as Helm reads that file too.

    Raises AuthorError (`helmfile-unsupported`) where that cannot be told: helmfile reads `yes` as a text and
    hands the file itself to Helm, which reads true; what it prints does not say how it was written.
    """
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise AuthorError(
            "Values are a mapping of keys at the top of the file.", where=Where(path), code="values-not-a-map"
        )
    for word in texts_of_yaml_11(values):
        raise AuthorError(
            f"Values of {name} hold `{word}`, which is a text in quotes and true or false without; what "
            "helmfile prints does not tell.",
            where=Where(path),
            fix="Write true or false.",
            code=UNSUPPORTED,
        )
    return values
