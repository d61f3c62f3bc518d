from tests.demo_cluster.conversations import Step, apply, create, delete, get
from tests.demo_cluster.custom_scripts import DEFINITION, GROUP, widget
from tests.demo_cluster.talking import Talk


async def test_a_definition_makes_a_kind_and_its_deletion_unmakes_it(api: Talk) -> None:
    before, _ = await api.say(apply(widget()))
    _, definition = await api.say(create(DEFINITION))
    made, body = await api.say(apply(widget()))
    discovered, _ = await api.say(Step("GET", f"/apis/{GROUP}/v1"))
    await api.say(delete(DEFINITION))
    after, _ = await api.say(get(widget()))

    assert (before, made, discovered, after) == (404, 201, 200, 404)
    assert body["spec"] == {"size": 1, "colour": "red"}
    conditions = {one["type"]: one["status"] for one in definition["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


async def test_a_dry_run_of_a_definition_makes_no_kind(api: Talk) -> None:
    status, _ = await api.say(create(DEFINITION, "&dryRun=All"))

    assert status == 201
    assert (await api.say(apply(widget())))[0] == 404


async def test_keyed_lists_and_sets_of_custom_kinds_merge(api: Talk) -> None:
    await api.say(create(DEFINITION))
    await api.say(apply(widget(parts=[{"name": "a"}, {"name": "b"}], tags=["x"])))
    await api.say(apply(widget(parts=[{"name": "c"}], tags=["y"]), "other"))

    _, body = await api.say(apply(widget(parts=[{"name": "b"}], tags=["x"])))

    assert [(one["name"], one["count"]) for one in body["spec"]["parts"]] == [("b", 1), ("c", 1)]
    assert body["spec"]["tags"] == ["x", "y"]


async def test_a_custom_kind_is_held_to_its_schema(api: Talk) -> None:
    await api.say(create(DEFINITION))

    unknown = await api.say(apply(widget(unknown=1)))
    outside = await api.say(apply(widget(size=10)))

    assert (unknown[0], outside[0]) == (500, 422)
    assert outside[1]["details"]["causes"][0]["field"] == "spec.size"


async def test_the_status_is_written_through_its_own_path(api: Talk) -> None:
    await api.say(create(DEFINITION))
    await api.say(apply(widget()))
    path, body = (
        f"/apis/{GROUP}/v1/namespaces/shop/widgets/w",
        {"spec": {"size": 5}, "status": {"ready": True}},
    )

    await api.say(Step("PATCH", f"{path}/status", body, "application/merge-patch+json"))
    _, after_status = await api.say(get(widget()))
    await api.say(Step("PATCH", path, {"status": {"ready": False}}, "application/merge-patch+json"))
    _, after_main = await api.say(get(widget()))

    assert (after_status["spec"]["size"], after_status["status"]) == (1, {"ready": True})
    assert after_main["status"] == {"ready": True}
