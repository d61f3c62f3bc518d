"""How one secret is written in different places."""

import base64
import binascii
import html
import json
from urllib.parse import quote, quote_plus

_FOR_ADDRESSES = str.maketrans("+/", "-_", "=")


def forms(text: str, raw: bytes) -> set[str]:
    """How a secret stands in other texts: as it is, in base64, and in JSON, addresses, YAML, HTML, twice."""
    inner = json.dumps(text)[1:-1]
    coded = base64.b64encode(raw).decode()
    return {
        text,
        coded,
        coded.translate(_FOR_ADDRESSES),
        inner,
        json.dumps(inner)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        text.replace("'", "''"),
        html.escape(text),
    }


def decoded(text: str) -> bytes:
    """What a Secret's base64 stands for; text that is no base64 stands for itself."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text.encode(errors="surrogatepass")
