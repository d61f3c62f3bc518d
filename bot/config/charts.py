"""Where charts come from, in the configuration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from bot.config.fields import ChartHost
from bot.config.secrets import Secret
from bot.config.strict import Strict
from bot.core.chart_credential import ChartCredential, place, secrets_of
from bot.core.redact.masking import SHORTEST


def _username(given: str) -> str:
    if ":" in given or not given.isprintable():
        raise PydanticCustomError("value", "expected a user name without colons and control characters")
    return given


def _password(given: SecretStr) -> SecretStr:
    if len(given.get_secret_value()) < SHORTEST:
        raise PydanticCustomError(
            "value",
            "it is shorter than {shortest} characters, too short to be masked; have a longer one made",
            {"shortest": SHORTEST},
        )
    return given


class Login(Strict):
    """What one private chart repository or registry wants to hear."""

    host: ChartHost = Field(description="host, or host:port, that alone is told it, and by https alone")
    username: Annotated[str, AfterValidator(_username)] = Field(
        min_length=1, max_length=255, description="user name"
    )
    password: Annotated[Secret, AfterValidator(_password)] = Field(description="password or token")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the host's certificate"
    )


def _hosts(given: tuple[Login, ...]) -> tuple[Login, ...]:
    hosts = [place(one.host) for one in given]
    twice = sorted({host for host in hosts if hosts.count(host) > 1})
    if twice:
        raise PydanticCustomError(
            "value", "one entry for each host; twice: {hosts}", {"hosts": ", ".join(twice)}
        )
    return given


Logins = Annotated[tuple[Login, ...], AfterValidator(_hosts)]


class Charts(Strict):
    """Where charts come from."""

    allowed_hosts: tuple[ChartHost, ...] = Field(
        default=(), description="hosts that charts may be fetched from"
    )
    credentials: Logins = Field(
        default=(), max_length=100, description="what private ones of them want to hear, one entry a host"
    )
    cache_dir: Path | None = Field(
        default=None, description="where fetched charts are kept; unset: data_dir/charts"
    )
    catalogue: Path | None = Field(
        default=None, description="a catalogue of managed apps, laid over the one that comes with Purser"
    )

    @property
    def logins(self) -> tuple[ChartCredential, ...]:
        """The credentials, as those who fetch know them."""
        return as_credentials(self.credentials)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The passwords, for the log's scrubber."""
        return secrets_of(self.logins)


class CredentialsFile(Strict):
    """A file with `credentials` alone, for `purser plan` and `purser apply` where they have no other."""

    credentials: Logins = Field(max_length=100, description="as charts.credentials")


def as_credentials(logins: Iterable[Login]) -> tuple[ChartCredential, ...]:
    """As those who fetch know them."""
    return tuple(
        ChartCredential(
            place(one.host),
            one.username,
            one.password.get_secret_value,
            str(one.ca_file) if one.ca_file else None,
        )
        for one in logins
    )
