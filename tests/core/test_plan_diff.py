"""A diff of what was approved and what would be applied now."""

from dataclasses import replace

from bot.core.model import ObjectRef
from bot.core.notes.plan_diff import MOST, plan_diff
from bot.core.planned import EngineInfo, ObjectPlan, Plan, ReleasePlan

REF = ObjectRef("v1", "ConfigMap", "shop", "web")
OTHER = replace(REF, name="other")


def plan(*items: ObjectPlan) -> Plan:
    release = ReleasePlan("web", "shop", "upgrade", "web", None, "1.0.0", None, objects=items)
    return Plan("production", None, True, "sha256:0", EngineInfo("helm-sdk", "4"), "v1.36.3", (release,))


def made(ref: ObjectRef = REF, /, **data: str) -> ObjectPlan:
    return ObjectPlan(ref, "create", after={"kind": "ConfigMap", "data": data})


def test_what_would_be_other_is_shown_between_the_two_plans() -> None:
    assert plan_diff(plan(made(color="green")), plan(made(color="red"))) == (
        "@@ ConfigMap shop/web @@",
        " kind: ConfigMap",
        " data:",
        "-  color: green",
        "+  color: red",
    )


def test_an_object_that_only_one_of_them_touches_is_shown_whole() -> None:
    assert plan_diff(plan(made()), plan(made(), made(OTHER, color="red"))) == (
        "@@ ConfigMap shop/other: untouched, now create @@",
        "+kind: ConfigMap",
        "+data:",
        "+  color: red",
    )


def test_an_object_that_would_go_now_is_said() -> None:
    gone = ObjectPlan(REF, "delete", before={"kind": "ConfigMap"})
    assert plan_diff(plan(made(color="red")), plan(gone))[0] == "@@ ConfigMap shop/web: create, now delete @@"


def test_equal_plans_and_random_values_make_no_line() -> None:
    one = replace(made(token="masked-1", color="red"), noise=("/data/token",))
    other = replace(made(token="masked-2", color="red"), noise=("/data/token",))
    assert plan_diff(plan(one), plan(other)) == ()


def test_a_long_diff_is_cut_and_says_so() -> None:
    lines = {f"key-{number:04}": "x" for number in range(3 * MOST)}
    found = plan_diff(plan(), plan(made(**lines)))
    assert len(found) == MOST + 1
    assert found[-1] == f"@@ and {3 * MOST + 3 - MOST} lines more @@"
