"""What a rehearsal asks, and what it makes of the answers."""

from dataclasses import replace

import pytest

from bot.core.model import Level, Risk
from bot.core.planned import Change
from bot.core.question import Apply, Delete, Patch, Read, Refused
from bot.core.rehearsal.operation import Overlay, overlay_after
from bot.core.release import Hook
from tests.core.rehearsals import (
    Server,
    case,
    codes,
    config,
    live,
    namespace,
    ref,
    refs,
    rendered,
    standing,
    stored,
)

CONFLICT = Refused(
    409,
    "Conflict",
    'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a',
    ((".data.a", "FieldManagerConflict", 'conflict with "kubectl-edit" using v1'),),
)


def hook(
    name: str, *events: str, policies: tuple[str, ...] = ("before-hook-creation",), weight: int = 0
) -> Hook:
    return Hook(config(name), events, weight, policies)


def test_an_install_creates_what_is_rendered_with_helms_marks() -> None:
    server = Server([namespace()])
    plan = server.run(case(rendered(config())))
    (applied,) = [q for q in server.asked if isinstance(q, Apply)]
    assert applied.manifest["metadata"] == {
        "name": "web",
        "namespace": "web",
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "app", "meta.helm.sh/release-namespace": "web"},
    }
    assert not applied.force
    assert (plan.action, refs(plan), plan.risk) == ("install", {"ConfigMap/web": "create"}, Risk.LOW)
    assert plan.digest.startswith("sha256:")


def test_an_upgrade_shows_each_changed_field() -> None:
    server = Server([standing(config())])
    plan = server.run(case(rendered(config(data={"a": "2"})), live(config())))
    (one,) = plan.objects
    assert one.changes == (Change("/data/a", "replace", "1", "2"),)
    assert (plan.chart_from, plan.chart_to, plan.revision_from) == ("1.0.0", "1.1.0", 1)


def test_what_is_deployed_already_is_none_and_asks_nothing() -> None:
    server = Server()
    plan = server.run(case(rendered(config()), live(config(), chart_version="1.1.0")))
    assert (plan.action, server.asked, plan.risk) == ("none", [], Risk.NONE)


@pytest.mark.parametrize(
    "before",
    [
        live(config(), chart_version="1.0.9"),
        live(config(), chart_version="1.1.0", values={"x": 1}),
        live(config(data={"a": "2"}), chart_version="1.1.0"),
        live(config(), config("b"), chart_version="1.1.0"),
        live(config(), chart_version="1.1.0", status="failed"),
        live(config(), chart_version="1.1.0", hooks=(hook("h", "pre-upgrade"),)),
    ],
)
def test_anything_that_differs_is_an_upgrade(before: object) -> None:
    plan = Server([standing(config())]).run(case(rendered(config()), before))  # type: ignore[arg-type]
    assert plan.action == "upgrade"


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
def test_a_release_with_a_pending_revision_is_not_touched(status: str) -> None:
    server = Server()
    plan = server.run(case(rendered(config()), live(config(), status=status)))
    assert (codes(plan), server.asked, plan.digest) == ({"release-pending"}, [], "")


def test_a_conflict_names_the_other_manager_and_the_field() -> None:
    server = Server([standing(config())], {"ConfigMap/web": CONFLICT})
    plan = server.run(case(rendered(config(data={"a": "2"})), live(config())))
    (finding,) = plan.findings
    assert (finding.level, finding.code) == (Level.ERROR, "conflict")
    assert "kubectl-edit" in finding.message
    assert ".data.a" in finding.message
    assert plan.digest == ""


def test_conflicts_are_forced_only_where_the_release_says_so() -> None:
    server = Server([standing(config())], {"ConfigMap/web": CONFLICT})
    plan = server.run(case(rendered(config(data={"a": "2"})), live(config()), force_conflicts=True))
    assert [q.force for q in server.asked if isinstance(q, Apply)] == [False, True]
    assert (codes(plan), refs(plan)) == ({"conflict-forced"}, {"ConfigMap/web": "update"})


def test_an_object_of_somebody_else_is_not_adopted_and_not_asked_about() -> None:
    server = Server([standing(config(), release="other"), namespace()])
    plan = server.run(case(rendered(config())))
    assert codes(plan) == {"adoption"}
    (finding,) = plan.findings
    assert "belongs to release web/other" in finding.message
    assert "Uninstall web/other first" in finding.fix
    assert [q for q in server.asked if isinstance(q, Apply)] == []


def test_what_the_new_manifest_lacks_is_deleted_unless_it_says_keep() -> None:
    kept = config("kept", annotations={"helm.sh/resource-policy": "keep"})
    objects = [standing(config()), standing(config("old")), standing(kept)]
    server = Server(objects)
    plan = server.run(case(rendered(config()), live(config(), config("old"), kept, config("gone"))))
    assert refs(plan) == {"ConfigMap/web": "unchanged", "ConfigMap/old": "delete"}
    assert codes(plan) == {"kept"}
    assert [q.ref.name for q in server.asked if isinstance(q, Delete)] == ["old"]


def test_the_api_servers_words_are_masked() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"x": "hunter22"},
    }
    refused = Refused(422, "Invalid", 'Secret "s" is invalid: data: Invalid value: "hunter22"')
    plan = Server([namespace()], {"Secret/s": refused}).run(case(rendered(secret)))
    assert "hunter22" not in str(plan)
    assert codes(plan) == {"invalid-object"}


def test_random_values_are_named_and_not_shown_as_changes() -> None:
    first, second = config(data={"a": "1", "r": "x7"}), config(data={"a": "1", "r": "q9"})
    server = Server([standing(config(data={"a": "0", "r": "old"}))])
    plan = server.run(case(rendered(first), live(config(data={"a": "0", "r": "old"})), rendered(second)))
    (one,) = plan.objects
    assert [change.path for change in one.changes] == ["/data/a"]
    assert one.noise == ("/data/r",)


def test_random_values_alone_are_no_upgrade() -> None:
    first, second = config(data={"r": "x7"}), config(data={"r": "q9"})
    before = live(config(data={"r": "old"}), chart_version="1.1.0")
    assert Server().run(case(rendered(first), before, rendered(second))).action == "none"


def test_a_missing_namespace_is_created_and_its_objects_checked_in_a_stand_in() -> None:
    server = Server()
    plan = server.run(case(rendered(config()), create_namespace=True))
    assert refs(plan) == {"Namespace/web": "create", "ConfigMap/web": "create"}
    places = [q.manifest["metadata"].get("namespace") for q in server.asked if isinstance(q, Apply)]
    assert places == [None, "default"]
    assert "stand-in" in codes(plan)
    assert plan.objects[1].after is not None
    assert plan.objects[1].after["metadata"]["namespace"] == "web"


def test_a_release_knows_what_earlier_ones_of_the_plan_bring() -> None:
    first = case(rendered(config()), create_namespace=True)
    overlay = overlay_after(first, Server().run(first))
    assert overlay.namespaces == {"web"}
    second = case(rendered(config("other")), overlay=overlay)
    assert "namespace-missing" not in codes(Server().run(second))
    assert overlay_after(second, replace(Server().run(second), action="none")) == overlay
    moved = case(rendered(config()), overlay=Overlay(gone=frozenset({ref(config()).identity})))
    assert refs(Server([standing(config(), release="old"), namespace()]).run(moved)) == {
        "ConfigMap/web": "create"
    }


def test_hooks_run_by_weight_then_name_and_test_hooks_never() -> None:
    hooks = (
        hook("b", "pre-install", weight=5),
        hook("c", "pre-install", weight=-1),
        hook("a", "pre-install", weight=5),
        hook("t", "test"),
        hook("u", "pre-upgrade"),
    )
    plan = Server([namespace()]).run(case(rendered(hooks=hooks)))
    assert [(one.ref.name, one.hook) for one in plan.objects] == [(n, "pre-install") for n in "cab"]


def test_a_hook_that_stands_is_asked_about_under_another_name() -> None:
    server = Server([standing(config("h")), namespace()])
    plan = server.run(case(rendered(hooks=(hook("h", "pre-install"),))))
    (asked,) = [q for q in server.asked if isinstance(q, Apply)]
    assert asked.manifest["metadata"]["name"] == "h-purser-rehearsal"
    (one,) = plan.objects
    assert (one.action, one.ref.name) == ("replace", "h")
    assert one.after is not None
    assert one.after["metadata"]["name"] == "h"


def test_an_uninstall_deletes_in_helms_order_and_keeps_what_the_manifest_marks() -> None:
    kept = config("kept", annotations={"helm.sh/resource-policy": "whatever"})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    server = Server([standing(config()), standing(kept), standing(service)])
    plan = server.run(case(None, live(config(), kept, service)))
    assert [one.ref.kind for one in plan.objects] == ["Service", "ConfigMap"]
    assert (plan.action, codes(plan)) == ("uninstall", {"kept", "left-behind"})


@pytest.mark.parametrize(("name", "stays"), [("web", False), ("web-secrets", True)])
def test_an_uninstall_leaves_its_namespace_unless_it_is_an_object_of_the_release(
    name: str, stays: bool
) -> None:
    plan = Server([namespace(name)]).run(case(None, live(namespace(name))))
    left = "Uninstalling leaves behind: Namespace web."
    assert (left in [finding.message for finding in plan.findings]) is stays


def test_a_client_side_release_is_patched() -> None:
    server = Server([standing(config())])
    plan = server.run(case(rendered(config(data={"b": "2"})), live(config(), apply_method="")))
    (patch,) = [q for q in server.asked if isinstance(q, Patch)]
    assert patch.content_type == "application/strategic-merge-patch+json"
    assert patch.body == {"data": {"b": "2", "a": None}}
    assert "client-side-release" in codes(plan)


def test_an_api_that_is_served_no_more_in_the_old_manifest_fails_everything() -> None:
    old = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "p"}}
    for new in (rendered(config()), None):
        assert "old-api-removed" in codes(Server([standing(config())]).run(case(new, live(config(), old))))


def test_a_failed_upgrade_starts_from_the_last_deployed_revision() -> None:
    base = stored(config(), config("old"))
    newest = stored(config(), config("new"), revision=2, status="failed")
    server = Server([standing(config()), standing(config("old")), standing(config("new"))])
    plan = server.run(case(rendered(config()), replace(live(config()), base=base, newest=newest)))
    assert refs(plan) == {"ConfigMap/web": "unchanged", "ConfigMap/old": "delete"}
    assert plan.revision_from == 1


def test_reads_go_out_as_one_batch() -> None:
    server = Server([standing(config(str(n))) for n in range(5)])
    server.run(case(rendered(*(config(str(n)) for n in range(5))), live()))
    kinds = [type(question) for question in server.asked]
    assert kinds == [Read] * 5 + [Apply] * 5
