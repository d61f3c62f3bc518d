"""Resources of CRDs that come or change with the plan are judged by these CRDs."""

from dataclasses import replace
from typing import Any

from bot.core.question import Refused
from bot.core.rehearsal.operation import Overlay, overlay_after
from tests.core.rehearsals import SCOPES, Server, case, codes, live, namespace, refs, rendered, standing

UNKNOWN = Refused(
    500, "InternalError", "failed to create typed patch object: .spec.colour: field not declared in schema"
)
NAME = "things.example.com"


def crd(**fields: Any) -> dict[str, Any]:
    spec = {"type": "object", "properties": {name: {"type": kind} for name, kind in fields.items()}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Thing"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "schema": schema}],
        },
    }


def thing(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}, "spec": spec}


def test_a_resource_of_crds_is_checked_by_its_schema() -> None:
    plan = Server([namespace()]).run(case(rendered(thing(size=1), crds=(crd(size="integer"),))))
    assert (codes(plan), refs(plan)["Thing/one"]) == ({"not-checked"}, "create")
    plan = Server([namespace()]).run(case(rendered(thing(colour="red"), crds=(crd(size="integer"),))))
    assert codes(plan) == {"unknown-field"}
    assert plan.digest == ""


def test_a_value_of_a_wrong_type_is_not_quoted() -> None:
    plan = Server([namespace()]).run(case(rendered(thing(size="hunter22"), crds=(crd(size="integer"),))))
    assert codes(plan) == {"invalid-object"}
    assert "hunter22" not in str(plan.findings)


def test_what_an_older_crd_refuses_the_one_of_an_earlier_release_allows() -> None:
    first = case(rendered(crd(colour="string")), live(crd(size="integer")))
    overlay = overlay_after(first, Server([standing(crd(size="integer"), "")]).run(first))
    assert set(overlay.crds) == {("example.com/v1", "Thing")}
    known = {**SCOPES, ("example.com/v1", "Thing"): True}
    second = replace(case(rendered(thing(colour="red")), overlay=overlay), scopes=known)
    assert codes(Server([namespace()], {"Thing/one": UNKNOWN}, kinds=known).run(second)) == {"not-checked"}
    alone = replace(second, overlay=Overlay())
    assert codes(Server([namespace()], {"Thing/one": UNKNOWN}, kinds=known).run(alone)) == {"unknown-field"}


def test_an_update_that_only_the_crd_to_come_allows_is_an_update() -> None:
    first = case(rendered(crd(colour="string")), live(crd(size="integer")))
    overlay = overlay_after(first, Server([standing(crd(size="integer"), "")]).run(first))
    known = {**SCOPES, ("example.com/v1", "Thing"): True}
    second = replace(case(rendered(thing(colour="red")), live(thing(size=1)), overlay=overlay), scopes=known)
    plan = Server([standing(thing(size=1))], {"Thing/one": UNKNOWN}, kinds=known).run(second)
    assert (codes(plan), refs(plan)) == ({"not-checked"}, {"Thing/one": "update"})
    assert plan.digest


def test_many_resources_of_one_kind_to_come_are_told_of_once() -> None:
    many = [{**thing(size=1), "metadata": {"name": name}} for name in ("one", "two", "three")]
    plan = Server([namespace()]).run(case(rendered(*many, crds=(crd(size="integer"),))))
    (told,) = [finding for finding in plan.findings if finding.code == "not-checked"]
    assert told.message.startswith("Thing (example.com/v1): the CRD of this kind comes with this plan")
    assert told.message.endswith("they were checked by that CRD's schema alone.")
