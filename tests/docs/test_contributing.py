"""docs/contributing.md names, for each thing that may be added, exactly the places where its example is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contributing.md"
_HEADING = re.compile(r"^## (.+): `(.+)`$", re.MULTILINE)
_COMMAND = re.compile(r"^git grep -lE '(.+)' -- (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| `([\w./-]+)` \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`pattern` finds the places of `example` under the `roots`; `files` are what the table names."""

    thing: str
    example: str
    pattern: str
    roots: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def under_roots(self) -> set[str]:
        """Those files of the table where the command looks."""
        return {it for it in self.files if it.startswith(tuple(f"{root}/" for root in self.roots))}


def recipes() -> Iterator[Recipe]:
    text = PAGE.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    for heading, after in zip(headings, [*headings[1:], None], strict=True):
        section = text[heading.end() : after.start() if after else None]
        command = _COMMAND.search(section)
        assert command, f"{heading[1]} has no command that finds its places"
        files = tuple(row[1] for row in _ROW.finditer(section))
        yield Recipe(heading[1], heading[2], command[1], tuple(command[2].split()), files)


def found(recipe: Recipe) -> set[str]:
    """What its command prints, without needing git."""
    pattern = re.compile(recipe.pattern, re.MULTILINE)
    return {
        path.relative_to(ROOT).as_posix()
        for root in recipe.roots
        for path in (ROOT / root).rglob("*")
        if path.suffix in (".py", ".md", ".yaml", ".json", ".tpl", ".yml")
        and path != PAGE
        and pattern.search(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("recipe", list(recipes()), ids=lambda it: it.thing)
def test_the_table_names_each_place_and_no_other(recipe: Recipe) -> None:
    assert recipe.under_roots == found(recipe)
    assert len(recipe.files) == len(set(recipe.files))


@pytest.mark.parametrize("recipe", list(recipes()), ids=lambda it: it.thing)
def test_the_tests_that_it_names_try_the_example(recipe: Recipe) -> None:
    tests = set(recipe.files) - recipe.under_roots
    missing = [it for it in tests if recipe.example not in (ROOT / it).read_text(encoding="utf-8")]
    assert missing == []


def test_what_people_add_most_has_a_recipe() -> None:
    wanted = (
        "command",
        "layout",
        "warning",
        "rule",
        "check",
        "metric",
        "line of the log",
        "entry of the trail",
    )
    things = [it.thing for it in recipes()]
    assert [it for it in wanted if not any(it in thing for thing in things)] == []
