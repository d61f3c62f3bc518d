"""Helm's words, as people should read them."""

import pytest

from bot.adapters.helm.words import LIMIT, failed, shorten

STEP = 'template: d/templates/a.yaml:1:41: executing "x" at <include "x" .>: error calling include: '


@pytest.mark.parametrize(
    ("words", "what", "where"),
    [
        ("execution error at (d/templates/a.yaml:3:4): set it", "set it", "d/templates/a.yaml:3"),
        (
            "Error: INSTALLATION FAILED: execution error at (d/templates/a.yaml:3:4): no",
            "no",
            "d/templates/a.yaml:3",
        ),
        (
            "parse error at (d/templates/_h.tpl:7): missing value for if",
            "parse error: missing value for if",
            "d/templates/_h.tpl:7",
        ),
        (
            'd/charts/k/templates/a b.yaml:1:10\n  executing "x" at <.a>:\n    nil pointer',
            'd/charts/k/templates/a b.yaml:1:10\n  executing "x" at <.a>:\n    nil pointer',
            "d/charts/k/templates/a b.yaml:1",
        ),
        (
            'd/templates/a.yaml:1:10\n  executing "x" at <.a>:\n    nil pointer\n'
            "\nUse --debug flag to render out invalid YAML\n",
            'executing "x" at <.a>:\n    nil pointer',
            "d/templates/a.yaml:1",
        ),
        (
            "YAML parse error on d/templates/a.yaml: error converting YAML to JSON: yaml: line 3: bad",
            "YAML parse error: line 3: bad",
            "d/templates/a.yaml",
        ),
        (
            "UPGRADE FAILED: another operation is in progress",
            "UPGRADE FAILED: another operation is in progress",
            "None",
        ),
    ],
)
def test_the_place_is_taken_out_of_the_words(words: str, what: str, where: str) -> None:
    error = failed(words, {}, code="render-failed")
    assert (error.what, str(error.where), error.code) == (what, where, "render-failed")


def test_paths_of_this_machine_are_replaced_the_longest_first() -> None:
    said = shorten("stat /srv/x/chart/Chart.yaml by /srv/x", {"/srv/x": "X", "/srv/x/chart": "demo"})
    assert said == "stat demo/Chart.yaml by X"


def test_a_chain_that_repeats_itself_is_cut() -> None:
    said = shorten(STEP * 500 + "the reason", {})
    assert said == STEP + "… the reason"


def test_endless_words_keep_their_beginning_and_end() -> None:
    said = shorten("begin " + "x" * 100_000 + " end", {})
    assert said.startswith("begin")
    assert said.endswith("end")
    assert len(said) <= LIMIT + 3


@pytest.mark.parametrize("words", ["missing in charts/ directory: x", "chart requires kubeVersion: 9"])
def test_what_can_be_done_is_said_where_it_is_known(words: str) -> None:
    assert failed(words, {}, code="render-failed").fix != ""
