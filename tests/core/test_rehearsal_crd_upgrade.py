"""CRDs of a chart's crds/ that the target upgrades: what the plan says of it, and what it refuses."""

from typing import Any

import pytest

from bot.core.model import Level, Manifest
from bot.core.planned import ReleasePlan
from bot.core.question import UNANSWERED, Apply, Refused
from bot.core.rehearsal.crd_upgrade import lost_versions, may_take, to_upgrade
from tests.core.rehearsals import Server, case, config, live, namespace, rendered, standing
from tests.core.test_rehearsal_schema import NAME, crd

KEY = f"CustomResourceDefinition/{NAME}"


def conflict(*managers: str) -> Refused:
    causes = tuple(
        (".spec.versions", "FieldManagerConflict", f'conflict with "{one}" using apiextensions.k8s.io/v1')
        for one in managers
    )
    return Refused(409, "Conflict", "Apply failed", causes)


def upgraded(server: Server, *, stands: Manifest | None = None, **more: Any) -> ReleasePlan:
    server.objects += [namespace(), standing(config()), *([stands] if stands else [])]
    new = rendered(config(data={"a": "2"}), crds=(crd(size="integer"),))
    return server.run(case(new, live(config()), **{"upgrade_crds": True, **more}))


def codes(plan: ReleasePlan) -> dict[str, Level]:
    return {finding.code: finding.level for finding in plan.findings}


def changed(plan: ReleasePlan) -> dict[str, str]:
    return {one.ref.name: one.action for one in plan.objects if one.ref.kind == "CustomResourceDefinition"}


def test_a_crd_that_differs_is_upgraded_and_the_plan_shows_how() -> None:
    plan = upgraded(Server(), stands=crd(size="string"))
    assert codes(plan) == {"crds-upgraded": Level.INFO}
    assert f"{NAME} (1 changes)" in plan.findings[0].message
    assert changed(plan) == {NAME: "update"}
    assert plan.digest
    assert to_upgrade((crd(size="integer"),), plan.objects) == (crd(size="integer"),)


def test_one_that_the_cluster_lacks_is_created_and_one_that_is_as_it_should_be_is_left_out() -> None:
    assert changed(upgraded(Server())) == {NAME: "create"}
    plan = upgraded(Server(), stands=crd(size="integer"))
    assert (changed(plan), codes(plan)) == ({}, {})
    assert to_upgrade((crd(size="integer"),), plan.objects) == ()


def test_without_the_setting_nothing_is_upgraded_and_the_seal_is_another() -> None:
    skipped = upgraded(Server(), stands=crd(size="string"), upgrade_crds=False)
    assert codes(skipped) == {"crds-not-upgraded": Level.WARNING}
    assert "deploy.crds: upgrade" in skipped.findings[0].fix
    assert changed(skipped) == {}
    assert skipped.digest != upgraded(Server(), stands=crd(size="string")).digest


def test_the_setting_does_not_change_the_seal_of_a_chart_without_crds() -> None:
    def plan(*, upgrade: bool) -> ReleasePlan:
        server = Server(objects=[namespace(), standing(config())])
        return server.run(case(rendered(config(data={"a": "2"})), live(config()), upgrade_crds=upgrade))

    assert plan(upgrade=True).digest == plan(upgrade=False).digest


def test_a_version_in_which_objects_are_stored_may_not_go() -> None:
    stands = {**crd(size="string"), "status": {"storedVersions": ["v1alpha1", "v1"]}}
    server = Server()
    plan = upgraded(server, stands=stands)
    assert codes(plan) == {"crd-stored-version": Level.ERROR}
    assert "no version v1alpha1 any more" in plan.findings[0].message
    assert not plan.digest, "such a plan has no seal"
    asked = [one.manifest["kind"] for one in server.asked if isinstance(one, Apply)]
    assert "CustomResourceDefinition" not in asked


@pytest.mark.parametrize(
    ("managers", "force", "code"),
    [(("helm",), False, "crds-upgraded"), (("kubectl",), False, "conflict"), (("helm", "cainjector"), False,
     "conflict"), (("kubectl",), True, "crds-upgraded")],
)  # fmt: skip
def test_fields_are_taken_from_helm_itself_and_from_others_by_wish_alone(
    managers: tuple[str, ...], force: bool, code: str
) -> None:
    plan = upgraded(
        Server(refuses={KEY: conflict(*managers)}), stands=crd(size="string"), force_conflicts=force
    )
    assert list(codes(plan)) == [code]
    assert may_take(conflict(*managers).causes, force=force) == (code == "crds-upgraded")


def test_one_that_the_api_server_refuses_fails_the_plan() -> None:
    refused = Refused(422, "Invalid", "spec.scope: Invalid value: field is immutable")
    plan = upgraded(Server(refuses={KEY: refused}), stands=crd(size="string"))
    assert [finding.level for finding in plan.findings] == [Level.ERROR]


def test_one_about_which_the_api_server_does_not_answer_is_upgraded_all_the_same() -> None:
    plan = upgraded(Server(refuses={KEY: Refused(UNANSWERED, "Timeout", "")}), stands=crd(size="string"))
    assert codes(plan) == {"crds-upgraded": Level.INFO, "crd-not-checked": Level.WARNING}
    assert changed(plan) == {NAME: "update"}
    assert plan.digest


def test_versions_that_are_lost_are_those_that_were_stored() -> None:
    new = {"spec": {"versions": [{"name": "v1"}]}}
    assert lost_versions({"status": {"storedVersions": ["v1", "v1beta1"]}}, new) == ["v1beta1"]
    assert lost_versions({"status": {"storedVersions": ["v1"]}}, new) == []
    assert lost_versions({}, new) == []
