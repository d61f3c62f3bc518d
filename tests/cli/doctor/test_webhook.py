"""`purser doctor` about webhooks: there, sending what is needed, with a secret that the service knows."""

import pytest

from tests.cli.doctor.examining import only_ill
from tests.cli.installation import TOKEN, Installation

pytestmark = pytest.mark.long


async def test_no_webhook(site: Installation) -> None:
    site.gitlab.world.hooks.clear()
    found = await only_ill(site, "--url", "https://purser.example.com")
    assert found["said"] == "There is no webhook to the service: it hears nothing."
    assert "purser webhook install" in found["mend"]
    assert found["mend"].endswith("--url https://purser.example.com/hooks/gitlab")


async def test_a_webhook_that_does_not_send_what_is_needed(site: Installation) -> None:
    [hook] = site.gitlab.world.hooks.values()
    hook.events.discard("job_events")
    found = await only_ill(site)
    assert (found["area"], found["said"]) == ("webhook", "It does not send job.")


async def test_a_webhook_whose_secret_is_another(site: Installation) -> None:
    site.service.accept("changed-behind-our-back")
    for number in range(3):
        await site.gitlab.push(site.project, "main", {"a": f"{number}"}, site.ada)
    await site.gitlab.hooks.idle()
    found = await only_ill(site)
    assert found["said"] == "Of the last 4 deliveries 3 failed: 3 with 401."
    assert "purser webhook install" in found["mend"]
    site.service.accept(TOKEN)


async def test_a_webhook_that_gitlab_switched_off(site: Installation) -> None:
    [hook] = site.gitlab.world.hooks.values()
    hook.disabled = True
    found = await only_ill(site)
    assert "switched it off after failures" in found["said"]
