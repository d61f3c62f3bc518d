from typing import Any

import pytest

from tests.demo_cluster.conversations import Step, apply, create, delete, get, patch
from tests.demo_cluster.manifests import (
    PLAIN,
    A,
    B,
    claim,
    config_map,
    containers,
    deployment,
    job,
    secret,
    service,
    stateful_set,
)
from tests.demo_cluster.talking import Talk


async def test_applying_the_same_again_changes_nothing(api: Talk) -> None:
    status, first = await api.say(apply(PLAIN))
    again, second = await api.say(apply(PLAIN))

    assert (status, again) == (201, 200)
    assert second["metadata"]["generation"] == 1
    assert second["spec"] == first["spec"]


async def test_an_unchanged_object_keeps_its_version(api: Talk) -> None:
    _, first = await api.say(apply(config_map({"a": "1"})))
    _, second = await api.say(apply(config_map({"a": "1"})))

    assert second == first


async def test_a_dry_run_answers_and_leaves_nothing(api: Talk) -> None:
    status, body = await api.say(apply(config_map({"a": "1"}), query="&dryRun=All"))
    gone, _ = await api.say(get(config_map({})))

    assert (status, body["data"], gone) == (201, {"a": "1"}, 404)


async def test_dry_runs_of_changes_and_deletions_leave_what_is_there(api: Talk) -> None:
    _, before = await api.say(apply(config_map({"a": "1"})))

    await api.say(apply(config_map({"a": "2"}), query="&dryRun=All"))
    await api.say(patch(config_map({}), {"data": {"a": "3"}}, query="&dryRun=All"))
    await api.say(delete(config_map({}), "dryRun=All"))

    assert await api.say(get(config_map({}))) == (200, before)


async def test_a_dry_run_answers_what_the_real_one_makes(api: Talk) -> None:
    _, would = await api.say(apply(service(), query="&dryRun=All"))
    _, does = await api.say(apply(service()))

    for body in (would, does):
        for key in ("clusterIP", "clusterIPs"):
            del body["spec"][key]
    assert would["spec"] == does["spec"]


async def test_what_another_manager_changed_conflicts(api: Talk) -> None:
    await api.say(apply(config_map({"a": "1", "b": "2"})))
    await api.say(patch(config_map({}), {"data": {"a": "hand"}}))

    status, body = await api.say(apply(config_map({"a": "1", "b": "2"})))

    assert status == 409
    assert body["message"] == 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a'
    assert body["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-edit" using v1',
            "field": ".data.a",
        }
    ]


async def test_force_takes_the_field(api: Talk) -> None:
    await api.say(apply(config_map({"a": "1"})))
    await api.say(patch(config_map({}), {"data": {"a": "hand"}}))

    path, manifest = "/api/v1/namespaces/{ns}/configmaps/c", config_map({"a": "1"})
    forced = Step("PATCH", path, manifest, "application/apply-patch+yaml", "fieldManager=helm&force=true")
    status, body = await api.say(forced)

    assert (status, body["data"]) == (200, {"a": "1"})
    assert [one["manager"] for one in body["metadata"]["managedFields"]] == ["helm"]


async def test_a_field_given_up_goes_unless_somebody_holds_it(api: Talk) -> None:
    await api.say(apply(config_map({"a": "1", "b": "2", "c": "3"})))
    await api.say(apply(config_map({"b": "2"}), "other"))

    _, body = await api.say(apply(config_map({"a": "1"})))

    assert body["data"] == {"a": "1", "b": "2"}


async def test_containers_merge_by_name(api: Talk) -> None:
    await api.say(apply(PLAIN))
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "x", "image": "x:1"}]}}}}
    await api.say(patch(PLAIN, sidecar, "application/strategic-merge-patch+json"))

    _, body = await api.say(apply(containers(PLAIN, A | {"image": "a:2"})))

    images = {one["name"]: one["image"] for one in body["spec"]["template"]["spec"]["containers"]}
    assert images == {"a": "a:2", "x": "x:1"}


async def test_quantities_written_otherwise_are_no_change(api: Talk) -> None:
    limits = {"limits": {"cpu": "1000m", "memory": "0.5Gi"}}
    _, first = await api.say(apply(containers(PLAIN, A | {"resources": limits})))

    other = {"limits": {"cpu": 1, "memory": "512Mi"}}
    _, second = await api.say(apply(containers(PLAIN, A | {"resources": other})))

    resources = second["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "1", "memory": "512Mi"}}
    assert second["metadata"]["generation"] == first["metadata"]["generation"]


async def test_secret_text_becomes_data_and_keys_given_up_stay(api: Talk) -> None:
    await api.say(apply(secret(stringData={"a": "1", "b": "2"})))

    _, body = await api.say(apply(secret(stringData={"a": "1"})))

    assert body["data"] == {"a": "MQ==", "b": "Mg=="}


@pytest.mark.parametrize(
    ("before", "after", "field", "told"),
    [
        (
            deployment(),
            deployment(
                selector={"matchLabels": {"app": "e"}},
                template={"metadata": {"labels": {"app": "e"}}, "spec": {"containers": [B]}},
            ),
            "spec.selector",
            "field is immutable",
        ),
        (stateful_set(), stateful_set(serviceName="other"), "spec", "updates to statefulset spec"),
        (service(), service(clusterIP="10.96.77.77"), "spec.clusterIPs[0]", "may not change once set"),
        (job("j:1"), job("j:2"), "spec.template.spec", "field is immutable"),
        (claim(), claim(mode="ReadWriteMany"), "spec", "spec is immutable after creation"),
        (
            config_map({"a": "1"}, immutable=True),
            config_map({"a": "2"}, immutable=True),
            "data",
            "field is immutable when `immutable` is set",
        ),
    ],
    ids=["a selector", "a stateful set", "an address", "a job", "a claim", "an immutable config map"],
)
async def test_what_may_not_change_is_refused(
    api: Talk, before: dict[str, Any], after: dict[str, Any], field: str, told: str
) -> None:
    assert (await api.say(apply(before)))[0] == 201

    status, body = await api.say(apply(after))

    assert (status, body["reason"]) == (422, "Invalid")
    assert [cause["field"] for cause in body["details"]["causes"]] == [field]
    assert told in body["message"]


@pytest.mark.parametrize(
    ("step", "status", "told"),
    [
        (apply(deployment(replica=1)), 500, ".spec.replica: field not declared in schema"),
        (apply(containers(PLAIN, A, A)), 500, 'duplicate entries for key [name="a"]'),
        (apply(config_map({"a": 1})), 500, ".data.a: expected string"),
        (
            create(deployment(replica=1), "&fieldValidation=Strict"),
            400,
            'strict decoding error: unknown field "spec.replica"',
        ),
        (apply(containers(PLAIN, {"name": "a"})), 422, "containers[0].image: Required value"),
        (
            apply(deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}})),
            422,
            "may not be specified when strategy `type` is 'Recreate'",
        ),
    ],
    ids=["unknown", "duplicate", "type", "unknown in a creation", "missing", "forbidden"],
)
async def test_a_manifest_that_is_wrong_is_refused(api: Talk, step: Step, status: int, told: str) -> None:
    answered, body = await api.say(step)

    assert answered == status
    assert told in body["message"]
