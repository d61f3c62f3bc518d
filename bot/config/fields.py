"""The kinds of values in the configuration, each with what it accepts."""

import re
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.config.secrets import SECRET_SCHEMA, Secret, resolve
from bot.core.command import COMMANDS
from bot.core.globs import problem_of
from bot.core.webhook.signature import key_of
from bot.core.webhook.source import Network


class Role(StrEnum):
    """A GitLab role that a command may ask for."""

    REPORTER = "reporter"
    DEVELOPER = "developer"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _invalid(message: str, **facts: Any) -> PydanticCustomError:
    return PydanticCustomError("value", message, facts)


def _address(given: Any) -> Any:
    if isinstance(given, Address):
        return given
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})", str(given))
    if not found or int(found[3]) > 65535:
        raise _invalid("expected host:port, such as 127.0.0.1:8080")
    return Address(found[1] or found[2], int(found[3]))


def _web_address(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _invalid("expected an address such as https://gitlab.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _invalid("an address without user, password, query or fragment is expected")
    return given.rstrip("/")


def _database_url(given: Any, info: ValidationInfo) -> Any:
    if not isinstance(given, str):
        return resolve(given, info)
    try:
        has_password = urlsplit(given).password is not None
    except ValueError:
        raise _invalid("expected a database address such as postgresql://host/name") from None
    if has_password:
        raise _invalid("it holds a password: keep it elsewhere and use {env: NAME} or {file: PATH}")
    return SecretStr(given)


def _database_kind(given: SecretStr) -> SecretStr:
    scheme = given.get_secret_value().partition(":")[0].partition("+")[0]
    if scheme not in ("sqlite", "postgresql", "postgres"):
        raise _invalid("expected an address that begins with sqlite: or postgresql:")
    return given


def _project_path(given: str) -> str:
    if not re.fullmatch(r"[\w][\w.-]*(/[\w][\w.-]*)+", given):
        raise _invalid("expected the project's path with its namespace, such as platform/cluster")
    return given


def _target_name(given: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?", given):
        raise _invalid("expected up to 63 lower-case letters, digits, dots and dashes, such as production")
    return given


def _networks(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        raise _invalid("expected a list of networks, such as [192.0.2.0/24, 2001:db8::/32]")
    try:
        return tuple(ip_network(str(each)) for each in given)
    except ValueError:
        raise _invalid("expected networks such as 192.0.2.0/24, with no bits set behind the prefix") from None


def _signing_token(given: SecretStr) -> SecretStr:
    try:
        key_of(given.get_secret_value())
    except ValueError as error:
        raise _invalid(str(error)) from None
    return given


def _commands(given: dict[str, Role]) -> dict[str, Role]:
    unknown = sorted(set(given) - set(COMMANDS))
    if unknown:
        raise _invalid(
            "there is no command {unknown}; there are {known}",
            unknown=", ".join(unknown),
            known=", ".join(COMMANDS),
        )
    return given


def _chart_host(given: str) -> str:
    if not re.fullmatch(r"(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", given):
        raise _invalid(
            "expected host or host:port, such as charts.example.com, without scheme, path or login"
        )
    return given


def patterns(given: tuple[str, ...]) -> tuple[str, ...]:
    """Patterns as core/globs.py reads them."""
    if problem := problem_of(given):
        raise _invalid("{problem}", problem=problem)
    return given


ChartHost = Annotated[str, AfterValidator(_chart_host)]
Patterns = Annotated[tuple[str, ...], AfterValidator(patterns)]
Listen = Annotated[
    Address, BeforeValidator(_address), WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8080"]})
]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseUrl = Annotated[
    SecretStr,
    BeforeValidator(_database_url),
    AfterValidator(_database_kind),
    WithJsonSchema({"anyOf": [{"type": "string"}, SECRET_SCHEMA]}),
]
Roles = Annotated[dict[str, Role], AfterValidator(_commands)]
Layout: TypeAlias = Literal["auto", "managed-apps", "helmfile", "releases"]
Networks = Annotated[
    tuple[Network, ...],
    BeforeValidator(_networks),
    WithJsonSchema({"type": "array", "items": {"type": "string", "examples": ["192.0.2.0/24"]}}),
]
SigningToken = Annotated[Secret, AfterValidator(_signing_token)]
ProjectPath = Annotated[str, AfterValidator(_project_path)]
TargetName = Annotated[str, AfterValidator(_target_name)]
