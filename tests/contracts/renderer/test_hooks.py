"""Hooks apart, with what Helm reads from their annotations: the same from both engines."""

import pytest

from tests.contracts.renderer.charts import config_map, hook
from tests.contracts.renderer.conftest import Render, names

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_hooks_stand_apart_from_objects(render: Render) -> None:
    found = await render(
        {"templates/a.yaml": config_map("a"), "templates/h.yaml": hook("h", "pre-install, Post-Upgrade")}
    )
    assert names(found) == ["ConfigMap/a"]
    (one,) = found.hooks
    assert one.manifest["metadata"]["name"] == "h"
    assert one.events == ("pre-install", "post-upgrade")
    assert one.weight == 0
    assert one.delete_policies == ("before-hook-creation",)


async def test_hooks_come_by_weight_and_then_by_name(render: Render) -> None:
    found = await render(
        {
            "templates/1.yaml": hook("late", "pre-install", weight='"10"'),
            "templates/2.yaml": hook("b", "pre-install", kind="ConfigMap"),
            "templates/3.yaml": hook("early", "pre-install", weight='"-5"'),
            "templates/4.yaml": hook("a", "pre-install"),
        }
    )
    assert [(h.weight, h.manifest["metadata"]["name"]) for h in found.hooks] == [
        (-5, "early"),
        (0, "a"),
        (0, "b"),
        (10, "late"),
    ]


@pytest.mark.parametrize(
    ("written", "weight"), [('"5"', 5), ("5", 5), ('"+3"', 3), ('"1.5"', 0), ('"much"', 0), ('" 4"', 0)]
)
async def test_a_weight_that_is_no_integer_is_none(render: Render, written: str, weight: int) -> None:
    found = await render({"templates/h.yaml": hook("h", "pre-install", weight=written)})
    assert found.hooks[0].weight == weight


async def test_delete_policies_are_read(render: Render) -> None:
    found = await render({"templates/h.yaml": hook("h", "post-delete", policy="hook-succeeded, hook-failed")})
    assert found.hooks[0].delete_policies == ("hook-succeeded", "hook-failed")


@pytest.mark.parametrize("event", ["test", "test-success"])
async def test_a_test_is_a_hook_of_its_own_event(render: Render, event: str) -> None:
    found = await render({"templates/tests/t.yaml": hook("t", event, kind="Pod")})
    assert found.objects == ()
    assert found.hooks[0].events == ("test",)


async def test_an_object_with_an_unknown_event_is_dropped(render: Render) -> None:
    found = await render({"templates/h.yaml": hook("h", "pre-install,after-lunch")})
    assert (found.objects, found.hooks) == ((), ())


@pytest.mark.parametrize("renderer", ["sdk"], indirect=True)
async def test_the_library_names_what_helm_drops(render: Render) -> None:
    found = await render({"templates/h.yaml": hook("h", "pre-install,after-lunch")})
    (finding,) = found.findings
    assert finding.code == "unknown-hook"
    assert "after-lunch" in finding.message
    assert "demo/templates/h.yaml" in finding.fix
