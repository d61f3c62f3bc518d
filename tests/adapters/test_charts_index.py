"""Finding one version in a large index."""

import time

import pytest

from bot.adapters.charts.index import Listed, pick
from bot.core.errors import AuthorError

VERSION = "  - name: {0}\n    version: {1}\n    description: |-\n      words: {1}\n    urls: [{0}-{1}.tgz]\n"


def index(charts: int, versions: int) -> str:
    rows = ["apiVersion: v1", "entries:"]
    for chart in range(charts):
        rows.append(f"  c{chart}:")
        rows += [VERSION.format(f"c{chart}", f"1.0.{n}").rstrip() for n in range(versions)]
    return "\n".join([*rows, 'generated: "2026-01-01T00:00:00Z"', ""])


@pytest.mark.parametrize("chart", ["c0", "c7", "c19"])
def test_a_chart_is_found_wherever_it_stands(chart: str) -> None:
    found = pick(index(20, 5).encode(), "x", chart, "1.0.3")
    assert found == Listed(f"{chart}-1.0.3.tgz", "")


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion": "v1", "entries": {"b": [], "a": [{"version": "1.0.0", "urls": ["u"]}]}}',
        "entries: {a: [{version: 1.0.0, urls: [u]}]}\n",
        "entries:\n    a:\n        - version: 1.0.0\n          urls: [u]\n",
        'entries:\n  "a":\n  - version: 1.0.0\n    urls: [u]\n',
        "other:\n  a: [{version: 1.0.0, urls: [wrong]}]\nentries:\n  a:\n  - {version: 1.0.0, urls: [u]}\n",
        "entries:\n  a:\n  - {version: 1.0.0, urls: [u]}\nother:\n  a: [{version: 1.0.0, urls: [no]}]\n",
        "entries:\n  a: # ours\n  # and a comment\n  - {version: 1.0.0, urls: [u]}\n",
    ],
    ids=["JSON", "flow", "wide", "quoted", "another mapping before", "another mapping after", "comments"],
)
def test_the_layout_of_an_index_does_not_matter(text: str) -> None:
    assert pick(text.encode(), "x", "a", "1.0.0") == Listed("u", "")


def test_ten_megabytes_are_searched_quickly() -> None:
    data = index(1000, 100).encode()
    started = time.process_time()
    assert pick(data, "x", "c999", "1.0.99").url == "c999-1.0.99.tgz"
    assert time.process_time() - started < 3  # measured 0.2


def test_a_chart_that_is_nowhere_is_told_from_a_broken_index() -> None:
    with pytest.raises(AuthorError) as caught:
        pick(index(3, 1).encode(), "x", "C1", "1.0.0")
    assert (caught.value.code, caught.value.fix) == ("chart-not-found", "Did you mean `c1`?")
