"""The layout helmfile: GitLab's cluster management template and plain helmfiles, as helmfile 1.x reads them.

Only what can be read without running anything is read. What cannot is named with its file and line, in a
finding of level error, and the releases beside it are read all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.template import Engine
from bot.core.gotmpl.values import Unknowns
from bot.core.layouts.files import Files, joined
from bot.core.layouts.helmfile_built import evaluated
from bot.core.layouts.helmfile_entry import Entry, Report
from bot.core.layouts.helmfile_functions import PlaceFunctions
from bot.core.layouts.helmfile_loading import DEFAULT, Loading
from bot.core.layouts.helmfile_needs import Found, in_one_list
from bot.core.layouts.helmfile_nested import Nested, nested
from bot.core.layouts.helmfile_options import check_defaults
from bot.core.layouts.helmfile_paths import expanded
from bot.core.layouts.helmfile_program import HelmfileProgram, OnDisk
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_wanted import Wanted
from bot.core.model import DesiredRelease, DesiredState, Level, Target

NAME: Final = "helmfile"
FILES: Final = ("helmfile.yaml", "helmfile.yaml.gotmpl")
DIRECTORY: Final = "helmfile.d"
_DEPTH: Final = 20


def read_helmfile(files: Files, target: Target, program: HelmfileProgram | None = None) -> DesiredState:
    """The releases that the helmfiles of a checkout want for the environment of this target.

    What cannot be read without running anything is evaluated by `program`, where there is one.

    The variables HELMFILE_ENVIRONMENT (default: `default`), HELMFILE_FILE_PATH and HELMFILE_RENDER_YAML mean
    what they mean to helmfile. Raises AuthorError where there is no helmfile (`layout-missing`), or two.
    """
    read = _read(files, target)
    if program is None or not isinstance(files, OnDisk) or _is_whole(read):
        return read
    return evaluated(read, files, target, program)


def _is_whole(read: DesiredState) -> bool:
    return all(one.level is not Level.ERROR for one in read.findings)


def _read(files: Files, target: Target) -> DesiredState:
    """Without any program."""
    unknowns = Unknowns()
    engine = Engine(PlaceFunctions(files, target.path, target.variables, unknowns), unknowns)
    name = target.variables.get("HELMFILE_ENVIRONMENT") or DEFAULT
    loading = Loading(files, name, target.variables, engine)
    visit = _Visit(loading, target)
    roots = _roots(files, target)
    for path in roots:
        visit.file(path, (), Nested(path))
    releases = in_one_list(visit.found, loading.report)
    if not releases and not loading.report.findings:
        loading.report.info(
            "helmfile-empty",
            Where(roots[0]),
            f"No release is wanted here for the environment {name}.",
            "Take an entry of `helmfiles` out of its comment, or add `releases`.",
        )
    return DesiredState(NAME, releases, tuple(loading.report.findings))


def _roots(files: Files, target: Target) -> list[str]:
    """The helmfiles to begin with."""
    chosen = target.variables.get("HELMFILE_FILE_PATH")
    if chosen:
        return in_directory(files, joined(target.path, chosen))
    names = files.names(target.path)
    present = [name for name in (*FILES, DIRECTORY) if name in names]
    if len(present) != 1:
        what = f"{' and '.join(present)} are here" if present else f"There is no {FILES[0]}"
        raise AuthorError(
            f"{what}; helmfile wants exactly one of {', '.join(FILES)} and {DIRECTORY}.",
            where=Where(target.path),
            fix="Keep one, or name it with the variable HELMFILE_FILE_PATH.",
            code="layout-ambiguous" if present else "layout-missing",
        )
    return in_directory(files, joined(target.path, present[0]))


def in_directory(files: Files, path: str) -> list[str]:
    """The helmfile itself, or those in a directory, in their order."""
    if not files.names(path):
        return [path]
    found = [one for end in ("*.y*ml", "*.y*ml.gotmpl") for one in expanded(files, f"{path}/{end}")]
    if not found:
        raise AuthorError("There is no helmfile in this directory.", where=Where(path), code="layout-missing")
    return sorted(found)


@dataclass(slots=True)
class _Visit:
    """Walks through helmfiles and those that they name."""

    loading: Loading
    target: Target
    found: list[Found] = field(default_factory=list)

    def file(self, path: str, above: tuple[str, ...], asked: Nested) -> None:
        """Reads one helmfile, those below it first; what is wrong in it is kept as findings."""
        report = self.loading.report
        try:
            if path in above or len(above) > _DEPTH:
                raise AuthorError(
                    "This helmfile names itself, perhaps through others."
                    if path in above
                    else f"Helmfiles name each other more than {_DEPTH} levels deep.",
                    where=asked.where or Where(path),
                    code="helmfile-cycle",
                )
            state = self.loading.load(path, asked.inherited, asked.override)
            if state is None:
                report.info(
                    "helmfile-environment",
                    Where(path),
                    f"The environment {self.loading.name} is not defined here, so helmfile skips this file.",
                )
                return
            state = asked.inherit(state)
            check_defaults(state.top, report)
            _check_order(state, self.loading.files, report)
            self._below(state, (*above, path), asked)
        except AuthorError as error:
            report.take(error)
            return
        self._releases(state, asked.selectors)

    def _below(self, state: State, above: tuple[str, ...], asked: Nested) -> None:
        for entry, at, one in state.helmfiles:
            try:
                for below in nested(self.loading, state, entry, at, one, asked):
                    for path in in_directory(self.loading.files, below.path):
                        self.file(path, above, below)
            except AuthorError as error:
                self.loading.report.take(error)

    def _releases(self, state: State, selectors: Sequence[str]) -> None:
        wanted = Wanted(self.loading, state, self.target, selectors)
        own: list[tuple[Entry, DesiredRelease | None, str]] = []
        for entry in state.releases:
            try:
                own.append(wanted.release(entry))
            except AuthorError as error:
                self.loading.report.take(error)
                own.append((entry, None, ""))
        wanted.tell()
        self.found.append(Found(state.file, own))


def _check_order(state: State, files: Files, report: Report) -> None:
    """helmfile 1.x refuses a part of a file that holds `environments` and `releases` together."""
    text = files.text(state.file) or ""
    keys: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.rstrip() == "---":
            keys = []
        key = line.partition(":")[0]
        if key in ("environments", "releases") and key not in keys:
            keys.append(key)
            if len(keys) == 2:
                report.error(
                    "helmfile-order",
                    Where(state.file, number),
                    "`environments` and `releases` stand in the same part, which helmfile 1.x refuses.",
                    "Put a line with `---` between them, `environments` first.",
                )
