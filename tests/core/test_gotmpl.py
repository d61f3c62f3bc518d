"""Templates write what Go's text/template with helmfile's functions writes."""

from typing import Any

import pytest

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl import Engine
from bot.core.gotmpl_values import Budget

DATA: dict[str, Any] = {
    "Values": {
        "name": "web", "on": True, "off": False, "n": 3, "f": 1.5, "big": 1000000.0, "none": None, "empty": "",
        "list": ["a", "b", "c"], "map": {"b": {"c": 1}, "a": "x"}, "yes": "yes", "zero": 0,
        "text": "line one\nline two\n",
    },
}  # fmt: skip


class NoFunctions:
    def named(self, name: str, where: Where) -> None:
        return None


def write(text: str, data: Any = DATA, **helpers: str) -> str:
    return Engine(NoFunctions()).render(text, data, "t.gotmpl", helpers=helpers).text


RENDERS = [
    ("a {{ .Values.name }} b", "a web b"),
    ("a  {{- .Values.name -}}  b", "awebb"),
    ("a\n{{- /* note */ -}}\nb{{/* x */}}c", "abc"),
    ("{{ if .Values.on }}yes{{ else }}no{{ end }}", "yes"),
    ("{{ if .Values.off }}1{{ else if eq .Values.n 3 }}2{{ else }}3{{ end }}", "2"),
    ("{{ with .Values.map }}{{ .a }}{{ $.Values.name }}{{ else }}none{{ end }}", "xweb"),
    ("{{ with .Values.empty }}x{{ else }}none{{ end }}", "none"),
    ("{{ range $i, $e := .Values.list }}{{ $i }}={{ $e }};{{ end }}", "0=a;1=b;2=c;"),
    ("{{ range $k, $v := .Values.map }}{{ $k }},{{ end }}", "a,b,"),
    ("{{ range .Values.none }}x{{ else }}none{{ end }}", "none"),
    ("{{ range .Values.list }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "ac"),
    ("{{ range .Values.list }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "a"),
    ("{{ range $i := 3 }}{{ $i }}{{ end }}", "012"),
    ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"),
    ("{{ $m := .Values.map }}{{ $m.b.c }}{{ (index .Values.list 1) }}{{ (.Values.map).a }}", "1bx"),
    ("{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" .Values.name }}{{ include \"t\" 1 | upper }}", "[web][1]"),
    ("{{ block \"b\" .Values.n }}<{{ . }}>{{ end }}", "<3>"),
    ("{{ tpl \"{{ .name }}!\" .Values }}", "web!"),
    ("{{ .Values.none }}|{{ .Values.big }}|{{ .Values.f }}|{{ .Values.list }}|{{ .Values.map }}",
     "<no value>|1e+06|1.5|[a b c]|map[a:x b:map[c:1]]"),
    ("{{ \"a\\tb\\u00e9\" }}{{ `raw\\n` }}{{ 'x' }}{{ 0x10 }}{{ 1e3 }}", "a\tbéraw\\n120161000"),
    ("{{ and 1 0 2 }}{{ or 0 \"\" \"x\" }}{{ not 1 }}", "0xfalse"),
    ("{{ eq 1 2 1 }}{{ ne \"a\" \"b\" }}{{ lt 1 2 }}{{ ge 2 2 }}{{ gt \"b\" \"a\" }}{{ le 1.5 1.0 }}",
     "truetruetruetruetruefalse"),
    ("{{ len .Values.list }}{{ len \"é\" }}{{ index .Values.map \"b\" \"c\" }}{{ slice .Values.list 1 }}",
     "321[b c]"),
    ("{{ print 1 2 \"a\" \"b\" 3 }}|{{ println \"x\" 1 }}", "1 2ab3|x 1\n"),
    ("{{ printf \"%s-%d-%5.2f-%q-%v-%05d-%-4s|%t%%\" \"a\" 7 1.5 \"b\\\"c\" .Values.list 42 \"x\" true }}",
     "a-7- 1.50-\"b\\\"c\"-[a b c]-00042-x   |true%"),
    ("{{ printf \"%d\" \"x\" }}{{ printf \"%s\" 1 }}", "%!d(string=x)%!s(int=1)"),
    ("{{ .Values.empty | default \"d\" }}{{ default \"d\" .Values.name }}{{ .Values.zero | default 5 }}", "dweb5"),
    ("{{ coalesce .Values.none .Values.empty \"c\" }}{{ ternary 1 2 .Values.on }}{{ empty .Values.zero }}", "c1true"),
    ("{{ .Values.name | quote }}{{ quote 1 .Values.none \"a\\n\" }}{{ squote \"x\" }}", "\"web\"\"1\" \"a\\n\"'x'"),
    ("{{ .Values.text | trim | indent 2 }}{{ \"x\" | nindent 3 }}", "  line one\n  line two\n   x"),
    ("{{ upper \"aé\" }}{{ lower \"AB\" }}{{ title \"one two\" }}{{ trimSuffix \".\" \"a.\" }}{{ trimPrefix \"v\" \"v1\" }}",
     "AÉabOne Twoa1"),
    ("{{ replace \"a\" \"b\" \"aXa\" }}{{ repeat 3 \"z\" }}{{ trunc 3 \"abcdef\" }}{{ trunc -2 \"abcdef\" }}", "bXbzzzabcef"),
    ("{{ contains \"b\" \"abc\" }}{{ hasPrefix \"a\" \"abc\" }}{{ hasSuffix \"a\" \"abc\" }}", "truetruefalse"),
    ("{{ splitList \",\" \"a,b\" }}{{ (split \"-\" \"x-y\")._1 }}{{ join \"+\" .Values.list }}", "[a b]ya+b+c"),
    ("{{ \"hi\" | b64enc }}{{ \"aGk=\" | b64dec }}{{ \"x\" | sha256sum | trunc 8 }}{{ \"x\" | sha1sum | trunc 4 }}",
     "aGk=hi2d71164211f6"),
    ("{{ add 1 2 \"3\" }}{{ sub 5 2 }}{{ mul 2 3 4 }}{{ div 7 2 }}{{ div -7 2 }}{{ mod 7 3 }}{{ max 1 5 3 }}{{ min 2 1 }}",
     "63243-3151"),
    ("{{ int \"12\" }}{{ int 3.9 }}{{ int \"x\" }}{{ atoi \"7\" }}{{ int64 true }}{{ toString 1.5 }}", "1230711.5"),
    ("{{ dict \"a\" 1 \"b\" (list 1 2) | toJson }}", "{\"a\":1,\"b\":[1,2]}"),
    ("{{ get \"b.c\" .Values.map }}{{ get \"b.x\" \"d\" .Values.map }}{{ getOrNil \"q\" .Values.map }}", "1d<no value>"),
    ("{{ hasKey .Values.map \"a\" }}{{ keys .Values.map | sortAlpha }}{{ pick .Values.map \"a\" }}{{ omit .Values.map \"b\" }}",
     "true[a b]map[a:x]map[a:x]"),
    ("{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"b\" 2 }}{{ $_ := unset $d \"a\" }}{{ $d }}", "map[b:2]"),
    ("{{ merge (dict \"a\" 1) (dict \"a\" 2 \"b\" 3) }}{{ mergeOverwrite (dict \"a\" 1) (dict \"a\" 2) }}",
     "map[a:1 b:3]map[a:2]"),
    ("{{ dig \"b\" \"c\" \"d\" .Values.map }}{{ dig \"b\" \"q\" \"d\" .Values.map }}", "1d"),
    ("{{ first .Values.list }}{{ last .Values.list }}{{ rest .Values.list }}{{ initial .Values.list }}", "ac[b c][a b]"),
    ("{{ append .Values.list \"d\" }}{{ prepend .Values.list 0 }}{{ concat (list 1) (list 2) }}{{ has \"b\" .Values.list }}",
     "[a b c d][0 a b c][1 2]true"),
    ("{{ without .Values.list \"a\" }}{{ uniq (list 1 1 2) }}{{ until 3 }}{{ untilStep 0 6 2 }}{{ reverse (list 1 2) }}",
     "[b c][1 2][0 1 2][0 2 4][2 1]"),
    ("{{ kindOf .Values.map }}{{ kindIs \"slice\" .Values.list }}{{ typeOf .Values.f }}", "maptruefloat64"),
    ("{{ required \"needed\" .Values.name }}", "web"),
    ("{{ .Values.map | toYaml }}", "a: x\nb:\n  c: 1\n"),
    ("{{ toYaml (dict \"l\" (list 1 \"two\" (dict \"k\" \"v\")) \"e\" (list) \"d\" (dict) \"y\" \"yes\" \"n\" \"12\" \"c\" \"a: b\" \"s\" \"*x\" \"z\" \"\" \"t\" true) }}",
     "c: 'a: b'\nd: {}\ne: []\nl:\n  - 1\n  - two\n  - k: v\n\"n\": \"12\"\ns: '*x'\nt: true\n\"y\": \"yes\"\nz: \"\"\n"),
    ("{{ toYaml .Values.text }}{{ toYaml (list \" x\" \"# c\" \"1.0\" \"null\" \"~\" \"0x1\" \"2020-01-01\" \"x y\") }}",
     "|\n  line one\n  line two\n- ' x'\n- '# c'\n- \"1.0\"\n- \"null\"\n- \"~\"\n- \"0x1\"\n- \"2020-01-01\"\n- x y\n"),
    ("{{ toJson \"<a&b>\" }}{{ toJson 1.0 }}{{ toPrettyJson (dict \"a\" (list 1)) }}",
     "\"\\u003ca\\u0026b\\u003e\"1{\n  \"a\": [\n    1\n  ]\n}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "written"), RENDERS)
def test_a_template_writes_what_go_writes(text: str, written: str) -> None:
    assert write(text) == written


MISTAKES = [
    ("a\n{{ .Values.gone }}", "t.gotmpl:2: The template cannot be executed: the mapping has no entry"),
    ("{{ .Values.none.x }}", ".x is asked of nothing"),
    ("{{ .Values.name.x }}", ".x is asked of a value of kind string"),
    ("{{ eq 1 \"1\" }}", "values of kind int and string cannot be compared"),
    ("{{ if }}x{{ end }}", "Something is missing in this action"),
    ("\n{{ if 1 }}x", "t.gotmpl:2: This `if` has no `end`"),
    ("{{ end }}", "`end` stands here without"),
    ("{{ \"x }}", "cannot be read"),
    ("{{ .Values.name", "cannot be read"),
    ("{{/* x }}", "This comment of the template is not closed"),
    ("{{ $x }}", "the variable $x is not declared"),
    ("{{ template \"no\" }}", "There is no template 'no'"),
    ("{{ fail \"because\" }}", "because"),
    ("{{ required \"give one\" .Values.empty }}", "give one"),
    ("{{ index .Values.list 9 }}", "there is no item 9"),
    ("{{ get \"x.y\" .Values.map }}", "there is no value for the key 'x'"),
    ("{{ len 3 }}", "has no length"),
    ("{{ div 1 0 }}", "a division by zero"),
    ("{{ break }}", "`break` stands outside"),
    ("{{ 1 | 2 }}", "is given arguments"),
    ("{{ upper }}", "upper is given 0 arguments"),
    ("{{ range 1.5 }}{{ end }}", "range cannot go through"),
]


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
    '{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ toYaml $l }}',
    '{{ $l := list 1 }}{{ range until 40 }}{{ $l = concat $l $l }}{{ end }}',
    '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toYaml $d }}',
    '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toJson $d }}',
    '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}',
    "{{ repeat 100000000 \"x\" }}",
    "{{ printf \"%99999999d\" 1 }}",
    "{{ indent 100000 \"x\" }}",
    "{{ until 1000000000 }}",
    "{{ range 1000000000 }}{{ end }}",
    "{{ if 1 }}" * 500,
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ replace \"\" (repeat 100000 \"x\") (repeat 100000 \"x\") }}",
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
