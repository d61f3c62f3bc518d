"""The subset of the CI file: rules, inputs, includes, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.gitlab.ci_config import CiConfig, load
from bot.demo.gitlab.ci_rules import CiError, holds

PUSH = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "EMPTY": ""}
PUSH["CI_COMMIT_REF_NAME"] = "main"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('$CI_PIPELINE_SOURCE == "push"', True),
        ("$CI_PIPELINE_SOURCE == 'web'", False),
        ("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", True),
        ("$CI_COMMIT_BRANCH != $CI_DEFAULT_BRANCH", False),
        ("$CI_COMMIT_BRANCH", True),
        ("$NOT_SET", False),
        ("$EMPTY", False),
        ('$EMPTY == ""', True),
        ("$NOT_SET == null", True),
        ('$NOT_SET == ""', False),
        ('$CI_COMMIT_BRANCH == "main" && $CI_PIPELINE_SOURCE == "push"', True),
        ('$CI_COMMIT_BRANCH == "x" || $CI_PIPELINE_SOURCE == "push"', True),
        ('$CI_COMMIT_BRANCH == "x" && ($NOT_SET || $CI_PIPELINE_SOURCE)', False),
        ("$CI_COMMIT_BRANCH =~ /^ma/", True),
        ("$CI_COMMIT_BRANCH !~ /^ma/", False),
        ("$CI_COMMIT_BRANCH =~ /^MA/i", True),
    ],
)
def test_a_condition_is_read_as_gitlab_reads_it(expression: str, expected: bool) -> None:
    assert holds(expression, PUSH) is expected


@pytest.mark.parametrize("expression", ["$A ==", "$A = 1", "($A", "&& $A", ""])
def test_a_condition_that_cannot_be_read_is_an_error(expression: str) -> None:
    with pytest.raises(CiError):
        holds(expression, PUSH)


async def _load(files: dict[str, str], **inputs: Any) -> CiConfig:
    async def read(path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    config = await load(read, ".gitlab-ci.yml", inputs)
    assert config is not None
    return config


async def _names(text: str, variables: dict[str, str]) -> list[str]:
    return [job.name for job in (await _load({".gitlab-ci.yml": text})).jobs(variables)]


MR = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_REF_NAME": "x", "CI_DEFAULT_BRANCH": "main"}


@pytest.mark.parametrize(
    ("text", "on_push", "in_mr"),
    [
        ("a: {script: x}", ["a"], []),
        ("a: {script: x, only: [merge_requests]}", [], ["a"]),
        ("a: {script: x, only: [main]}", ["a"], []),
        ("a: {script: x, only: {refs: [branches]}, except: [main]}", [], []),
        ("a: {script: x, rules: [{when: always}]}", ["a"], ["a"]),
        ("a: {script: x, rules: [{if: $NOPE}]}", [], []),
        ("a: {script: x, rules: [{if: '$CI_COMMIT_BRANCH', when: never}, {when: on_success}]}", [], ["a"]),
        (
            ".hidden: {script: x}\na: {extends: .hidden, stage: deploy}\nb: {script: x, stage: build}",
            ["b", "a"],
            [],
        ),
    ],
)
async def test_the_rules_choose_the_jobs(text: str, on_push: list[str], in_mr: list[str]) -> None:
    assert await _names(text, PUSH) == on_push
    assert await _names(text, MR) == in_mr


SPEC = """
spec:
  inputs:
    target: {}
    count: {type: number, default: 1}
    dry: {type: boolean, default: false}
    env: {default: staging, options: [staging, production]}
    seal: {default: "sha256:0", regex: "^sha256:[0-9a-f]+$"}
---
apply:
  script: ["run $[[ inputs.target ]] $[[ inputs.count ]] $[[inputs.dry]]"]
  environment: $[[ inputs.env ]]
"""


async def test_inputs_are_put_into_the_file() -> None:
    config = await _load({".gitlab-ci.yml": SPEC}, target="web", count=3, env="production")
    (job,) = config.jobs(PUSH)
    assert job.script == ("run web 3 false",)
    assert job.environment == "production"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "`target` input: required value has not been provided"),
        ({"target": 3}, "`target` input: provided value is not a string"),
        ({"target": "x", "count": "3"}, "`count` input: provided value is not a number"),
        ({"target": "x", "env": "moon"}, "not in the list of allowed options"),
        ({"target": "x", "seal": "md5:1"}, "does not match required RegEx pattern"),
        ({"target": "x", "other": "y"}, "Given inputs not defined in the `spec` section"),
    ],
)
async def test_wrong_inputs_are_refused(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(CiError, match=r".*") as caught:
        await _load({".gitlab-ci.yml": SPEC}, **inputs)
    assert message in str(caught.value)


async def test_local_files_are_included_and_overridden() -> None:
    files = {
        ".gitlab-ci.yml": "include: [{local: /ci/base.yml, inputs: {word: hi}}]\na: {stage: deploy}\n",
        "ci/base.yml": "spec: {inputs: {word: {}}}\n---\n"
        "a: {script: 'echo $[[ inputs.word ]]', stage: test}\n",
    }
    (job,) = (await _load(files)).jobs(PUSH)
    assert (job.stage, job.script) == ("deploy", ("echo hi",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {script: x, parallel: 3}", "does not know parallel"),
        ("a: {stage: test}", "should implement the script"),
        ("a: {script: x, stage: moon}", "chosen stage moon does not exist"),
        ("a: [1]", "should be a hash"),
        ("- a", "Invalid configuration format"),
        ("a: {script: x", "Invalid configuration format"),
        ("include: {remote: 'http://x'}", "only local files"),
        ("include: nowhere.yml", "Local file `nowhere.yml` does not exist!"),
        ("a: {extends: b, script: x}\nb: {extends: a}", "circular"),
    ],
)
async def test_a_broken_file_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(CiError) as caught:
        (await _load({".gitlab-ci.yml": text})).jobs(PUSH)
    assert message in str(caught.value)
