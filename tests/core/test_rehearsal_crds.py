"""What is said of a chart's crds/, which Helm leaves as they are at an upgrade."""

from bot.core.model import Level
from bot.core.planned import ReleasePlan
from bot.core.question import UNANSWERED, Apply, Refused
from tests.core.rehearsals import Server, case, config, live, namespace, rendered, standing
from tests.core.test_rehearsal_schema import NAME, crd


def upgraded(server: Server) -> ReleasePlan:
    server.objects += [namespace(), standing(config()), crd(size="string")]
    return server.run(case(rendered(config(data={"a": "2"}), crds=(crd(size="integer"),)), live(config())))


def test_a_crd_that_differs_is_named_and_only_advises() -> None:
    server = Server()
    plan = upgraded(server)
    (found,) = [finding for finding in plan.findings if finding.code == "crds-not-upgraded"]
    assert f"{NAME} differs in 1 places" in found.message
    asked = [question for question in server.asked if isinstance(question, Apply) and question.advisory]
    assert [question.manifest["metadata"]["name"] for question in asked] == [NAME]


def test_a_crd_about_which_the_server_does_not_answer_is_that_finding_alone() -> None:
    plan = upgraded(Server(refuses={f"CustomResourceDefinition/{NAME}": Refused(UNANSWERED, "Timeout", "")}))
    (found,) = [finding for finding in plan.findings if finding.code == "crds-not-upgraded"]
    assert found.level is Level.WARNING
    assert f"{NAME} seems to differ, but the API server did not answer where" in found.message
    assert plan.digest, "such a plan can be sealed"
