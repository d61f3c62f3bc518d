"""Helmfiles as the helmfile program evaluated them: what the reader cannot follow by itself."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.composing import Source
from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.template import Engine
from bot.core.gotmpl.values import Unknowns
from bot.core.layouts.files import Files
from bot.core.layouts.helmfile_entry import Entry, with_texts
from bot.core.layouts.helmfile_environment import Environment
from bot.core.layouts.helmfile_functions import PlaceFunctions
from bot.core.layouts.helmfile_impure import impure
from bot.core.layouts.helmfile_loading import DEFAULT, Loading
from bot.core.layouts.helmfile_needs import Found, in_one_list
from bot.core.layouts.helmfile_options import check_defaults
from bot.core.layouts.helmfile_program import HelmfileProgram, OnDisk, Question, parts
from bot.core.layouts.helmfile_state import Built, State
from bot.core.layouts.helmfile_wanted import Wanted
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, read_documents
from bot.core.model import DesiredRelease, DesiredState, Finding, Level, Target

_AT_LINE: Final = re.compile(r"^([^:\s]+):\d+:")
_OURS_TO_DROP: Final = ("filepath", "renderedvalues", "helmfiles", "bases", "values")


def evaluated(read: DesiredState, files: OnDisk, target: Target, program: HelmfileProgram) -> DesiredState:
    """The same checkout as helmfile evaluates it, where `read`, without it, has errors.

    Where helmfile fails, or what it gives cannot be told for sure, the errors stay and this one is added.
    """
    loading = _loading(files, target)
    question = Question(
        files.root,
        target.path,
        target.variables.get("HELMFILE_FILE_PATH", ""),
        loading.name,
        target.variables,
    )
    report = loading.report
    try:
        for where, why in impure(files, target.path, target.variables):
            report.error(UNSUPPORTED, where, f"What helmfile makes of this cannot be known: {why}.")
        if report.findings:
            return replace(read, findings=_joined(read.findings, report.findings))
        found = [_releases(state, loading, target) for state in Building(program, question, loading).states()]
    except AuthorError as error:
        report.take(error)
        return replace(read, findings=_joined(read.findings, report.findings))
    releases = in_one_list(found, report)
    errors = [one for one in read.findings if one.level is Level.ERROR]
    told = Finding(
        Level.INFO,
        "helmfile-program",
        f"helmfile itself evaluated these files: {len(errors)} places are beyond the reader, the first is "
        f"{errors[0].message}",
    )
    kept = [one for one in read.findings if one.level is not Level.ERROR]
    return replace(read, releases=releases, findings=(told, *_joined(kept, report.findings)))


def _loading(files: Files, target: Target) -> Loading:
    unknowns = Unknowns()
    engine = Engine(PlaceFunctions(files, target.path, target.variables, unknowns), unknowns)
    name = target.variables.get("HELMFILE_ENVIRONMENT") or DEFAULT
    return Loading(files, name, target.variables, engine)


def _releases(state: State, loading: Loading, target: Target) -> Found:
    check_defaults(state.top, loading.report)
    wanted = Wanted(loading, state, target, ())
    own: list[tuple[Entry, DesiredRelease | None, str]] = []
    for entry in state.releases:
        try:
            own.append(wanted.release(entry))
        except AuthorError as error:
            loading.report.take(error)
            own.append((entry, None, ""))
    wanted.tell()
    return Found(state.file, own)


def _joined(first: Sequence[Finding], second: Sequence[Finding]) -> tuple[Finding, ...]:
    """Both, but what the second says without a line and the first said with one."""
    said = {_AT_LINE.sub(r"\1:", one.message) for one in first}
    return (*first, *(one for one in second if _AT_LINE.sub(r"\1:", one.message) not in said))


@dataclass(frozen=True, slots=True)
class Building:
    """One evaluation of a checkout."""

    program: HelmfileProgram
    question: Question
    loading: Loading

    def states(self) -> Iterator[State]:
        """The helmfiles, those below others included. Raises AuthorError where one of the two fails."""
        documents = list(self._documents(self.question))
        embedded: Sequence[Mapping[str, Any]] = ()
        if any(_has_templates(value) for _, value, _ in documents):
            embedded = [value for _, value, _ in self._documents(replace(self.question, embed=True))]
            if len(embedded) != len(documents):
                raise _differs(documents[0][0])
        for at, (path, value, source) in enumerate(documents):
            yield self._state(path, value, source, embedded[at] if embedded else None)

    def _documents(self, question: Question) -> Iterator[tuple[str, dict[str, Any], Source]]:
        for absolute, text in parts(self.program.build(question)):
            path = posixpath.relpath(absolute, question.root)
            if path.startswith("../"):
                raise AuthorError(
                    "helmfile read a file outside of the checkout.", where=Where(path), code="path-escape"
                )
            for document in read_documents(text, path):
                value = document.source.value
                if isinstance(value, dict):
                    # Lines of what helmfile wrote are no lines of the author's file.
                    yield path, with_texts(value, document.raw), replace(document.source, lines={})

    def _state(
        self, path: str, value: Mapping[str, Any], source: Source, embedded: Mapping[str, Any] | None
    ) -> State:
        told = {key: one for key, one in value.items() if key not in _OURS_TO_DROP}
        told["releases"] = [_as_asked(one) for one in value.get("releases") or ()]
        top = Entry(told, source, ())
        chosen = top.inside("environments").get(self.loading.name)
        rendered = value.get("renderedvalues")
        environment = Environment(
            self.loading.name,
            chosen.text("kubeContext") if chosen else "",
            values=rendered if isinstance(rendered, dict) else {},
        )
        state = State.of(top, path, posixpath.dirname(path) or ".", environment, self.loading.report)
        state.built = Built(self._values(path, value, embedded))
        return state

    def _values(
        self, path: str, value: Mapping[str, Any], embedded: Mapping[str, Any] | None
    ) -> Sequence[Sequence[Any]] | None:
        if embedded is None:
            return None
        theirs = embedded.get("releases") or []
        own = value.get("releases") or []
        if [one.get("name") for one in own] != [one.get("name") for one in theirs]:
            raise _differs(path)
        return [one.get("values") or () for one in theirs]


def _as_asked(release: Any) -> Any:
    """A release without the place of its chart, where helmfile wrote the same place a second time."""
    if not isinstance(release, dict) or "chartPath" not in release:
        return release
    places = {posixpath.normpath(str(release.get(key))) for key in ("chart", "chartPath")}
    return {key: one for key, one in release.items() if key != "chartPath" or len(places) > 1}


def _has_templates(value: Mapping[str, Any]) -> bool:
    """Whether a release names a values file that helmfile renders."""
    listed = [one.get("values") or () for one in value.get("releases") or () if isinstance(one, dict)]
    return any(isinstance(one, str) and one.endswith(".gotmpl") for values in listed for one in values)


def _differs(path: str) -> AuthorError:
    return AuthorError(
        "helmfile evaluates this differently at each reading.",
        where=Where(path),
        fix="Look for random values and dates.",
        code=UNSUPPORTED,
    )
