"""Patterns of paths, and what they mean."""

import pytest

from bot.core.globs import problem_of, touches

MEANT = {
    "a directory of the root": (["/values/"], "values/a/b.yaml", True),
    "not one of that name elsewhere": (["/values/"], "other/values/a.yaml", False),
    "a directory anywhere": (["values/"], "other/values/a.yaml", True),
    "a directory is not a name that begins so": (["/prod/"], "prod-old/a.yaml", False),
    "a kind of file anywhere": (["*.yaml"], "a/b/c.yaml", True),
    "a kind of file of the root": (["/*.yaml"], "a/b/c.yaml", False),
    "any depth between": (["/a/**/z.yaml"], "a/b/c/z.yaml", True),
    "taken out": (["/a/", "!*.md"], "a/README.md", False),
    "put back": (["/a/", "!*.md", "/a/important.md"], "a/important.md", True),
    "case matters": (["/Values/"], "values/a", False),
    "a name with a line break": (["/values/"], "values/a\n.yaml", True),
    "a name with blanks and quotes": (["/values/"], 'values/ a "b".yaml', True),
    "a hidden file": (["/values/"], "values/.hidden", True),
}


@pytest.mark.parametrize(("patterns", "path", "meant"), MEANT.values(), ids=MEANT.keys())
def test_a_pattern_means_what_gitignore_says(patterns: list[str], path: str, meant: bool) -> None:
    assert problem_of(patterns) is None
    assert touches(patterns, [path]) is meant


def test_one_path_of_many_is_enough_and_none_is_not() -> None:
    assert touches(["/a/"], ["README.md", "a/x"])
    assert not touches(["/a/"], [])


def test_paths_that_are_not_all_known_touch_everything() -> None:
    assert touches(["/a/"], None)


@pytest.mark.parametrize("pattern", ["", " ", "# a", "./a", "../a", "/", ".", " a", "!a"])
def test_a_pattern_that_would_mean_nothing_is_refused(pattern: str) -> None:
    assert problem_of([pattern]) is not None
