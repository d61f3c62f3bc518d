"""Layouts: from the files of a checkout to the releases that it wants. Which layout, and reading it."""

from typing import Final

from bot.core.errors import AuthorError, Where
from bot.core.layouts.catalogue import App, Catalogue
from bot.core.layouts.catalogue_file import parse_catalogue
from bot.core.layouts.files import Files, joined
from bot.core.layouts.helmfile import DIRECTORY as HELMFILES
from bot.core.layouts.helmfile import FILES as HELMFILE
from bot.core.layouts.helmfile import read_helmfile
from bot.core.layouts.managed_apps import CONFIG, DIRECTORY, read_managed_apps
from bot.core.layouts.releases_file import RELEASES, read_releases
from bot.core.layouts.variables import hidden, secret_variables, without_secrets
from bot.core.model import DesiredState, Target

__all__ = ["App", "Catalogue", "Files", "parse_catalogue", "read", "secret_variables"]

_LAYOUTS: Final = "auto, managed-apps, helmfile or releases"


def read(files: Files, target: Target, catalogue: Catalogue) -> DesiredState:
    """What the checkout wants for this target.

    Mistakes that leave the rest readable become findings of level error. Raises AuthorError where nothing can
    be read: `layout-missing`, `layout-ambiguous`, `layout-unsupported`, `yaml`, `empty`, `not-a-mapping`, …
    Neither says the value of a variable of the target that is a secret.
    """
    try:
        return without_secrets(_read(files, target, catalogue), target.variables)
    except AuthorError as error:
        raise hidden(error, target.variables) from None


def _read(files: Files, target: Target, catalogue: Catalogue) -> DesiredState:
    layout = target.layout if target.layout != "auto" else _found(files, target)
    match layout:
        case "managed-apps":
            return read_managed_apps(files, target, catalogue)
        case "releases":
            return read_releases(files, target)
        case "helmfile":
            return read_helmfile(files, target, catalogue.helmfile)
        case other:
            raise AuthorError(
                f"There is no layout {other!r}.",
                fix=f"Use {_LAYOUTS}.",
                code="layout-unsupported",
            )


def _found(files: Files, target: Target) -> str:
    names = files.names(target.path)
    has_apps = "config.yaml" in files.names(joined(target.path, DIRECTORY))
    has_releases = RELEASES in names
    helmfile = next((name for name in (*HELMFILE, HELMFILES) if name in names), None)
    chosen = target.variables.get("HELMFILE_FILE_PATH")
    present = [CONFIG] * has_apps + [RELEASES] * has_releases + ([helmfile] if helmfile else [])
    if len(present) > 1:
        raise AuthorError(
            f"{' and '.join(present)} are here, and each of them could be meant.",
            where=_place(target),
            fix="Say which in the target's `layout` (--layout).",
            code="layout-ambiguous",
        )
    if not present and not chosen:
        raise AuthorError(
            f"There is neither {CONFIG} nor {HELMFILE[0]} nor {RELEASES} here.",
            where=_place(target),
            fix="Add one of them, or set the target's `path` to the directory that holds it.",
            code="layout-missing",
        )
    return "managed-apps" if has_apps else "releases" if has_releases else "helmfile"


def _place(target: Target) -> Where | None:
    return None if target.path in ("", ".") else Where(target.path)
