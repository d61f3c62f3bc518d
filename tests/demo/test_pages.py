"""The pages that people see in the demo, and the text in them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.demo.gitlab.log_view import render as render_log
from bot.demo.gitlab.markdown import render
from tests.demo.world import Scene


async def _page(scene: Scene, path: str) -> str:
    async with scene.session.get(scene.gitlab.url + path) as answer:
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return await answer.text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("~~gone~~", "<s>gone</s>"),
        ("<details><summary>More</summary>\n\nhidden *text*\n\n</details>", "<em>text</em>"),
        ("<details open>\n<summary>S</summary>\n</details>", "<details open>"),
        ("```diff\n- a\n+ b\n```", '<span class="add">+ b</span>'),
        ("- [x] done\n- [ ] open", '<input type="checkbox" checked disabled> done'),
        (":rocket: `:rocket:`", "🚀 <code>:rocket:</code>"),
    ],
)
def test_markdown_is_rendered_as_gitlab_does(text: str, shown: str) -> None:
    assert shown in render(text)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("<!-- purser:plan:production -->\nhello", "purser"),
        ("<script>alert(1)</script>", "<script"),
        ("a <img src=x onerror=alert(1)> b", "<img"),
        ("<details onclick='x()'>", "onclick"),
        ("[x](javascript:alert(1))", "href"),
        ("<style>body{display:none}</style>", "<style"),
        ("```\n</code></pre><script>x</script>\n```", "<script"),
    ],
)
def test_nothing_active_and_nothing_hidden_is_shown(text: str, never: str) -> None:
    assert never not in render(text)


def test_a_log_is_shown_without_marks_and_with_colours() -> None:
    trace = b"2026-03-01T12:00:00.000000Z 00O section_start:1:x\r\x1b[0K\x1b[36;1mTitle\x1b[0;m\n"
    trace += b"2026-03-01T12:00:00.000000Z 00O <b>\n"
    assert render_log(trace) == '<span class="cyan bold">Title</span>\n&lt;b&gt;\n'


async def test_the_page_of_a_merge_request_shows_its_thread(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.gitlab.comment(
        mr, scene.bot, "<!-- secret mark -->\n## Plan\n\n| release |\n|---|\n| podinfo |"
    )
    await scene.gitlab.approve(mr, scene.maintainer)
    await scene.api.post(
        f"/statuses/{mr.head}", state="success", name="purser/plan/x", description="3 changes"
    )
    text = await _page(scene, f"/{scene.project.path}/-/merge_requests/{mr.iid}")
    for wanted in ("<h2>Plan</h2>", "<td>podinfo</td>", "purser/plan/x", "3 changes", "Ada", "replicas: 2"):
        assert wanted in text
    assert "secret mark" not in text


async def test_titles_and_branches_are_shown_as_text(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.gitlab.edit(mr, scene.developer, title="<script>alert(1)</script>")
    text = await _page(scene, f"/{scene.project.path}/-/merge_requests/{mr.iid}")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


async def _form(scene: Scene, mr: Any, **fields: str) -> tuple[int, str]:
    page = await _page(scene, f"/{scene.project.path}/-/merge_requests/{mr.iid}")
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found
    data = {"form": found[1], **fields}
    url = f"{scene.gitlab.url}/{scene.project.path}/-/merge_requests/{mr.iid}/act"
    async with scene.session.post(url, data=data) as answer:
        return answer.status, await answer.text()


async def test_a_person_comments_approves_and_merges_in_the_browser(scene: Scene) -> None:
    mr = await scene.merge_request()
    await _form(scene, mr, acting="dev", action="comment", body="/helm plan\r\nplease")
    await _form(scene, mr, acting="ada", action="approve")
    status, page = await _form(scene, mr, acting="ada", action="merge")
    assert (status, mr.state, mr.merged_by) == (200, "merged", scene.maintainer)
    assert next(n.body for n in mr.notes if not n.system) == "/helm plan\nplease"
    assert "Merged by" in page


async def test_a_refusal_is_said_on_the_page(scene: Scene) -> None:
    mr = await scene.merge_request()
    _, page = await _form(scene, mr, acting="rep", action="merge")
    assert "GitLab refused: 401 Unauthorized" in page
    assert mr.state == "opened"


async def test_a_form_from_elsewhere_is_refused(scene: Scene) -> None:
    mr = await scene.merge_request()
    url = f"{scene.gitlab.url}/{scene.project.path}/-/merge_requests/{mr.iid}/act"
    async with scene.session.post(url, data={"acting": "ada", "action": "merge", "form": "guess"}) as answer:
        assert (answer.status, mr.state) == (403, "opened")


async def test_pipelines_jobs_and_projects_have_pages(scene: Scene) -> None:
    text = "a: {script: 'echo hello from the job'}"
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": text}, scene.maintainer)
    await scene.gitlab.runner.idle()
    (pipeline,) = scene.project.pipelines.values()
    assert "success" in await _page(scene, f"/{scene.project.path}/-/pipelines/{pipeline.id}")
    assert "hello from the job" in await _page(scene, f"/{scene.project.path}/-/jobs/{pipeline.jobs[0].id}")
    assert ".gitlab-ci.yml" in await _page(scene, f"/{scene.project.path}")
    assert scene.project.path in await _page(scene, "/")
    async with scene.session.get(scene.gitlab.url + "/no/such/project") as answer:
        assert answer.status == 404
