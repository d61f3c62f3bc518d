"""The target's variables that are secrets, and messages that do not show them."""

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.core.errors import AuthorError
from bot.core.model import DesiredState, Finding
from bot.core.redact.keys import could_be_secret, secrecy
from bot.core.redact.masking import maskable
from bot.core.redact.shapes import hide_shapes

_LOGIN = re.compile(
    r"(?:(?<=//)[^\s/@`'\"]{1,1000}+|[^\s/@:`'\"]{1,200}+:[^\s/@:`'\"]{1,1000}+)(?=@(?!sha256:))"
)
"""What stands before the host in an address: a file's mistakes quote addresses that nobody fetches from."""


def secret_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Those whose name says that they are secrets, or whose value has the looks of one."""
    return {
        name: value
        for name, value in variables.items()
        if maskable(value) and (could_be_secret(value, secrecy(name)) or _looks(value))
    }


def without_secrets(state: DesiredState, variables: Mapping[str, str]) -> DesiredState:
    """The same without secrets in what findings say: names of variables for them, no logins of addresses."""
    secrets = secret_variables(variables)
    return replace(state, findings=tuple(_hidden(one, secrets) for one in state.findings))


def hidden(error: AuthorError, variables: Mapping[str, str]) -> AuthorError:
    """The same error without the values of secret variables, and without logins in addresses."""
    secrets = secret_variables(variables)
    what, fix = _replaced(error.what, secrets), _replaced(error.fix, secrets)
    return AuthorError(what, where=error.where, fix=fix, code=error.code)


def _hidden(finding: Finding, secrets: Mapping[str, str]) -> Finding:
    message, fix = _replaced(finding.message, secrets), _replaced(finding.fix, secrets)
    return replace(finding, message=message, fix=fix)


def _replaced(text: str, secrets: Mapping[str, str]) -> str:
    for name, value in sorted(secrets.items(), key=lambda one: -len(one[1])):
        text = text.replace(value, f"‹{name}›")
    return _LOGIN.sub("‹login›", text)


def _looks(value: str) -> bool:
    return hide_shapes(value, lambda _, __: "") != value
