"""Going back to a revision: Helm's rollback, rehearsed; and what it does not bring back, named."""

from dataclasses import replace

from bot.core.document import from_document, to_document
from bot.core.helm_record import default_revision
from bot.core.model import Level, Manifest
from bot.core.notes.rollback import preview, stale, way_out
from bot.core.planned import EngineInfo, Plan, ReleasePlan, Rollback
from bot.core.question import Create
from bot.core.rehearsal.case import Case
from bot.core.release import Hook, LiveRelease, Rendered, StoredRelease
from bot.core.seal import seal
from tests.core.rehearsals import Server, case, config, standing, stored


def back_to(old: StoredRelease, newest: StoredRelease, *objects: Manifest) -> Case:
    """A rollback from the newest revision to an old one whose manifest holds these objects."""
    new = Rendered(old.chart_name, old.chart_version, "", tuple(objects), old.hooks, ())
    return replace(case(new, LiveRelease(newest, newest), values=dict(old.values)), rollback=old, chart=None)


def codes(plan: ReleasePlan) -> set[str]:
    return {finding.code for finding in plan.findings}


def test_the_plan_is_from_now_to_the_revision() -> None:
    a, b = config("web", {"a": "1"}), config("web", {"a": "2"})
    old, newest = stored(a, revision=1, status="superseded"), stored(b, revision=2)
    plan = Server([standing(b)]).run(back_to(old, newest, a))
    [one] = plan.objects
    assert (one.action, [(c.path, c.before, c.after) for c in one.changes]) == (
        "update",
        [("/data/a", "2", "1")],
    )
    assert (plan.action, plan.revision_from, plan.chart_to) == ("upgrade", 2, "1.0.0")
    assert plan.digest


def test_a_release_that_is_as_the_revision_was_is_left_alone() -> None:
    a = config("web", {"a": "1"})
    old, newest = stored(a, revision=1, status="superseded"), stored(a, revision=2)
    server = Server([standing(a)])
    assert server.run(back_to(old, newest, a)).action == "none"
    assert server.asked == []


def test_what_only_the_newest_revision_has_is_deleted() -> None:
    a, more = config("web"), config("more")
    old, newest = stored(a, revision=1, status="superseded"), stored(a, more, revision=2)
    plan = Server([standing(a), standing(more)]).run(back_to(old, newest, a))
    assert {(one.ref.name, one.action) for one in plan.objects if one.action != "unchanged"} == {
        ("more", "delete")
    }


def test_it_starts_from_the_newest_revision_even_where_that_failed() -> None:
    a, b = config("web", {"a": "1"}), config("more", {"a": "2"})
    old, newest = stored(a, revision=1), stored(a, b, revision=2, status="failed")
    plan = Server([standing(a), standing(b)]).run(back_to(old, newest, a))
    assert plan.revision_from == 2
    assert "delete" in {one.action for one in plan.objects}


def test_the_hooks_that_run_are_those_of_a_rollback() -> None:
    a, b = config("web", {"a": "1"}), config("web", {"a": "2"})
    hooks = (
        Hook(config("before"), ("pre-rollback",), 0, ("before-hook-creation",)),
        Hook(config("upgrading"), ("pre-upgrade",), 0, ("before-hook-creation",)),
    )
    old = stored(a, revision=1, status="superseded", hooks=hooks)
    newest = stored(b, revision=2, hooks=hooks)
    plan = Server([standing(b)]).run(back_to(old, newest, a))
    assert [(one.ref.name, one.hook) for one in plan.objects if one.hook] == [("before", "pre-rollback")]
    assert "rollback-leaves-hooks" in codes(plan)
    said = next(one.message for one in plan.findings if one.code == "rollback-leaves-hooks")
    assert "ConfigMap upgrading" in said
    assert "ConfigMap before" not in said


def test_it_goes_on_as_the_old_revision_was_applied() -> None:
    a, b, gone = config("web", {"a": "1"}), config("web", {"a": "2"}), config("gone")
    old = stored(a, gone, revision=1, status="superseded", apply_method="csa")
    newest = stored(b, revision=2)
    server = Server([standing(b)])
    plan = server.run(back_to(old, newest, a, gone))
    assert "rollback-method" in codes(plan)
    assert any(isinstance(question, Create) for question in server.asked)


def test_what_it_does_not_bring_back_is_named() -> None:
    a = config("web", {"a": "1"})
    claim: Manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {},
    }
    old = stored(a, claim, revision=1, status="failed", chart_version="0.9.0")
    newest = stored(a, revision=2)
    plan = Server([standing(a)]).run(back_to(old, newest, a, claim))
    assert {"rollback-without-data", "rollback-leaves-crds", "rollback-to-failed"} <= codes(plan)
    said = next(one for one in plan.findings if one.code == "rollback-without-data")
    assert said.level is Level.WARNING
    assert "PersistentVolumeClaim web/data" in said.message


def test_another_operation_at_work_keeps_it_from_its_seal() -> None:
    a = config("web")
    old, newest = stored(a, revision=1), stored(a, revision=2, status="pending-upgrade")
    plan = Server([standing(a)]).run(back_to(old, newest, a))
    assert "release-pending" in codes(plan)
    assert not plan.digest
    assert "--recover in this thread" in plan.findings[0].fix


def test_the_default_is_the_newest_earlier_revision_that_was_deployed() -> None:
    assert default_revision({1: "superseded", 2: "failed", 3: "superseded", 4: "deployed"}) == 3
    assert default_revision({1: "superseded", 2: "deployed", 3: "failed"}) == 2
    assert default_revision({1: "failed", 2: "deployed"}) is None
    assert default_revision({4: "deployed"}) is None


def whole(release: ReleasePlan, back: Rollback | None) -> Plan:
    made = Plan("production", "a" * 40, True, None, EngineInfo("helm-sdk", "4"), "v1.36.3", (release,))
    made = replace(made, rollback=back)
    return replace(made, seal=seal(made))


def test_the_seal_says_that_it_is_a_rollback_and_where_to() -> None:
    a, b = config("web", {"a": "1"}), config("web", {"a": "2"})
    old, newest = stored(a, revision=1, status="superseded"), stored(b, revision=2)
    release = Server([standing(b)]).run(back_to(old, newest, a))
    seals = {whole(release, back).seal for back in (None, Rollback("web/app", 1), Rollback("web/app", 2))}
    assert len(seals) == 3
    assert None not in seals
    plan = whole(release, Rollback("web/app", 1))
    assert from_document(to_document(plan, whole=True)) == plan


def test_a_preview_without_a_seal_has_no_code() -> None:
    release = ReleasePlan("app", "web", "upgrade", "app", "2", "1", 2)
    said = preview(replace(whole(release, Rollback("web/app", 1)), complete=False), "", revert=False)
    assert "It cannot be done like this" in said
    assert "/helm confirm" not in said


def test_what_moved_is_listed_up_to_a_bound() -> None:
    said = stale("production", Rollback("web/app", 1), [f"line {number}" for number in range(30)])
    assert "and 10 more" in said
    assert "/helm rollback web/app 1" in said


def test_a_way_out_names_the_command_that_fits() -> None:
    assert way_out("/helm deploy --recover", "/helm rollback a/b 1") == "/helm rollback a/b 1 --recover"
    assert way_out("Say /helm deploy --recover, or /helm deploy.", "/helm confirm 1") == (
        "Say /helm confirm 1, or /helm confirm 1."
    )
