"""Which releases wait for which when they are applied."""

from bot.core.model import ChartInCheckout, DesiredRelease, Manifest, ObjectRef
from bot.core.order import waits
from bot.core.planned import ObjectPlan, ReleaseAction, ReleasePlan

CRD: Manifest = {"spec": {"group": "example.com", "names": {"kind": "Thing"}}}


def step(
    name: str, *objects: ObjectPlan, needs: tuple[str, ...] = (), installed: bool = True, space: str = "shop"
) -> tuple[DesiredRelease, ReleasePlan]:
    keys = tuple(f"shop/{need}" for need in needs)
    desired = DesiredRelease(name, space, ChartInCheckout("x"), needs=keys, installed=installed)
    action: ReleaseAction = "install" if installed else "uninstall"
    return desired, ReleasePlan(name, space, action, "x", None, "1", None, objects=objects)


def made(
    api: str, kind: str, name: str = "x", space: str = "shop", after: Manifest | None = None
) -> ObjectPlan:
    return ObjectPlan(ObjectRef(api, kind, space, name), "create", after=after)


def test_only_what_is_needed_is_waited_for() -> None:
    found = waits([step("a"), step("b"), step("c", needs=("a", "elsewhere"))])
    assert found == {"shop/a": frozenset(), "shop/b": frozenset(), "shop/c": frozenset({"shop/a"})}


def test_a_kind_is_waited_for_by_those_that_use_it() -> None:
    crd = made("apiextensions.k8s.io/v1", "CustomResourceDefinition", space="", after=CRD)
    found = waits([step("a", crd), step("b", made("example.com/v1", "Thing")), step("c")])
    assert (found["shop/b"], found["shop/c"]) == (frozenset({"shop/a"}), frozenset())


def test_a_new_namespace_is_waited_for_by_those_in_it() -> None:
    found = waits([step("a", made("v1", "Namespace", "new", "")), step("b", space="new"), step("c")])
    assert (found["new/b"], found["shop/c"]) == (frozenset({"shop/a"}), frozenset())


def test_webhooks_are_waited_for_by_everything_after_them() -> None:
    hook = made("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", space="")
    found = waits([step("z"), step("a", hook), step("b")])
    assert (found["shop/a"], found["shop/b"]) == (frozenset(), frozenset({"shop/a"}))


def test_removals_wait_for_all_else_and_for_removals_of_what_needs_them() -> None:
    found = waits([step("a"), step("c", needs=("b",), installed=False), step("b", installed=False)])
    assert found["shop/c"] == {"shop/a"}
    assert found["shop/b"] == {"shop/a", "shop/c"}
