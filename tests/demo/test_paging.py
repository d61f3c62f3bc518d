"""Pages of 20, 100 at most, with GitLab's headers."""

from __future__ import annotations

import re

import pytest

from tests.demo.world import Answer, Scene


@pytest.fixture
async def path(scene: Scene) -> str:
    mr = await scene.merge_request()
    scene.gitlab.limits.notes_per_minute = None
    for number in range(45):
        await scene.gitlab.comment(mr, scene.developer, f"note {number}")
    return f"/merge_requests/{mr.iid}/notes?sort=asc&order_by=created_at"


def _rels(answer: Answer) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])}


async def test_a_page_holds_twenty_unless_asked_otherwise(scene: Scene, path: str) -> None:
    answer = await scene.api.get(path)
    assert [note["body"] for note in answer.json] == [f"note {n}" for n in range(20)]
    shown = {k.lower(): v for k, v in answer.headers.items()}
    expected = {"x-page": "1", "x-per-page": "20", "x-next-page": "2", "x-prev-page": "", "x-total": "45"}
    assert {name: shown[name] for name in expected} == expected
    assert shown["x-total-pages"] == "3"
    assert set(_rels(answer)) == {"next", "first", "last"}


async def test_following_next_yields_everything_once(scene: Scene, path: str) -> None:
    seen: list[str] = []
    url: str | None = path + "&per_page=10"
    while url:
        answer = await scene.api.get(url)
        seen += [note["body"] for note in answer.json]
        following = _rels(answer).get("next")
        url = following.split(f"/projects/{scene.project.id}")[1] if following else None
    assert seen == [f"note {n}" for n in range(45)]


async def test_a_page_never_holds_more_than_a_hundred(scene: Scene, path: str) -> None:
    answer = await scene.api.get(path + "&per_page=5000")
    assert (len(answer.json), answer.headers["X-Per-Page"]) == (45, "100")


async def test_a_page_beyond_the_last_is_empty(scene: Scene, path: str) -> None:
    answer = await scene.api.get(path + "&page=9")
    assert (answer.status, answer.json, answer.headers["X-Next-Page"]) == (200, [], "")


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=-1"])
async def test_a_page_that_cannot_be_is_400(scene: Scene, path: str, query: str) -> None:
    assert (await scene.api.get(f"{path}&{query}")).status == 400
