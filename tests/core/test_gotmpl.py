"""Templates write what Go's text/template with helmfile's functions writes."""

from typing import Any

import pytest

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.template import Engine
from bot.core.gotmpl.values import Budget
from tests.core.gotmpl_cases import DATA, MISTAKES, RENDERS


class NoFunctions:
    def named(self, name: str, where: Where) -> None:
        return None


def write(text: str, data: Any = DATA, **helpers: str) -> str:
    return Engine(NoFunctions()).render(text, data, "t.gotmpl", helpers=helpers).text


@pytest.mark.parametrize(("text", "written"), RENDERS)
def test_a_template_writes_what_go_writes(text: str, written: str) -> None:
    assert write(text) == written


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_mistake_is_the_authors_and_has_a_line(text: str, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        write(text)
    assert caught.value.code == "template"
    assert said in str(caught.value)
    assert str(caught.value).startswith("t.gotmpl:")


def test_helpers_beside_a_template_are_found() -> None:
    helper = '{{ define "who" }}I am {{ . }}{{ end }}'
    assert write('{{ include "who" "x" }}', **{"_h.tpl": helper}) == "I am x"


def test_each_line_knows_where_it_came_from() -> None:
    text = "a\n{{- range .Values.list }}\n- {{ . }}\n{{- end }}\n\nz: {{ .Values.text | nindent 2 }}\n"
    rendered = Engine(NoFunctions()).render(text, DATA, "t", first_line=10)
    lines = dict(zip(rendered.text.split("\n"), rendered.lines, strict=True))
    assert (lines["a"], lines["- b"], lines["z: "], lines["  line two"]) == (10, 12, 15, 15)


ATTACKS = [
    "{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}",
    '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}',
    '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
    '{{ define "a" }}{{ tpl "{{ include \\"a\\" . }}" . }}{{ end }}{{ include "a" . }}',
    '{{ $x := "aaaaaaaaaaaaaaaa" }}{{ range until 40 }}{{ $x = print $x $x }}{{ end }}',
    "{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ toYaml $l }}",
    "{{ $l := list 1 }}{{ range until 40 }}{{ $l = concat $l $l }}{{ end }}",
    '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toYaml $d }}',
    '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toJson $d }}',
    '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}',
    '{{ repeat 100000000 "x" }}',
    '{{ printf "%99999999d" 1 }}',
    '{{ indent 100000 "x" }}',
    "{{ until 1000000000 }}",
    "{{ range 1000000000 }}{{ end }}",
    "{{ if 1 }}" * 500,
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    '{{ replace "" (repeat 100000 "x") (repeat 100000 "x") }}',
]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_template_costs_more_than_its_budget(text: str) -> None:
    engine = Engine(NoFunctions(), budget=Budget(200_000, 2_000_000))
    with pytest.raises(AuthorError) as caught:
        engine.render(text, DATA, "t.gotmpl")
    assert caught.value.code in ("template", "template-limit")


def test_nothing_that_runs_or_differs_each_time_is_called() -> None:
    engine = Engine(NoFunctions())
    for call in ('exec "id" (list)', "now", "uuidv4", 'randAlphaNum 5', 'getHostByName "x"', 'genCA "a" 1',
                 'fetchSecretValue "ref+x://"', 'expandenv "$HOME"', "notKnownAtAll"):  # fmt: skip
        text = engine.render(f"x: {{{{ {call} }}}}", DATA, "t.gotmpl").text
        assert [one.where for one in engine.unknowns.within(text)] == [Where("t.gotmpl", 1)]
