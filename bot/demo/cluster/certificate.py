"""A self-signed certificate for a server on loopback, made with the standard library alone.

Helm and kubectl send a bearer token over HTTPS only, so the simulated cluster has to speak it. The key lives
for as long as one demo does and guards nothing but loopback; do not use this for anything else.
Rules: RFC 5280 (certificate), RFC 5915 (key file), FIPS 186-5 (ECDSA on P-256).
"""

import base64
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Point: TypeAlias = tuple[int, int] | None

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_SIGNATURE = "1.2.840.10045.4.3.2"  # ecdsa-with-SHA256
_PUBLIC_KEY = "1.2.840.10045.2.1"
_CURVE = "1.2.840.10045.3.1.7"  # P-256


def self_signed(name: str, now: datetime) -> tuple[str, str]:
    """Certificate and key, both PEM, for 127.0.0.1 and localhost; valid for 30 days around `now` (UTC)."""
    secret = secrets.randbelow(_N - 1) + 1
    public = _public(secret)
    signed = _to_be_signed(name, now.astimezone(UTC), public)
    algorithm = _sequence(_identifier(_SIGNATURE))
    certificate = _sequence(signed, algorithm, _bits(_sign(secret, signed)))
    key = _sequence(
        _integer(1),
        _octets(secret.to_bytes(32, "big")),
        _tag(0xA0, _identifier(_CURVE)),
        _tag(0xA1, _bits(public)),
    )
    return _pem("CERTIFICATE", certificate), _pem("EC PRIVATE KEY", key)


def _to_be_signed(name: str, now: datetime, public: bytes) -> bytes:
    entity = _sequence(_tag(0x31, _sequence(_identifier("2.5.4.3"), _tag(0x0C, name.encode()))))
    names = _sequence(_tag(0x82, b"localhost"), _tag(0x87, bytes((127, 0, 0, 1))))
    fingerprint = hashlib.sha256(public).digest()[:20]
    true = _tag(0x01, b"\xff")
    extensions = _sequence(
        _sequence(_identifier("2.5.29.17"), _octets(names)),
        _sequence(_identifier("2.5.29.19"), true, _octets(_sequence(true))),
        _sequence(
            _identifier("2.5.29.15"), true, _octets(_tag(0x03, b"\x02\x84"))
        ),  # sign, sign certificates
        _sequence(_identifier("2.5.29.14"), _octets(_octets(fingerprint))),
        _sequence(_identifier("2.5.29.35"), _octets(_sequence(_tag(0x80, fingerprint)))),
    )
    return _sequence(
        _tag(0xA0, _integer(2)),
        _integer(secrets.randbits(127)),
        _sequence(_identifier(_SIGNATURE)),
        entity,
        _sequence(_time(now - timedelta(days=1)), _time(now + timedelta(days=29))),
        entity,
        _sequence(_sequence(_identifier(_PUBLIC_KEY), _identifier(_CURVE)), _bits(public)),
        _tag(0xA3, extensions),
    )


def _sign(secret: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        point = _times(nonce, _G)
        r = point[0] % _N if point else 0
        s = pow(nonce, -1, _N) * (digest + r * secret) % _N
        if r and s:
            return _sequence(_integer(r), _integer(s))


def _public(secret: int) -> bytes:
    point = _times(secret, _G)
    if point is None:
        raise ValueError("no key")
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        factor >>= 1
    return total


def _plus(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % _P == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, _P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P)
    x = (slope * slope - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _tag(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tag(0x30, b"".join(parts))


def _octets(content: bytes) -> bytes:
    return _tag(0x04, content)


def _bits(content: bytes) -> bytes:
    return _tag(0x03, b"\x00" + content)


def _integer(number: int) -> bytes:
    return _tag(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _time(moment: datetime) -> bytes:
    return _tag(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _identifier(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytes((first * 40 + second,))
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return _tag(0x06, content)


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
