"""What must never be shown, and what must stay readable."""

import base64
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.redact.masking import COMMON, Masker

MASK = re.compile(r"‹masked:[0-9a-f]{8}›")
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


@pytest.fixture
def masker() -> Masker:
    return Masker(b"key of this installation")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def test_the_same_secret_has_one_mask_as_data_and_as_string_data(masker: Masker) -> None:
    masked = masker.manifest(
        secret(data={"a": b64("hunter2"), "b": b64("other")}, stringData={"a": "hunter2"})
    )
    assert masked["data"]["a"] == masked["stringData"]["a"]
    assert MASK.fullmatch(masked["data"]["a"])
    assert masked["data"]["a"] != masked["data"]["b"]


def test_other_keys_give_other_masks_and_one_key_the_same() -> None:
    assert Masker(b"a").mask("x") == Masker(b"a").mask("x") != Masker(b"b").mask("x")


def test_nothing_is_masked_twice(masker: Masker) -> None:
    once = masker.manifest(secret(data={"a": b64("hunter2")}, stringData={"password": "p"}))
    assert masker.manifest(once) == once
    text = masker.text("password=hunter2 and https://me:hunter2@host")
    assert masker.text(text) == text


def test_what_kubectl_last_applied_is_masked_whole(masker: Masker) -> None:
    key = "kubectl.kubernetes.io/last-applied-configuration"
    masked = masker.manifest(
        {"kind": "Secret", "metadata": {"annotations": {key: '{"data":{"a":"aHVudGVy"}}'}}}
    )
    assert MASK.fullmatch(masked["metadata"]["annotations"][key])


def test_a_secret_seen_once_is_masked_in_every_other_text(masker: Masker) -> None:
    masker.learn(secret(data={"dsn": b64("correct horse battery")}))
    for text in ("got correct horse battery", f"got {b64('correct horse battery')} there"):
        assert "horse" not in masker.text(text)
        assert b64("correct horse battery") not in masker.text(text)
    assert masker.text("correct horse") == "correct horse"


def test_a_secret_that_looks_like_part_of_a_mask_breaks_no_mask(masker: Masker) -> None:
    masker.learn(secret(stringData={"odd": "masked", "long": "x" * 200}))
    text = masker.text("x" * 200 + " and masked")
    assert MASK.sub("M", text) == "M and M"


def test_words_that_stand_everywhere_are_not_masked_because_a_secret_holds_them(masker: Masker) -> None:
    masker.learn(secret(data={"user": b64("postgres"), "mode": b64("on"), "ns": b64("default")}))
    assert masker.text("namespace default runs postgres on") == "namespace default runs postgres on"


SECRET_TEXTS = {
    "private key": (f"x {PEM} y", "MIIEow"),
    "private key in base64": (f"key {b64(PEM)}", b64(PEM)[30:60]),
    "json web token": (f"t {JWT}", JWT[20:]),
    "aws key": ("id AKIAIOSFODNN7EXAMPLE.", "AKIAIOSFODNN7EXAMPLE"),
    "google key": ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "SyA123"),
    "gitlab token": ("git glpat-abcdefghij1234567890 x", "abcdefghij1234567890"),
    "github token": ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklm"),
    "slack token": ("xoxb-123456789012-abcdefghij", "123456789012"),
    "slack hook": ("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX", "B00000000"),
    "url with a password": ("postgres://app:hunter22@db:5432/app", "hunter22"),
    "url without a user": ("redis://:hunter22@cache:6379", "hunter22"),
    "connection string": ("Server=db;User Id=sa;Password=hunter22;Encrypt=true", "hunter22"),
    "azure connection string": ("AccountName=x;AccountKey=abcd1234efgh==;Endpoint=y", "abcd1234efgh"),
    "yaml line": ("host: db\npassword: hunter22\nport: 1", "hunter22"),
    "json": ('{"user":"a","password":"hunter 22"}', "hunter 22"),
    "ini": ("[db]\npasswd = hunter22", "hunter22"),
    "flag with a blank": ("mysql --password hunter22 -h db", "hunter22"),
    "flag": ("mysql --password=hunter22 -h db", "hunter22"),
    "header": ("Authorization: Bearer abcDEF123456789", "abcDEF123456789"),
    "htpasswd": ("admin:$2y$10$abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuv"),
    "api server's words": (
        'Secret "s" is invalid: data[password]: Invalid value: "x", token="abcdef99"',
        "abcdef99",
    ),
}


@pytest.mark.parametrize("name", SECRET_TEXTS)
def test_secrets_are_told_by_their_looks(masker: Masker, name: str) -> None:
    text, hidden = SECRET_TEXTS[name]
    masked = masker.text(text)
    assert hidden not in masked
    assert MASK.search(masked)


@pytest.mark.parametrize(
    "text",
    [
        "spec.replicas: Invalid value: 3",
        "https://example.com:8443/path",
        "secretName: tls-web",
        "tokenReviews: true",
        "automountServiceAccountToken: false",
        "passwordFile: /run/secrets/password",
        "password: ${DB_PASSWORD}",
        "password: {{ .Values.password }}",
        "--token-ttl=15m --audit-log-maxage=30",
        "key: value",
        "basic authentication is off",
        'secrets "web" is forbidden: User "ann" cannot get resource "secrets"',
        "image: registry:5000/app@sha256:0123456789abcdef",
    ],
)
def test_what_only_seems_secret_stays_readable(masker: Masker, text: str) -> None:
    assert masker.text(text) == text


def pod(**container: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}


@pytest.mark.parametrize(
    "container",
    [
        {"env": [{"name": "DB_PASSWORD", "value": "hunter22"}]},
        {"env": [{"name": "API_TOKEN", "value": "hunter22"}]},
        {"env": [{"name": "JWT_SECRET", "value": "hunter22"}]},
        {"env": [{"name": "DATABASE_URL", "value": "postgres://a:hunter22@b/c"}]},
        {"args": ["--password=hunter22"]},
        {"args": ["--api-key", "hunter22"]},
        {"command": ["sh", "-c", "PGPASSWORD=hunter22 psql"]},
    ],
)
def test_secrets_in_containers_are_masked(masker: Masker, container: dict[str, Any]) -> None:
    masked = masker.manifest(pod(**container))
    assert "hunter22" not in str(masked)
    assert MASK.search(str(masked))


def test_references_to_secrets_stay_readable(masker: Masker) -> None:
    shown = pod(
        env=[
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "PASSWORD", "value": "$(DB_PASSWORD)"},
        ],
        ports=[{"name": "auth", "containerPort": 8080}],
    )
    shown["spec"] |= {
        "automountServiceAccountToken": False,
        "imagePullSecrets": [{"name": "registry"}],
        "volumes": [{"name": "tls", "secret": {"secretName": "web-tls"}}],
        "passwordSecretRef": {"name": "x", "key": "password"},
        "existingSecret": "my-secret",
    }
    assert masker.manifest(shown) == shown


def test_files_in_a_config_map_keep_all_but_their_secrets(masker: Masker) -> None:
    config = {
        "kind": "ConfigMap",
        "data": {"app.ini": "host = db\npassword = hunter22\n", "DB_PASSWORD": "abc"},
    }
    data = masker.manifest(config)["data"]
    assert MASK.sub("M", data["app.ini"]) == "host = db\npassword = M\n"
    assert MASK.fullmatch(data["DB_PASSWORD"])


def test_the_shape_of_an_object_stays(masker: Masker) -> None:
    odd = secret(data=None, stringData={"a": 1, "b": None, "c": {"d": "e"}})
    masked = masker.manifest(odd)
    assert masked["data"] is None
    assert masked["stringData"].keys() == {"a", "b", "c"}
    assert masked["stringData"]["b"] is None


@pytest.mark.parametrize("rest", ["Zq7hunter2Qx9Kx8Lw", "Zq7hunter2Qx9Kx8Lw" * 9], ids=["short", "long"])
def test_a_secret_of_several_lines_leaves_none_of_its_short_ones(masker: Masker, rest: str) -> None:
    value = f"pin1\n{rest}\nend2"
    masker.learn(secret(data={"x": b64(value)}))
    assert masker.text(f"it says:\n{value}\n") == f"it says:\n{masker.mask(value)}\n"
    assert rest not in masker.text(f"it says:\n    pin1\n    {rest}\n")


@given(
    st.text(min_size=8, max_size=40).filter(lambda t: not MASK.search(t) and t not in COMMON),
    st.binary(min_size=1, max_size=8),
)
@example("0\n000000000000000A", b"\0")
def test_no_value_of_a_secret_survives_in_any_text(value: str, key: bytes) -> None:
    masker = Masker(key)
    masker.learn(secret(data={"x": b64(value)}))
    assert masker.text(value) == masker.mask(value)
    assert b64(value) not in masker.text(f"before {b64(value)} after")


@pytest.mark.parametrize("key", ["apiToken", "clientSecret", "password"])
def test_a_value_under_a_telling_key_is_masked_in_messages_too(masker: Masker, key: str) -> None:
    masker.value({"auth": {key: "s3cr3tv4lue99"}})
    assert "s3cr3tv4lue99" not in masker.text("execution error at (x.yaml:1:3): s3cr3tv4lue99")


def test_a_plain_word_under_a_likely_key_stays_readable_elsewhere(masker: Masker) -> None:
    masker.value({"auth": {"apiToken": "shopfront"}})
    assert masker.text("Deployment shopfront is not ready") == "Deployment shopfront is not ready"
