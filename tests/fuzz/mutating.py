# ruff: noqa: E501 (pieces of grammars, a line each)
"""Real inputs, cut up and put together with what breaks readers."""

from collections.abc import Sequence

from hypothesis import strategies as st

TOKENS = (
    "---\n", "...\n", "\n", "\t", "  ", "- ", "? ", ": ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "<<: *a\n", "<<: ",
    "! ", "!!binary ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!set ", "!!python/object:os.system ", "%YAML 1.1\n", "%TAG ! x\n",
    "|\n", ">-\n", "|2+\n", "'", '"', "\\", "\\x", "\\ud800", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\u202e", "\ud800",
    "{{", "}}", "{{- ", " -}}", "{{ .Values.a }}", "{{ range $i, $x := .Values }}", "{{ end }}", '{{ include "a" . }}', "{{ define \"a\" }}",
    "{{ exec \"sh\" (list \"-c\" \"id\") }}", "{{ readFile \"/etc/passwd\" }}", "{{ index . 1 }}", "{{/* */}}", "(((", ")))", "| ", "$", ":=",
    "~", "null", "true", "yes", "0o17", "0x", "1e999", "-1", "1_0", ".inf", ".nan", "9" * 30, "1e400", "2020-01-01",
    "../", "/etc/passwd", "https://u:p@h/x", "oci://", "file://", "git::https://a/b.git@c", "ref+vault://a", "::",
    "/helm plan\n", "/helm ", "--target=", "--", "```\n", "~~~\n", "> ", ">>>\n", "<!--", "-->", "<pre>", "</pre>", "`", "\u0435", "\u200b",
    "‹masked:00000000›", "password: ", "-----BEGIN PRIVATE KEY-----", "@all", "/merge", "#1", "!1", "|", "&#64;", "<img src=x>", "![", "](",
)  # fmt: skip
"""Of every grammar that is read here; each is foreign to most of them."""


@st.composite
def mutations(draw: st.DrawFn, seeds: Sequence[str], most: int = 5) -> str:
    """A seed with up to `most` cuts, doublings, transplants and insertions."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, most))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.sampled_from([0, 0, 1, 2, 5, 20, 100])))
        match draw(st.integers(0, 5)):
            case 0:
                piece = ""
            case 1:
                piece = text[begin:end] * draw(st.sampled_from([2, 3, 50]))
            case 2:
                other = draw(st.sampled_from(seeds))
                start = draw(st.integers(0, len(other)))
                piece = other[start : start + draw(st.integers(0, 60))]
            case 3:
                piece = draw(st.text(max_size=5))
            case 4:
                piece = draw(st.sampled_from(TOKENS)) * draw(st.sampled_from([1, 1, 2, 300]))
            case _:
                piece = draw(st.sampled_from(TOKENS))
        text = text[:begin] + piece + text[end:]
    return text
