"""What a rendering with decoys tells about the one with the real Secrets."""

import base64
import json
from typing import Any

import pytest

from bot.core.decoy import MOST_PLACES, decoy, revealed
from bot.core.model import Manifest
from bot.core.release import Hook, Rendered


def secret(**data: str | bytes) -> Manifest:
    coded = {
        key: base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
        for key, value in data.items()
    }
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": coded}


def rendered(*objects: Manifest, hooks: tuple[Hook, ...] = ()) -> Rendered:
    return Rendered("web", "1.0.0", "", objects, hooks, ())


def config(name: str = "a", **data: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_decoy_has_the_same_shape_and_no_letter_of_the_original() -> None:
    text = '{"user": "Max", "port": 5432, "key": "aB3-dE6"}'
    other = base64.b64decode(decoy(secret(a=text), b"salt")["data"]["a"]).decode()
    assert len(other) == len(text)
    for real, made in zip(text, other, strict=True):
        if real.isalnum():
            assert real != made
            assert (real.isupper(), real.islower(), real.isdigit()) == (
                made.isupper(), made.islower(), made.isdigit(),
            )  # fmt: skip
        else:
            assert real == made


def test_a_decoy_of_bytes_differs_in_every_byte() -> None:
    raw = bytes(range(256))
    other = base64.b64decode(decoy(secret(a=raw), b"salt")["data"]["a"])
    assert len(other) == len(raw)
    assert all(one != two for one, two in zip(raw, other, strict=True))


def test_a_decoy_forgets_the_last_applied_configuration_too() -> None:
    mark = "kubectl.kubernetes.io/last-applied-configuration"
    real = secret(a="x")
    real["metadata"]["annotations"] = {mark: json.dumps({"data": {"a": "c2VjcmV0"}}), "b": "kept"}
    made = decoy(real, b"salt")["metadata"]["annotations"]
    assert "c2VjcmV0" not in made[mark]
    assert made["b"] == "kept"
    assert "c2VjcmV0" in real["metadata"]["annotations"][mark]


def test_what_comes_out_the_same_tells_nothing() -> None:
    found = revealed(rendered(config(x="same")), rendered(config(x="same")))
    assert (found.texts, found.bare) == (set(), [])


def test_a_text_that_differs_is_to_be_masked() -> None:
    found = revealed(rendered(config(x="terces-ym")), rendered(config(x="qwerty-ab")))
    assert (found.texts, found.bare) == ({"terces-ym"}, [])


def test_of_a_block_only_the_lines_that_differ_are_masked() -> None:
    real, other = "user: max\npass: abcdef\n", "user: max\npass: ghijkl\n"
    assert revealed(rendered(config(x=real)), rendered(config(x=other))).texts == {"pass: abcdef"}


def test_of_a_block_with_a_short_line_the_whole_is_masked() -> None:
    real, other = "user: max\nab\n", "user: max\ncd\n"
    assert revealed(rendered(config(x=real)), rendered(config(x=other))).texts == {real}


def test_base64_is_masked_as_the_server_gives_it_back() -> None:
    coded = base64.b64encode(b"a secret, somehow").decode()
    broken = coded[:4] + "\n" + coded[4:]
    assert coded in revealed(rendered(config(x=broken)), rendered(config(x="other text"))).texts


def test_what_a_secret_holds_is_masked_anyway() -> None:
    assert revealed(rendered(secret(a="x")), rendered(secret(a="y"))).bare == []


@pytest.mark.parametrize(
    ("real", "other", "place"),
    [
        (config(x="ab"), config(x="cd"), "ConfigMap a /data/x (too short"),
        (config(x="password"), config(x="qbttxpse"), "ConfigMap a /data/x (too short"),
        (config(x=5), config(x=6), "ConfigMap a /data/x (a number"),
        (config(x=True), config(x=1), "ConfigMap a /data/x (a number"),
        (config(x="1500000m"), config(x="2600000m"), "ConfigMap a /data/x (a quantity"),
        (config(x="2026-11-23T10:00:00+00:00"), config(x="2025-11-23T10:00:00+00:00"), "(a quantity"),
        (config(abcdefg="x"), config(hijklmn="x"), "ConfigMap a /data (which keys"),
        (config(x=["a", "b"]), config(x=["a"]), "ConfigMap a /data/x (how many"),
        (config(x={"name": "abcdefg"}), config(x={"name": "hijklmn"}), "/data/x/name (names are shown"),
        (config("one-name"), config("other-name"), "which objects there are"),
        (secret(abcdefg="x"), secret(hijklmn="x"), "Secret a /data (which keys"),
    ],
)
def test_what_no_mask_covers_is_named_without_its_value(real: Manifest, other: Manifest, place: str) -> None:
    found = revealed(rendered(real), rendered(other))
    (named,) = found.bare
    assert place in named
    for value in ("abcdefg", "hijklmn", "one-name", "other-name", "1500000m"):
        assert value not in named


def test_a_hook_that_moves_is_noticed_and_a_test_hook_is_not_shown_at_all() -> None:
    def hook(event: str, weight: int) -> tuple[Hook, ...]:
        return (Hook(config("h", x=str(weight)), (event,), weight, ()),)

    assert revealed(rendered(hooks=hook("pre-install", 1)), rendered(hooks=hook("pre-install", 2))).bare
    assert not revealed(rendered(hooks=hook("test", 1)), rendered(hooks=hook("test", 2))).bare


def test_too_many_places_are_too_many() -> None:
    real = config(**{f"k{n}": f"abcdef{n}" for n in range(MOST_PLACES + 1)})
    other = config(**{f"k{n}": f"ghijkl{n}" for n in range(MOST_PLACES + 1)})
    (named,) = revealed(rendered(real), rendered(other)).bare
    assert str(MOST_PLACES) in named
