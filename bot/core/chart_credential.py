"""What a private chart repository or registry wants to hear."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class ChartCredential:
    """A user and a password for one host. Never shown.

    `host` is as `place` gives it. `password` is asked for each time, as a file's may change. `ca_file` is a
    PEM file of an authority that the host's certificate may come from besides those of the system.
    """

    host: str
    username: str
    password: Callable[[], str]
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"ChartCredential({self.host!r})"

    @property
    def basic(self) -> str:
        """The Authorization that says it (RFC 7617)."""
        return f"Basic {self._encoded}"

    @property
    def secrets(self) -> tuple[str, str]:
        """What may stand nowhere: the password, and how it goes over the wire."""
        return self.password(), self._encoded

    @property
    def _encoded(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password()}".encode()).decode()


def secrets_of(credentials: Iterable[ChartCredential]) -> tuple[str, ...]:
    """What may stand nowhere of all of them, as it is now: the file of a password may be replaced."""
    return tuple(secret for one in credentials for secret in one.secrets)


def place(host: str) -> str:
    """`host` or `host:port` in lower case and with its port, 443 where none is said."""
    name = host.lower()
    return name if name.rpartition(":")[2].isdigit() and not name.endswith("]") else f"{name}:443"
