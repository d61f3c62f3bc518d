"""The catalogue of apps and the small charts that come with Purser, and an operator's own catalogue."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from bot.core.errors import AuthorError, Where
from bot.core.layouts import Catalogue, parse_catalogue


@cache
def shipped() -> Path:
    """The directory with what we ship: beside the package in a checkout, inside of it when installed."""
    package = Path(__file__).resolve().parents[1]
    for directory in (package.parent / "config", package / "_config"):
        if (directory / "catalogue.yaml").is_file():
            return directory
    raise FileNotFoundError("catalogue.yaml is neither in config/ nor in bot/_config/")


def bundled_charts() -> Path:
    """The directory of the charts of `purser:charts`."""
    return shipped() / "charts"


def load_catalogue(overrides: Iterable[str] = ()) -> Catalogue:
    """The shipped catalogue with these files laid over it. Raises AuthorError (`catalogue`, `yaml`)."""
    base = shipped() / "catalogue.yaml"
    layers = [(_text(path), Where(path)) for path in overrides]
    return parse_catalogue(base.read_text(encoding="utf-8"), Where("catalogue.yaml"), *layers)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise AuthorError(
            f"The catalogue cannot be read: {reason}.", where=Where(path), code="catalogue"
        ) from None
