"""Whether a delivery is GitLab's: its signature, else its token, compared in constant time.

GitLab's formula since 19.0 (that of standardwebhooks.com): `webhook-signature` holds, separated by spaces,
one or more `v1,<base64 of HMAC-SHA256(key, "{webhook-id}.{webhook-timestamp}.{raw body}")>`; the key
is the base64 after `whsec_` in the signing token.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping

TOLERANCE = 300
"""Seconds that a signed delivery may be older or newer than our clock."""

_MOST_SIGNATURES = 10


def key_of(signing_token: str) -> bytes:
    """The key in a signing token (`whsec_…`). Raises ValueError where it is none."""
    encoded = signing_token.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError("a signing token is whsec_ and base64") from None
    if len(key) < 16:
        raise ValueError("a signing token holds at least 16 bytes")
    return key


def sign(key: bytes, delivery_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a delivery, as it stands in the header."""
    message = b".".join((delivery_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, message, "sha256")).decode()


class Doorkeeper:
    """Knows the tokens. A delivery with a signature is judged by it alone."""

    def __init__(self, token: str | None, signing_tokens: Collection[str] = ()) -> None:
        self._token = None if token is None else hashlib.sha256(token.encode()).digest()
        self._keys = tuple(key_of(each) for each in signing_tokens)

    def lets_in(self, headers: Mapping[str, str], body: bytes, now: float) -> bool:
        """Whether these (case-insensitive) headers make this body GitLab's at this time (Unix seconds)."""
        if "webhook-signature" in headers:
            return self._signed(headers, body, now)
        if self._token is None:
            return False
        given = headers.get("X-Gitlab-Token", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(hashlib.sha256(given).digest(), self._token)

    def _signed(self, headers: Mapping[str, str], body: bytes, now: float) -> bool:
        delivery_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not delivery_id or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        if not delivery_id.isascii() or abs(now - int(timestamp)) > TOLERANCE:
            return False
        given = headers["webhook-signature"].split(" ")[:_MOST_SIGNATURES]
        right = [sign(key, delivery_id, timestamp, body).encode() for key in self._keys]
        # Every pair is compared, so that the time says nothing about which one fits.
        fits = [hmac.compare_digest(one.encode("utf-8", "replace"), two) for one in given for two in right]
        return any(fits)
