"""Random values are what two renderings of the same inputs do not agree on."""

from bot.core.noise import MARKER, identity_of, in_result, noise_between, same_but_noise
from tests.core.rehearsals import config, rendered

FIRST = rendered(config(data={"r": "x1", "a": "1"}), config("run-abc"))
SECOND = rendered(config(data={"r": "y2", "a": "1"}), config("run-def"))


def test_differing_values_and_names_are_found_and_marked() -> None:
    noise = noise_between(FIRST, SECOND)
    assert noise.of(FIRST.objects[0]) == ("/data/r",)
    assert noise.random_names == {identity_of(FIRST.objects[1])}
    assert noise.without(FIRST.objects[0])["data"] == {"r": MARKER, "a": "1"}
    assert noise.without(FIRST.objects[1])["metadata"]["name"] == MARKER
    assert FIRST.objects[0]["data"]["r"] == "x1"


def test_a_single_rendering_has_no_noise() -> None:
    assert noise_between(FIRST, None).of(FIRST.objects[0]) == ()


def test_a_stored_release_is_the_same_but_for_random_values_and_names() -> None:
    noise = noise_between(FIRST, SECOND)
    stored = [config("run-old"), config(data={"r": "old", "a": "1"})]
    assert same_but_noise(noise, FIRST.objects, stored)
    assert not same_but_noise(noise, FIRST.objects, [config("run-old"), config(data={"r": "old", "a": "2"})])
    assert not same_but_noise(noise, FIRST.objects, [*stored, config("more")])
    assert not same_but_noise(noise, FIRST.objects, [config("run-old", {"z": "1"}), stored[1]])


def test_random_string_data_turns_up_as_data() -> None:
    assert in_result(("/stringData/p", "/data/p", "/metadata/labels/x"), "Secret") == (
        "/data/p",
        "/metadata/labels/x",
    )


def test_a_checksum_that_follows_from_random_data_is_random_too() -> None:
    def pods(checksum: str) -> dict[str, object]:
        annotations = {"checksum/secret": checksum, "checksum/config": "same"}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"template": {"metadata": {"annotations": annotations}}},
        }

    first, second = pods("1f"), pods("2e")
    noise = noise_between(rendered(first), rendered(second))
    assert noise.of(first) == ("/spec/template/metadata/annotations/checksum~1secret",)
    assert same_but_noise(noise, [first], [pods("3d")])
