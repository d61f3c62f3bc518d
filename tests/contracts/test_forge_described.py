"""What the bot sends is what GitLab describes. Here the ruler is measured; all tests of the port, and the
stories of tests/e2e, lay it on what they sent.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contracts.described import FILE, Description, description, undescribed
from tests.contracts.gitlab_setting import PATH, setting

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE} is not there")]
HERE = "/api/v4/projects/ops%2Fcluster"


@pytest.fixture(scope="module")
def known() -> Description:
    found = description()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "problem"),
    [
        ("GET", f"{HERE}/nonsense", {}, None, "there is no such operation"),
        ("DELETE", f"{HERE}/pipeline", {}, None, "there is no such operation"),
        ("GET", f"{HERE}/merge_requests", {"udpated_after": "x"}, None, "udpated_after is not described"),
        ("GET", f"{HERE}/merge_requests", {"state": "open"}, None, "state is 'open', none of its values"),
        ("GET", f"{HERE}/pipelines", {"per_page": "many"}, None, "per_page is no integer"),
        ("GET", f"{HERE}/repository/compare", {"from": "a"}, None, "to is missing"),
        ("POST", f"{HERE}/statuses/abc", {}, {"state": "done"}, "state is 'done', none of its values"),
        ("POST", f"{HERE}/statuses/abc", {}, {"name": "x"}, "state is missing"),
        (
            "POST", f"{HERE}/statuses/abc", {}, {"state": "success", "pipeline_id": "x"},
            "pipeline_id is no integer",
        ),
        ("POST", f"{HERE}/pipeline", {}, {"ref": "main", "variable": []}, "variable is not described"),
        ("PUT", f"{HERE}/merge_requests/1/notes/2", {}, {"text": "x"}, "text is not described"),
    ],
)  # fmt: skip
def test_a_request_that_gitlab_does_not_describe_is_found(
    known: Description, method: str, path: str, query: Mapping[str, str], body: Any, problem: str
) -> None:
    assert problem in known.problems(method, path, query, body)


async def test_what_was_sent_is_held_against_the_description() -> None:
    async with setting() as at:
        mr = await at.open()
        await at.forge.notes(PATH, mr.iid)
        await at.client.getitem(f"/projects/{at.project.id}/pipelines", {"sha": "x", "colour": "red"})
        assert undescribed(at.gitlab.requests) == {
            f"GET /api/v4/projects/{at.project.id}/pipelines": ["colour is not described"]
        }
        del at.gitlab.requests[-1]
