"""The values of environments, from files and inline mappings; keys of encrypted files as unknown values."""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.values import Unknowns
from bot.core.layouts.files import Files
from bot.core.layouts.helmfile_entry import Entry, Report
from bot.core.layouts.helmfile_environment import Environment, layered
from bot.core.layouts.helmfile_paths import expanded, is_remote, local
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, read_mapping
from bot.core.values import merge

HANDLERS: Final = ("Error", "Warn", "Info", "Debug")
Render = Callable[..., Any]
Listed = tuple[Entry, tuple[str | int, ...], Any]


@dataclass(frozen=True, slots=True)
class StateValues:
    """Loads values that templates see as `.Values`."""

    files: Files
    report: Report
    unknowns: Unknowns
    render: Render

    def environment(self, state: State, name: str, seen: Environment | None) -> Environment:
        """The environment as it is after this part, with what came before (`seen`) under it.

        Raises AuthorError where a file cannot be read.
        """
        context = seen or Environment(name)
        specs = state.environments.get(name, [])
        values: dict[str, Any] = {}
        kube_context = ""
        if specs:
            values = self._values(state, specs, context)
            kube_context = _latest(specs, "kubeContext")
        listed: list[Listed] = [(entry, ("values", at), one) for entry, at, one in state.values]
        defaults = self.load(listed, state.base, context, "Error")
        return Environment(
            context.name,
            context.kube_context or kube_context,
            layered(context.values, values),
            merge(context.defaults, defaults),
        )

    def load(
        self,
        listed: Sequence[Listed],
        base: str,
        context: Environment,
        handler: str,
        *,
        fallback: bool = False,
    ) -> dict[str, Any]:
        """A list of files and mappings as one mapping, the later over the earlier (`fallback`: under)."""
        result: dict[str, Any] = {}
        for entry, keys, one in listed:
            for layer in self._layers(entry, keys, one, base, context, handler, result if fallback else {}):
                known = self.unknowns.revived(layer)
                result = layered(known, result) if fallback else merge(result, known)
        return result

    def _values(self, state: State, specs: list[Entry], context: Environment) -> dict[str, Any]:
        strategy = _latest(specs, "mergeStrategy")
        if strategy not in ("", "override", "fallback"):
            raise specs[-1].wrong("bad-value", "`mergeStrategy` is override or fallback.", "mergeStrategy")
        handler = _latest(specs, "missingFileHandler")
        ordered = [*reversed(specs)] if strategy == "fallback" else specs
        listed: list[Listed] = [
            (one, ("values", at), item) for one in ordered for at, item in enumerate(one.items("values"))
        ]
        values = self.load(listed, state.base, context, handler or "Error", fallback=strategy == "fallback")
        missing = handler or state.settings.get("missingFileHandler", "") or "Error"
        for one in specs:
            for at, path in enumerate(one.texts("secrets")):
                values = merge(values, self._secrets(path, state.base, one.at("secrets", at), missing))
        return values

    def _layers(
        self,
        entry: Entry,
        keys: tuple[str | int, ...],
        one: Any,
        base: str,
        context: Environment,
        handler: str,
        earlier: Mapping[str, Any],
    ) -> Iterator[dict[str, Any]]:
        where = entry.at(*keys)
        if isinstance(one, dict):
            yield one
            return
        if not isinstance(one, str):
            raise AuthorError("A file or a mapping is wanted here.", where=where, code="not-a-text")
        unknown = next(self.unknowns.within(one), None)
        if unknown is not None:
            raise AuthorError(
                f"Which file is meant cannot be known: {unknown.feature}.", where=where, code=UNSUPPORTED
            )
        for path in self.found(one, base, where, handler):
            if path.endswith(".hcl"):
                raise AuthorError(
                    "Values in HCL are not read.", where=where, fix="Write them as YAML.", code=UNSUPPORTED
                )
            yield self._file(path, context, earlier)

    def found(self, path: str, base: str, where: Where, handler: str) -> list[str]:
        """The files that a path names; what is missing is complained about as `handler` says."""
        if handler not in HANDLERS:
            raise AuthorError(
                f"`missingFileHandler` is one of {', '.join(HANDLERS)}.", where=where, code="bad-value"
            )
        paths = expanded(self.files, local(path, base, where, "This values file"))
        if not paths and handler == "Error":
            raise AuthorError(
                f"There is no file `{path}`.",
                where=where,
                fix="Add the file, or take its name out.",
                code="values-missing",
            )
        return paths

    def _file(self, path: str, context: Environment, earlier: Mapping[str, Any]) -> dict[str, Any]:
        text = self.files.text(path)
        if text is None:
            raise AuthorError("This is no file that can be read.", where=Where(path), code="not-a-file")
        if not path.endswith(".gotmpl"):
            return read_mapping(text, path)
        values = self.unknowns.revived(layered(earlier, context.merged))
        data = {"Environment": context.shown, "Namespace": "", "Values": values, "StateValues": values}
        rendered = self.render(text, path, posixpath.dirname(path) or ".", data)
        return read_mapping(rendered.text, path, rendered.line)

    def _secrets(self, path: str, base: str, where: Where, handler: str) -> dict[str, Any]:
        """The keys of an encrypted file, which sops leaves readable, with unknown values."""
        if is_remote(path):
            raise AuthorError("Secrets from elsewhere are not fetched.", where=where, code=UNSUPPORTED)
        merged: dict[str, Any] = {}
        for file in self.found(path, base, where, handler):
            try:
                found = read_mapping(self.files.text(file) or "", file)
            except AuthorError:
                raise AuthorError(
                    f"The encrypted file `{file}` is not decrypted, and its keys cannot be read.",
                    where=where,
                    code=UNSUPPORTED,
                ) from None
            found = {key: value for key, value in found.items() if key != "sops"}
            merged = merge(merged, self._hidden(found, f"`{file}` is encrypted and is not decrypted", where))
        return merged

    def _hidden(self, value: Any, feature: str, where: Where) -> Any:
        if isinstance(value, dict):
            return {key: self._hidden(item, feature, where) for key, item in value.items()}
        return self.unknowns.add(feature, where)


def _latest(specs: list[Entry], key: str) -> str:
    return next((one.text(key) for one in reversed(specs) if one.text(key)), "")
