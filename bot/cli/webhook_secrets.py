"""The files of the webhook's signing tokens: a new one made while the one before still counts."""

import base64
import os
import secrets
from pathlib import Path

import yaml

from bot.core.errors import AuthorError

_FIX = (
    "Name two files in webhook.signing_tokens, [{file: new}, {file: before}] (at first both with the same "
    "content), and start the service with them."
)


def rotate(config: Path) -> bool:
    """Puts a new signing token into the first file and its token into the second; False where that is done.

    A rotation is under way until `rotated` is called. Wherever it is interrupted, one of the two files has
    the token that GitLab uses.
    Raises AuthorError (`rotate`) where the configuration does not name two files, or they cannot be written.
    """
    new, before = _files(config)
    mark = _mark(new)
    try:
        current = new.read_text(encoding="utf-8")
        if mark.exists() and current != before.read_text(encoding="utf-8"):
            return False
        _write(before, current)
        _write(mark, "")
        _write(new, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    except (OSError, UnicodeError) as error:
        said = f"The signing tokens cannot be replaced: {error}."
        raise AuthorError(said, fix="Run this where the files are writable.", code="rotate") from None
    return True


def rotated(config: Path) -> None:
    """Every webhook has the new token: the next rotation may begin."""
    _mark(_files(config)[0]).unlink(missing_ok=True)


def _files(config: Path) -> tuple[Path, Path]:
    document = yaml.load(config.read_bytes(), Loader=yaml.CSafeLoader)
    match document:
        case {"webhook": {"signing_tokens": [{"file": str(new)}, {"file": str(before)}]}} if new != before:
            return config.parent / new, config.parent / before
    raise AuthorError("There is no room for two signing tokens in files.", fix=_FIX, code="rotate")


def _mark(new: Path) -> Path:
    return new.with_name(new.name + ".rotating")


def _write(path: Path, content: str) -> None:
    """Whole or not at all, readable for its owner only."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
