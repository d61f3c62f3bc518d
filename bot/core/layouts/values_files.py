"""Reading values files of a checkout."""

from bot.core.errors import AuthorError, Where
from bot.core.layouts.files import Files
from bot.core.layouts.form import duplicate_key
from bot.core.model import Finding
from bot.core.values import Values, read_values


def read_values_file(files: Files, path: str, required: str) -> tuple[Values, list[Finding]] | None:
    """The values of this file and findings about it, or None where there is none and it is not required.

    `required` is the sentence that says who asks for it, empty where nobody does. Raises AuthorError
    (`values-missing`, `values-not-a-map`, `yaml`, or why the file must not be read).
    """
    text = files.text(path)
    if text is None:
        if not required:
            return None
        raise AuthorError(
            f"There is no values file here. {required}",
            where=Where(path),
            fix="Add the file, or take its name out.",
            code="values-missing",
        )
    values, found = read_values(text, where=Where(path))
    return values, [duplicate_key(found, one.path, one.line) for one in found.duplicates]
