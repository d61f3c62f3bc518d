"""What moved between two plans, as a person reads it."""

from dataclasses import replace
from itertools import count

from bot.core.model import ObjectRef
from bot.core.moved import moved
from bot.core.planned import Change, EngineInfo, ObjectPlan, Plan, ReleasePlan

REF = ObjectRef("v1", "ConfigMap", "shop", "web")


_SEALS = count()


def plan(item: ObjectPlan, action: str = "install") -> Plan:
    release = ReleasePlan("web", "shop", action, "web", None, "1.0.0", None, objects=(item,))  # type: ignore[arg-type]
    return Plan(
        "production", None, True, f"sha256:{next(_SEALS)}", EngineInfo("helm-sdk", "4"), "v1.36.3", (release,)
    )


def created(color: str) -> ObjectPlan:
    return ObjectPlan(REF, "create", after={"kind": "ConfigMap", "data": {"color": color}})


def test_a_new_object_with_other_content_is_named_with_the_place() -> None:
    lines = moved(plan(created("blue")), plan(created("red")))
    assert lines == ["shop/web: ConfigMap shop/web would change otherwise (/data/color)."]


def test_an_object_that_changes_otherwise_is_named_with_the_place() -> None:
    one = ObjectPlan(REF, "update", changes=(Change("/data/color", "replace", "blue", "red"),))
    other = replace(one, changes=(Change("/data/color", "replace", "green", "red"),))
    lines = moved(plan(one, "upgrade"), plan(other, "upgrade"))
    assert lines == ["shop/web: ConfigMap shop/web would change otherwise (/data/color)."]


def test_what_no_reader_can_see_is_said_to_be_so() -> None:
    assert moved(plan(created("blue")), plan(created("blue"))) == [
        "Something that is applied but not shown differs: a masked value, or the chart's own files."
    ]


def test_plans_of_one_seal_have_nothing_that_moved() -> None:
    one = plan(created("blue"))
    assert moved(one, replace(one, cluster_version="v1.37.0")) == []
