"""Secrets of the configuration: named there, kept elsewhere."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

_LIMIT = 64 * 1024


def _invalid(message: str, **facts: Any) -> PydanticCustomError:
    return PydanticCustomError("secret", message, facts)


def _from_file(path: str, root: Path) -> str:
    try:
        with open(root / path, "rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as error:
        raise _invalid(
            "the file {path} cannot be read: {reason}", path=path, reason=os.strerror(error.errno or 0)
        ) from None
    if len(content) > _LIMIT:
        raise _invalid("the file {path} is larger than {limit} bytes", path=path, limit=_LIMIT)
    try:
        return content.decode().strip()
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
            value, source = _from_file(path, context.get("root", Path())), f"the file {path}"
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
