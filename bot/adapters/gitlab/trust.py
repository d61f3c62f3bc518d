"""Whose certificates are trusted when we speak to GitLab."""

import ssl
from pathlib import Path

from bot.core.errors import AuthorError


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """The system's, and those of a PEM file besides. Raises AuthorError (`ca-file`)."""
    trust = ssl.create_default_context()
    if ca_file is None:
        return trust
    try:
        trust.load_verify_locations(cadata=Path(ca_file).read_text("ascii"))
    except (OSError, ValueError) as error:
        raise AuthorError(
            f"The certificate authority file {ca_file} cannot be used ({type(error).__name__}).",
            fix="It has to be a readable PEM file.",
            code="ca-file",
        ) from None
    return trust
