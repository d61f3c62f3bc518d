"""`purser doctor` about GitLab: its address, its clock, the token and the role of the bot."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from bot.demo.gitlab import Level
from tests.cli.doctor.examining import examine, only_ill, unused_port
from tests.cli.installation import PROJECT, Installation

pytestmark = pytest.mark.long


async def test_a_gitlab_that_does_not_answer(site: Installation) -> None:
    site.config["gitlab"]["url"] = f"http://127.0.0.1:{unused_port()}"
    found = await only_ill(site)
    assert (found["area"], "does not answer" in found["said"]) == ("gitlab", True)
    assert found["mend"].startswith("curl --include http://127.0.0.1:")


async def test_something_else_than_gitlab_at_the_address(site: Installation) -> None:
    site.config["gitlab"]["url"] = site.service.url
    code, checks = await examine(site)
    assert code == 1
    assert next(it["area"] for it in checks if it["state"] == "ill") in ("gitlab", "token")


async def test_a_token_that_was_revoked(site: Installation) -> None:
    site.gitlab.revoke((site.folder / "token").read_text())
    found = await only_ill(site)
    assert found["area"] == "token"
    assert "The token is not valid" in found["said"]
    assert "scope api" in found["mend"]


async def test_a_token_without_the_scope(site: Installation) -> None:
    site.secret("token", site.gitlab.token_for(site.bot, ["read_api"]))
    found = await only_ill(site)
    assert found["said"] == "The token lacks the scope api; it has read_api."


async def test_a_token_that_will_expire_is_told_and_is_no_failure(site: Installation) -> None:
    soon = (datetime.now(UTC) + timedelta(days=3)).date()
    site.secret("token", site.gitlab.token_for(site.bot, ["api"], expires=soon))
    code, checks = await examine(site)
    [token] = [it for it in checks if it["area"] == "token"]
    assert (code, token["state"]) == (0, "unsure")
    assert soon.isoformat() in token["said"]


async def test_a_role_that_is_too_low(site: Installation) -> None:
    site.project.members[site.bot.id] = Level.DEVELOPER
    code, checks = await examine(site)
    bad = {it["area"]: it for it in checks if it["state"] == "ill"}
    assert (code, set(bad)) == (1, {"role", "webhook"})
    assert "The bot is developer here" in bad["role"]["said"]
    assert bad["role"]["mend"].endswith(f"/{PROJECT}/-/project_members")


async def test_a_project_that_is_misspelt(site: Installation) -> None:
    site.config["projects"][0]["path"] = "platform/clutser"
    code, checks = await examine(site)
    bad = {it["area"]: it for it in checks if it["state"] == "ill"}
    assert (code, set(bad)) == (1, {"role", "webhook"})
    assert "There is no such project" in bad["role"]["said"]


async def test_a_clock_that_is_wrong(site: Installation) -> None:
    wrong = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)

    def later(request: web.Request, response: web.StreamResponse) -> web.StreamResponse | None:
        response.headers["Date"] = wrong
        return None

    site.gitlab.plant_fault(after=later)
    found = await only_ill(site)
    assert found["area"] == "clock"
    assert "behind GitLab's. Signed deliveries are refused." in found["said"]
