"""Secrets of the configuration: named there, kept elsewhere."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

_LIMIT = 64 * 1024


class FileSecret(SecretStr):
    """A secret in a file that may be replaced while we run: its value is what the file holds now.

    While the file is gone, empty or not readable, the last value that it held stays.
    """

    def __init__(self, value: str, path: Path) -> None:
        super().__init__(value)
        self._path = path
        self._seen = _version(path)

    def get_secret_value(self) -> str:
        """The file is read again only when it has changed."""
        if (now := _version(self._path)) != self._seen and now is not None:
            try:
                value = _content(self._path)
            except (OSError, OverflowError, UnicodeDecodeError):
                return super().get_secret_value()
            self._secret_value, self._seen = value or self._secret_value, now
        return super().get_secret_value()


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _content(path: Path) -> str:
    """Raises OSError, OverflowError for what is too long, and UnicodeDecodeError for what is no text."""
    with path.open("rb") as file:
        content = file.read(_LIMIT + 1)
    if len(content) > _LIMIT:
        raise OverflowError
    return content.decode().strip()


def _invalid(message: str, **facts: Any) -> PydanticCustomError:
    return PydanticCustomError("secret", message, facts)


def _from_file(path: str, root: Path) -> str:
    try:
        return _content(root / path)
    except OSError as error:
        raise _invalid(
            "the file {path} cannot be read: {reason}", path=path, reason=os.strerror(error.errno or 0)
        ) from None
    except OverflowError:
        raise _invalid("the file {path} is larger than {limit} bytes", path=path, limit=_LIMIT) from None
    except UnicodeDecodeError:
        raise _invalid("the file {path} is not UTF-8 text", path=path) from None


def resolve(given: Any, info: ValidationInfo) -> SecretStr:
    """The secret that `{env: NAME}` or `{file: PATH}` names.

    The validation context holds `environ` (a mapping) and `root` (what a relative PATH starts from). No error
    ever quotes what was given: it may be the secret itself.
    """
    context: Mapping[str, Any] = info.context or {}
    match given:
        case SecretStr():
            return given
        case {"env": str(name), **rest} if not rest:
            environ: Mapping[str, str] = context.get("environ", {})
            if name not in environ:
                raise _invalid("the environment variable {name} is not set", name=name)
            value, source = environ[name].strip(), f"the environment variable {name}"
        case {"file": str(path), **rest} if not rest:
            root: Path = context.get("root", Path())
            value, source = _from_file(path, root), f"the file {path}"
            if value:
                return FileSecret(value, root / path)
        case str():
            raise _invalid("a secret is never written here: use {env: NAME} or {file: PATH}")
        case _:
            raise _invalid("expected {env: NAME} or {file: PATH}")
    if not value:
        raise _invalid("{source} is empty", source=source)
    return SecretStr(value)


SECRET_SCHEMA: dict[str, Any] = {
    "oneOf": [
        {
            "type": "object",
            "properties": {name: {"type": "string", "description": text}},
            "required": [name],
            "additionalProperties": False,
        }
        for name, text in (
            ("env", "name of the environment variable that holds the secret"),
            ("file", "path of the file that holds the secret"),
        )
    ]
}

Secret = Annotated[SecretStr, BeforeValidator(resolve), WithJsonSchema(SECRET_SCHEMA)]
