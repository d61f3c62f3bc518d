import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.cluster.certificate import self_signed
from bot.demo.cluster.fields import decode, encode, shown
from bot.demo.cluster.patching import json_patch, merge_patch
from bot.demo.cluster.protobuf import decoded
from bot.demo.cluster.quantities import canonical
from bot.demo.cluster.refusals import Refusal


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("0.5Gi", "512Mi"),
        ("1024Mi", "1Gi"),
        ("1500", "1500"),
        ("2000", "2k"),
        ("1.5Gi", "1536Mi"),
        ("0", "0"),
        ("1e3", "1e3"),
        ("128974848", "128974848"),
        (1, "1"),
        (0.1, "100m"),
        ("lots", None),
        ("1 Gi", None),
    ],
)
def test_a_quantity_has_one_canonical_form(written: object, kept: str | None) -> None:
    assert canonical(written) == kept


steps = st.one_of(
    st.from_regex(r"f:[a-z./]{1,6}", fullmatch=True),
    st.sampled_from(['k:{"name":"a"}', 'k:{"containerPort":80,"protocol":"TCP"}', 'v:"x"']),
)


@given(st.frozensets(st.lists(steps, min_size=1, max_size=4).map(tuple), max_size=8))
def test_field_sets_survive_being_written_down(paths: frozenset[tuple[str, ...]]) -> None:
    assert decode(json.loads(json.dumps(encode(paths)))) == paths


def test_a_path_is_shown_as_conflicts_show_it() -> None:
    path = ("f:spec", "f:containers", 'k:{"name":"web"}', "f:image")
    assert shown(path) == '.spec.containers[name="web"].image'


def test_the_certificate_is_one_that_python_trusts(tmp_path: Path) -> None:
    certificate, key = self_signed("test", datetime.now(UTC))
    chain = tmp_path / "chain.pem"
    chain.write_text(certificate + key)

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    client = ssl.create_default_context(cadata=certificate)
    names = client.get_ca_certs()[0]["subjectAltName"]

    assert names == (("DNS", "localhost"), ("IP Address", "127.0.0.1"))


def test_a_json_patch_does_its_operations() -> None:
    operations = [
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "remove", "path": "/a/0"},
        {"op": "replace", "path": "/b~1c", "value": "x"},
        {"op": "copy", "path": "/d", "from": "/a"},
        {"op": "move", "path": "/e", "from": "/b~1c"},
    ]
    assert json_patch({"a": [1, 2], "b/c": "y"}, operations) == {"a": [2, 3], "d": [2, 3], "e": "x"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/x"},
        {"op": "test", "path": "/a", "value": 2},
        {"op": "add", "path": "/a/b/c", "value": 1},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operation: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        json_patch({"a": 1}, [operation])


def test_a_merge_patch_takes_away_with_null() -> None:
    assert merge_patch({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": [3]}}) == {"a": {"c": 2, "d": [3]}}


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2, len(content))) + content


def test_a_secret_is_read_from_protobuf() -> None:
    label = _field(11, _field(1, b"owner") + _field(2, b"helm"))
    metadata = _field(1, b"s") + _field(3, b"shop") + label
    secret = _field(1, metadata) + _field(2, _field(1, b"release") + _field(2, b"abc")) + _field(3, b"kind")
    body = b"k8s\x00" + _field(1, _field(1, b"v1") + _field(2, b"Secret")) + _field(2, secret)

    assert decoded(body) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop", "labels": {"owner": "helm"}},
        "data": {"release": "YWJj"},
        "type": "kind",
    }


@pytest.mark.parametrize(("body", "status"), [(b"json", 400), (b"k8s\x00\x0a\xff", 400), (b"k8s\x00", 415)])
def test_protobuf_that_is_none_or_of_another_kind_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        decoded(body)
    assert refused.value.status == status
