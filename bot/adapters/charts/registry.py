"""Pulls a chart from an OCI registry (the distribution protocol, and Helm's media types for charts)."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from yarl import URL

from bot.adapters.charts.archive import MAX_PACKED
from bot.adapters.charts.hosts import place_of
from bot.adapters.charts.http import Answer, ChartHttp
from bot.core.errors import AuthorError, TransientError, Where
from bot.core.model import ChartInRegistry

_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MAX_MANIFEST: Final = 4_000_000
_REFERENCE: Final = re.compile(
    r"oci://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+"
)
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_FIELD: Final = re.compile(r'(\w+)="([^"]*)"')
_INSECURE: Final = ("localhost", "127.0.0.1", "::1")


def registry_url(source: ChartInRegistry, secret: Collection[str] = ()) -> URL:
    """The registry's address; by custom, one on this machine speaks http.

    `secret` are the places (`host:port`) that are told a credential, and speak https always. Raises
    AuthorError (`chart-not-found`).
    """
    if not _REFERENCE.fullmatch(source.reference):
        raise AuthorError(
            "This is no reference of a chart.",
            fix="Write oci://registry.example.com/path/name.",
            code="chart-not-found",
        )
    url = URL("https://" + source.reference.removeprefix("oci://"))
    insecure = url.host in _INSECURE and place_of(url) not in secret
    return url.with_scheme("http") if insecure else url


async def pull(http: ChartHttp, source: ChartInRegistry, url: URL) -> bytes:
    """The chart's archive, whose digest is the manifest's. `url` is what `registry_url` gave.

    Raises AuthorError (`chart-not-found`, `chart-invalid`, `chart-digest`, `chart-host-refused`,
    `chart-credential`) or TransientError.
    """
    base = f"{url.origin()}/v2/{url.path.strip('/')}"
    tag = source.version.replace("+", "_")
    address = f"{base}/manifests/{tag}"
    answer, token = await authorized(http, address, {"Accept": _MANIFEST}, _MAX_MANIFEST, "")
    if answer.status != 200:
        raise _unavailable(http, source, answer)
    digest = _layer(answer.body, source)
    blob, _ = await authorized(http, f"{base}/blobs/sha256:{digest}", {}, MAX_PACKED, token)
    if blob.status != 200:
        raise _unavailable(http, source, blob)
    if hashlib.sha256(blob.body).hexdigest() != digest:
        raise AuthorError(
            "The registry gave other bytes than its manifest names.",
            where=Where(source.reference),
            code="chart-digest",
        )
    return blob.body


async def authorized(
    http: ChartHttp, address: str, headers: Mapping[str, str], limit: int, token: str
) -> tuple[Answer, str]:
    """The answer, asked again with a token where the registry wants one, and that token as Authorization."""
    answer = await http.get(address, limit=limit, headers=headers, authorization=token)
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status != 401 or not challenge.lower().startswith("bearer "):
        return answer, token
    token = await _token(http, dict(_FIELD.findall(challenge)))
    return await http.get(address, limit=limit, headers=headers, authorization=token), token


async def _token(http: ChartHttp, challenge: Mapping[str, str]) -> str:
    """The Authorization to go on with. Where the realm is on another host, that one's credential is told."""
    try:
        realm = URL(challenge.get("realm", ""))
    except ValueError:
        realm = URL()
    wanted = {key: challenge[key] for key in ("service", "scope") if key in challenge}
    answer = await http.get(str(realm.update_query(wanted)), limit=_MAX_MANIFEST)
    match _json(answer.body) if answer.status == 200 else None:
        case {"token": str(token)} | {"access_token": str(token)}:
            return f"Bearer {token}"
    if answer.status == 200:
        raise TransientError(f"{realm.host} gave no token.")
    if answer.status == 401:
        raise http.forbidden(answer)
    return ""


def _layer(body: bytes, source: ChartInRegistry) -> str:
    """The hex digest of the chart's archive, by the manifest."""
    match _json(body):
        case {"layers": list(layers)}:
            for layer in layers:
                match layer:
                    case {"mediaType": str(kind), "digest": str(digest)} if kind == _CHART:
                        if found := _DIGEST.fullmatch(digest):
                            return found[1]
    raise AuthorError(
        "What the registry has under this name is no Helm chart.",
        where=Where(source.reference),
        code="chart-invalid",
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _unavailable(http: ChartHttp, source: ChartInRegistry, answer: Answer) -> AuthorError:
    if answer.status == 401:
        return http.forbidden(answer, source.reference)
    return AuthorError(
        f"The registry has no version {source.version} of this chart (or shows it only to others).",
        where=Where(source.reference),
        fix="Check the reference and the version; for a private one, what the credential may read.",
        code="chart-not-found",
    )
