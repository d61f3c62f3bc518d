"""What a plan says of changes by hand: as told by the objects, masked, and not beyond what is known."""

from typing import Any

from bot.core.document import from_document, to_document
from bot.core.model import Manifest
from bot.core.planned import Change, Drift, EngineInfo, Plan
from bot.core.question import Refused
from tests.core.rehearsals import Server, case, config, live, ref, rendered, standing, stored

TIME = "2026-11-02T09:30:05Z"


def touched(manifest: Manifest, data: dict[str, str], *owned: str, by: str = "kubectl-edit") -> Manifest:
    """As it stands after somebody wrote `data`; Helm still owns the keys `owned`."""
    made = {**standing(manifest), "data": data}
    entries: list[tuple[str, Any]] = [
        ("helm", {"f:data": {f"f:{key}": {} for key in owned}}),
        (by, {"f:data": {f"f:{key}": {} for key in data if key not in owned}}),
    ]
    made["metadata"]["managedFields"] = [
        {"manager": name, "apiVersion": "v1", "time": TIME, "fieldsV1": fields} for name, fields in entries
    ]
    return made


BASE = config(data={"a": "1", "b": "1"})
NEXT = config(data={"a": "2", "b": "1"})


def test_a_field_changed_by_hand_is_named_with_its_end() -> None:
    plan = Server([touched(BASE, {"a": "9", "b": "1"}, "b")]).run(case(rendered(NEXT), live(BASE)))
    change = Change("/data/a", "replace", "1", "9")
    assert plan.drift == (Drift("app", ref(BASE), (change,), ("kubectl-edit",), TIME, reverts=True),)


def test_a_field_of_a_refused_object_has_no_end() -> None:
    server = Server(
        [touched(BASE, {"a": "9", "b": "1"}, "b")], {"ConfigMap/web": Refused(409, "Conflict", "no")}
    )
    (drift,) = server.run(case(rendered(NEXT), live(BASE))).drift
    assert drift.reverts is None


def test_an_object_deleted_by_hand_comes_back() -> None:
    plan = Server([standing(config("b"))]).run(case(rendered(BASE, config("b")), live(BASE, config("b"))))
    assert plan.drift == (Drift("app", ref(BASE), (Change("", "remove"),), reverts=True),)


def test_after_a_failed_revision_what_is_not_there_may_be_its_doing() -> None:
    before = live(BASE)
    failed = type(before)(before.base, stored(BASE, revision=2, status="failed"))
    server = Server([touched(BASE, {"b": "1"}, "b")])
    assert server.run(case(rendered(NEXT, config("c")), failed)).drift == ()


def test_drifted_secrets_are_masked() -> None:
    def secret(value: str) -> Manifest:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": value}}

    there = touched(secret("c2VjcmV0LW9uZQ=="), {"p": "c2VjcmV0LXR3bw=="})
    plan = Server([there]).run(
        case(rendered(secret("c2VjcmV0LTM="), config()), live(secret("c2VjcmV0LW9uZQ==")))
    )
    (drift,) = plan.drift
    (change,) = drift.changes
    assert "‹masked" in change.before
    assert "‹masked" in change.after
    assert change.before != change.after


def test_an_unchanged_release_is_not_looked_at() -> None:
    server = Server([touched(BASE, {"a": "9", "b": "1"}, "b")])
    plan = server.run(case(rendered(BASE), live(BASE, chart_version="1.1.0")))
    assert (plan.action, plan.drift, server.asked) == ("none", (), [])


def test_drift_survives_the_document() -> None:
    plan = Server([touched(BASE, {"a": "9", "b": "1"}, "b")]).run(case(rendered(NEXT), live(BASE)))
    whole = Plan("t", None, True, None, EngineInfo("helm-cli", "4.2.3"), "v1.36.3", (plan,))
    document = to_document(whole, whole=True)
    assert from_document(document).releases[0].drift == plan.drift
    (public,) = document["drift"]
    assert (public["managers"], public["time"], public["reverts"]) == (["kubectl-edit"], TIME, True)
