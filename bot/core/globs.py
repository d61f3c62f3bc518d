"""Patterns of paths, as `.gitignore` has them, from the root of the repository.

Source of the rules: https://git-scm.com/docs/gitignore#_pattern_format
"""

from collections.abc import Collection, Sequence

from pathspec import GitIgnoreSpec


def touches(patterns: Sequence[str], paths: Collection[str] | None) -> bool:
    """Whether one of the paths is meant; later patterns overrule, `!` takes out.

    None stands for paths that are not all known: then the answer is yes.
    """
    if paths is None:
        return True
    spec = GitIgnoreSpec.from_lines(patterns)
    return any(spec.match_file(path) for path in paths)


def problem_of(patterns: Sequence[str]) -> str | None:
    """Why these patterns would not mean what their author thinks; None where they are fine."""
    for pattern in patterns:
        if not pattern.strip() or pattern.strip() != pattern or pattern.startswith("#"):
            return f"{pattern!r} means nothing: a pattern such as /clusters/production/ is expected"
        if pattern.removeprefix("!").startswith(("./", "../")) or pattern in ("/", ".", ".."):
            return f"{pattern!r} matches nothing: patterns begin at the root of the repository, without ./"
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            return f"{pattern!r} is no pattern as .gitignore has them"
    if patterns and patterns[0].startswith("!"):
        return "the first pattern takes out: say before it what is meant, such as **"
    return None
