"""When a pipeline is over, and how it ended, whatever statuses stand beside its jobs."""

import pytest

from bot.core.deploy.pipeline_end import pipeline_end, why_failed


@pytest.mark.parametrize("status", ["success", "failed", "canceled", "skipped"])
def test_a_pipeline_without_jobs_ended_as_it_says(status: str) -> None:
    assert pipeline_end(status, [], settled=False) == status


@pytest.mark.parametrize("status", ["created", "waiting_for_resource", "pending", "running", "manual"])
def test_a_pipeline_that_is_not_over_goes_on_whatever_its_jobs_say(status: str) -> None:
    assert pipeline_end(status, ["success"], settled=True) is None


@pytest.mark.parametrize("status", ["failed", "canceled"])
@pytest.mark.parametrize("job", ["waiting_for_resource", "preparing", "pending", "running", "canceling"])
def test_one_that_did_not_end_well_goes_on_while_a_job_is_tried_again(status: str, job: str) -> None:
    assert pipeline_end(status, ["success", job], settled=True) is None


def test_a_job_that_was_only_created_is_waited_for_until_it_would_have_begun() -> None:
    assert pipeline_end("failed", ["created"], settled=False) is None
    assert pipeline_end("failed", ["created", "success"], settled=True) == "failed"


def test_a_status_from_outside_does_not_make_jobs_fail_that_did_well() -> None:
    assert pipeline_end("failed", ["success", "skipped"], settled=False) == "success"


@pytest.mark.parametrize("job", ["failed", "canceled"])
def test_a_job_that_did_not_do_well_is_how_it_ended(job: str) -> None:
    assert pipeline_end("failed", ["success", job], settled=True) == "failed"


def test_jobs_that_never_ran_are_no_success() -> None:
    assert pipeline_end("failed", ["skipped", "manual"], settled=True) == "failed"


def test_a_script_that_failed_needs_no_word_beside_its_log() -> None:
    assert (why_failed("script_failure"), why_failed("")) == ("", "")
    assert why_failed("job_execution_timeout") == ": it ran longer than its time-out"
