"""A merge request that wants to read a Secret by `lookup`: its release's own, or another's."""

import base64
import hashlib
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.lookup_bench import LookupBench, Shown, bench
from tests.cluster.lookup_ways import READ, WAYS, config_map

VALUE = "Zq7RkT9xWm2LpV4sHd8J"
DATA = f"stringData: {{password: {VALUE}, short: k7Q}}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\n" + DATA


@pytest.fixture
async def lookups(
    control_plane: ControlPlane, kubeconfig: Path, helm: Path, namespace: str, tmp_path: Path
) -> AsyncIterator[LookupBench]:
    async with bench(control_plane.api, kubeconfig, helm, namespace, tmp_path) as made:
        yield made


def forms() -> set[str]:
    """What would give the value away, wherever it stands."""
    plain = {VALUE, VALUE[::-1], VALUE.upper(), VALUE.lower(), VALUE.swapcase()}
    plain |= {one[::-1] for one in plain}
    halves = {part for one in plain for part in (one[:6], one[7:13], one[-6:])}
    dotted = {mark.join(VALUE) for mark in ".-"}
    encoded = {base64.b64encode(one.encode()).decode() for one in plain}
    encoded |= {base64.b64encode(one.encode()).decode() for one in encoded}
    encoded |= {base64.b32encode(VALUE.encode()).decode(), VALUE.encode().hex()}
    encoded.add(f"20{zlib.adler32(VALUE.encode())}")
    checksum = hashlib.sha256(VALUE.encode()).hexdigest()
    letters = {f"k{i}: {c}" for i, c in enumerate(VALUE)}
    return halves | dotted | encoded | {checksum} | letters


def gives_away(shown: Shown) -> set[str]:
    return {form for form in forms() if form in shown.text}


@pytest.mark.parametrize("way", WAYS)
async def test_a_release_cannot_print_its_own_secret(lookups: LookupBench, way: str) -> None:
    lookups.deploy({"a.yaml": SECRET})
    shown = await lookups.plan({"a.yaml": SECRET, **WAYS[way]})
    assert gives_away(shown) == set()
    assert shown.release.action == "upgrade"


@pytest.mark.parametrize("way", WAYS)
async def test_a_release_cannot_print_anothers_secret(lookups: LookupBench, way: str) -> None:
    lookups.deploy({"a.yaml": SECRET}, release="other")
    lookups.deploy({"b.yaml": config_map("  a: b", "mine")})
    files = {"b.yaml": config_map("  a: b", "mine"), "v.yaml": config_map("  a: new", "more"), **WAYS[way]}
    shown = await lookups.plan(files)
    assert gives_away(shown) == set()
    if shown.plan.complete:
        said = shown.says("lookup-refused")
        assert "Secret" in said
        assert "the deploy may come out otherwise" in said
    else:
        assert "lookup" in shown.text or "render-failed" in shown.codes


async def test_a_lookup_in_a_values_file_through_tpl_is_one_like_any(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": SECRET})
    lookups.values = {
        "text": '{{ (lookup "v1" "Secret" "NS" "login").data.password | b64dec | upper }}',
        "hidden": '{{ printf "{{ %skup `v1` `Secret` `NS` `login` | toJson | upper }}" "loo" }}',
    }
    template = config_map(
        "  x: {{ tpl (replace `NS` `{ns}` .Values.text) . | quote }}\n"
        "  y: {{ tpl (replace `NS` `{ns}` (tpl .Values.hidden .)) . | quote }}"
    )
    shown = await lookups.plan({"a.yaml": SECRET, "z.yaml": template})
    assert gives_away(shown) == set()
    assert shown.release.action == "upgrade"


async def test_marking_anothers_secret_as_ones_own_in_the_chart_does_not_help(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": SECRET}, release="other")
    lookups.deploy({"b.yaml": config_map("  a: b", "mine")})
    mine = SECRET.replace(VALUE, "another-value-of-mine")
    shown = await lookups.plan({"a.yaml": mine, "b.yaml": config_map("  a: b", "mine"), **WAYS["backwards"]})
    assert gives_away(shown) == set()


async def test_a_short_secret_is_not_shown_either(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": SECRET})
    short = READ + config_map("  x: {{ ($s.data).short | default `` | b64dec | quote }}")
    shown = await lookups.plan({"a.yaml": SECRET, "z.yaml": short})
    assert "k7Q" not in shown.text
    assert "lookup-reveals" in shown.codes
    assert not shown.plan.complete


async def test_the_policy_all_shows_nothing_of_a_secret_either(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": SECRET}, release="other")
    for way in ("backwards", "in two halves", "letter by letter", "in the message of fail"):
        shown = await lookups.plan(WAYS[way], lookup="all")
        assert gives_away(shown) == set(), way
        assert "lookup-refused" not in shown.codes


async def test_the_policy_never_tells_nothing_at_all(lookups: LookupBench) -> None:
    lookups.deploy({"a.yaml": SECRET})
    template = {
        "a.yaml": SECRET,
        "z.yaml": config_map(
            '  x: "{{ len (lookup "v1" "Namespace" "" "").items }}{{ lookup "v1" "Secret" "{ns}" "login" }}"'
        ),
    }
    shown = await lookups.plan(template, lookup="never")
    assert '"x": "0map[]"' in shown.text
    assert "all of kind Namespace" in shown.says("lookup-refused")
