"""docs/architecture.md follows a hook through the code: each file and name that it gives is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = sorted(set(re.findall(r"`(bot/[\w/]+\.py)(?::(\w+(?:\.\w+)?))?`", DOCUMENT)))


@pytest.mark.parametrize(("file", "name"), PLACES, ids=[":".join(place) for place in PLACES])
def test_the_place_is_in_the_code(file: str, name: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    for part in name.split("."):
        definition = rf"^\s*(?:async )?(?:def|class) {part}\b|^{part}\b"
        assert not part or re.search(definition, source, re.MULTILINE)


def test_the_walk_names_enough_places() -> None:
    assert len(PLACES) > 25
