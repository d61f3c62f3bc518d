"""`purser webhook`: idempotent, with the events that are needed, and secrets replaced without a gap."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.webhook.settings import EVENTS, INTERNAL_NOTES, address
from bot.demo.gitlab import Level
from tests.cli.installation import PROJECT, TOKEN, Installation, installation

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
async def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Installation]:
    async with installation(tmp_path, capsys) as made:
        yield made


def hooks(site: Installation) -> list[object]:
    return list(site.gitlab.world.hooks.values())


async def test_install_makes_the_webhook_and_the_same_again_changes_nothing(site: Installation) -> None:
    ran = await site.purser("webhook", "install", "--url", site.service.url, "--test")
    assert (ran.code, ran.err) == (0, "")
    assert "The service accepts the secret." in ran.out
    assert "The sample arrived." in ran.out
    [hook] = site.gitlab.world.hooks.values()
    assert (hook.url, hook.token) == (f"{site.service.url}/hooks/gitlab", TOKEN)
    assert hook.events == set(EVENTS)
    again = await site.purser("webhook", "install", "--url", f"{site.service.url}/")
    assert (again.code, hooks(site)) == (0, [hook])
    assert (hook.token, hook.events) == (TOKEN, set(EVENTS))


async def test_install_mends_events_and_twins(site: Installation) -> None:
    url = f"{site.service.url}/hooks/gitlab"
    site.gitlab.add_hook(site.project, url, token="old", events=["push", "wiki_page"])
    site.gitlab.add_hook(site.project, url)
    other = site.gitlab.add_hook(site.project, "http://elsewhere.example/hook", token="theirs")
    ran = await site.purser("webhook", "install", "--url", site.service.url)
    assert "It does not send job, merge requests, note, pipeline." in ran.out
    assert "It sends wiki page, which nothing needs." in ran.out
    assert "It stood twice." in ran.out
    [mine] = [it for it in site.gitlab.world.hooks.values() if it is not other]
    assert (mine.token, mine.events) == (TOKEN, set(EVENTS))
    assert other.token == "theirs"


async def test_internal_notes_are_asked_for_where_they_count(site: Installation) -> None:
    site.config["commands"] = {"internal_notes": True}
    assert (await site.purser("webhook", "install", "--url", site.service.url)).code == 0
    [hook] = site.gitlab.world.hooks.values()
    assert hook.events == {*EVENTS, INTERNAL_NOTES}


async def test_a_group_has_one_webhook_for_its_projects(site: Installation) -> None:
    await site.gitlab.add_project("platform/other", {"README.md": "x"}, {site.bot: Level.MAINTAINER})
    more = {"path": "platform/other", "targets": [{"name": "staging"}]}
    site.config["projects"].append(more)
    flags = ("--url", site.service.url, "--group", "platform")
    refused = await site.purser("webhook", "install", *flags)
    assert refused.code == 1
    assert "403" in refused.err
    site.gitlab.add_group_member("platform", site.bot, Level.OWNER)
    for _ in range(2):
        assert (await site.purser("webhook", "install", *flags)).code == 0
    [hook] = site.gitlab.world.hooks.values()
    assert (hook.group, hook.project) == ("platform", None)
    ran = await site.purser("webhook", "status", "--group", "platform", "--output", "json")
    [seen] = json.loads(ran.out)
    assert (seen["place"], seen["good"]) == ("group platform", True)


async def test_a_secret_that_the_service_does_not_know_is_not_given_to_gitlab(site: Installation) -> None:
    site.service.accept("another-token")
    ran = await site.purser("webhook", "install", "--url", site.service.url)
    assert ran.code == 1
    assert "Restart it with this configuration" in ran.err
    assert hooks(site) == []
    assert (await site.purser("webhook", "install", "--url", site.service.url, "--force")).code == 0


async def test_signing_tokens_are_replaced_with_an_overlap(site: Installation) -> None:
    site.config["webhook"] = {"signing_tokens": [site.secret("now", KEY), site.secret("before", KEY)]}
    site.service.accept(None, [KEY])
    flags = ("webhook", "install", "--url", site.service.url)
    assert (await site.purser(*flags)).code == 0
    [hook] = site.gitlab.world.hooks.values()
    assert hook.signing_token == KEY
    first = await site.purser(*flags, "--rotate")
    new = (site.folder / "now").read_text()
    assert (first.code, hook.signing_token) == (1, KEY)
    assert "Restart it with this configuration" in first.err
    assert new != KEY == (site.folder / "before").read_text()
    assert (site.folder / "now").stat().st_mode & 0o077 == 0
    site.service.accept(None, [new, KEY])
    second = await site.purser(*flags, "--rotate", "--test")
    assert (second.code, hook.signing_token) == (0, new)
    assert "Going on with the new signing token" in second.out
    assert "The sample arrived." in second.out
    assert (site.folder / "now").read_text() == new
    third = await site.purser(*flags, "--rotate", "--force")
    assert third.code == 0
    assert hook.signing_token not in (new, KEY)
    assert (site.folder / "before").read_text() == new


async def test_without_two_files_nothing_is_replaced(site: Installation) -> None:
    ran = await site.purser("webhook", "install", "--url", site.service.url, "--rotate")
    assert ran.code == 1
    assert "Name two files in webhook.signing_tokens" in ran.err
    assert hooks(site) == []


async def test_status_says_what_is_wrong(site: Installation) -> None:
    ran = await site.purser("webhook", "status")
    assert (ran.code, ran.out) == (1, f"{PROJECT}: there is no webhook of Purser's.\n")
    await site.purser("webhook", "install", "--url", site.service.url, "--test")
    good = await site.purser("webhook", "status", "--url", site.service.url)
    assert good.code == 0
    assert "last deliveries: 1, failed: none" in good.out
    [hook] = site.gitlab.world.hooks.values()
    hook.token, hook.disabled = "changed", True
    hook.events.discard("note_events")
    await site.gitlab.push(site.project, "main", {"a": "b"}, site.ada)
    hook.disabled = False
    for number in range(3):
        await site.gitlab.push(site.project, "main", {"a": f"{number}"}, site.ada)
    await site.gitlab.hooks.idle()
    bad = await site.purser("webhook", "status")
    assert bad.code == 1
    assert "It does not send note." in bad.out
    assert "failed: 3 with 401" in bad.out


async def test_no_secret_is_ever_printed(site: Installation) -> None:
    site.config["webhook"]["signing_tokens"] = [site.secret("now", KEY)]
    site.service.accept(TOKEN, [KEY])
    secrets = [TOKEN, KEY, (site.folder / "token").read_text()]
    for arguments in (("install", "--url", site.service.url, "--test"), ("status",)):
        ran = await site.purser("webhook", *arguments)
        assert ran.code == 0
        assert [it for it in secrets if it in ran.out + ran.err] == []


def test_the_address_may_be_the_service_alone() -> None:
    assert address("https://purser.example.com") == "https://purser.example.com/hooks/gitlab"
    assert address("https://a.example/purser/hooks/gitlab/") == "https://a.example/purser/hooks/gitlab"
