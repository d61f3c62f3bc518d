"""Lines of notes, and what they ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.command import COMMANDS, LONGEST_LINE, MOST_COMMANDS, Command, Malformed, Unknown, parse

WELL_FORMED = {
    "bare": ("/helm", Command("help")),
    "help": ("/helm help", Command("help")),
    "plan": ("/helm plan", Command("plan")),
    "a release": ("/helm plan podinfo", Command("plan", ("podinfo",))),
    "several releases": ("/helm plan web/podinfo cilium", Command("plan", ("web/podinfo", "cilium"))),
    "a target": ("/helm plan --target production", Command("plan", (), {"target": "production"})),
    "a target with equals": ("/helm plan --target=eu-1", Command("plan", (), {"target": "eu-1"})),
    "a target before a release": ("/helm plan --target p a", Command("plan", ("a",), {"target": "p"})),
    "a release as option": ("/helm plan --release=a", Command("plan", (), {"release": "a"})),
    "a flag": ("/helm diff podinfo --full", Command("diff", ("podinfo",), {"full": ""})),
    "status": ("/helm status", Command("status")),
    "history": ("/helm history podinfo", Command("history", ("podinfo",))),
    "deploy": ("/helm deploy --target p", Command("deploy", (), {"target": "p"})),
    "rollback": ("/helm rollback podinfo", Command("rollback", ("podinfo",))),
    "rollback to a revision": ("/helm rollback podinfo 3", Command("rollback", ("podinfo", "3"))),
    "confirm": ("/helm confirm k3-9f", Command("confirm", ("k3-9f",))),
    "cancel": ("/helm cancel", Command("cancel")),
    "lock": ("/helm lock", Command("lock")),
    "a free reason": ("/helm lock don't; we're moving", Command("lock", ("don't; we're moving",))),
    "a reason and a target": ("/helm lock --target p moving", Command("lock", ("moving",), {"target": "p"})),
    "unlock": ("/helm unlock", Command("unlock")),
    "drift": ("/helm drift", Command("drift")),
    "verify": ("/helm verify", Command("verify")),
    "upper case": ("/HELM PLAN", Command("plan")),
    "three blanks before": ("   /helm plan", Command("plan")),
    "tabs and blanks between": ("/helm \t plan \t a", Command("plan", ("a",))),
    "blanks after": ("/helm plan   ", Command("plan")),
    "a carriage return after": ("/helm plan\r\n", Command("plan")),
    "words around": ("Let us see.\n/helm plan\nThank you", Command("plan")),
    "after a closed fence": ("```\ncode\n```\n/helm plan", Command("plan")),
    "after a quote and a blank line": ("> said\n\n/helm plan", Command("plan")),
    "after inline code that is closed": ("see `this`\n/helm plan", Command("plan")),
    "a stray back tick before": ("it`s\n/helm plan", Command("plan")),
}

IGNORED = {
    "nothing": "",
    "words": "This needs work.",
    "another bot's": "atlantis plan",
    "in the middle of a line": "please /helm plan",
    "another word that begins so": "/helmfile plan",
    "with a colon": "/helm: plan",
    "a quick action": "/merge",
    "quoted": "> /helm plan",
    "quoted after blanks": "  > /helm plan",
    "quoted twice": "> > /helm plan",
    "lazily quoted": "> said\n/helm plan",
    "in GitLab's long quote": ">>>\n/helm plan\n>>>",
    "in a long quote without end": ">>>\n/helm plan",
    "fenced": "```\n/helm plan\n```",
    "fenced with a language": "```yaml\n/helm plan\n```",
    "fenced with tildes": "~~~\n/helm plan\n~~~",
    "fenced longer": "````\n```\n/helm plan\n````",
    "fenced without end": "```\n/helm plan",
    "in a fence that another sign does not close": "```\n~~~\n/helm plan",
    "indented by four": "    /helm plan",
    "indented by a tab": "\t/helm plan",
    "in inline code": "`/helm plan`",
    "in inline code over lines": "`a\n/helm plan\nb`",
    "in a comment": "<!--\n/helm plan\n-->",
    "in a comment of one line": "<!-- /helm plan -->",
    "in an HTML block": "<div>\n/helm plan\n</div>",
    "in pre": "<pre>\n\n/helm plan\n</pre>",
    "in details": "<details><summary>old</summary>\n\n/helm plan\n\n</details>",
    "in a list": "- /helm plan",
}

MALFORMED = {
    "a semicolon": ("/helm plan a;b", "holds characters"),
    "a substitution": ("/helm plan $(id)", "holds characters"),
    "back ticks": ("/helm plan `id` `x", "holds characters"),
    "a pipe": ("/helm plan a|b", "holds characters"),
    "quotes": ('/helm plan "a b"', "holds characters"),
    "an ampersand": ("/helm plan a&&b", "holds characters"),
    "a glob": ("/helm plan *", "holds characters"),
    "an option of helm": ("/helm plan --kubeconfig=/etc/passwd", "plan has no option --kubeconfig"),
    "an option of helm, apart": ("/helm plan --set a=b", "plan has no option --set"),
    "a short option": ("/helm plan -f x", "plan has no option -f"),
    "a double dash": ("/helm plan -- x", "plan has no option --"),
    "a target twice": ("/helm plan --target a --target b", "--target is given twice"),
    "a target without value": ("/helm plan --target", "--target needs a value"),
    "a target with an empty value": ("/helm plan --target=", "--target needs a value"),
    "an option as value": ("/helm plan --target --release", "--target needs a value"),
    "an option as value with equals": ("/helm plan --target=--kube", "--target needs a value"),
    "a value for a flag": ("/helm diff a --full=yes", "--full takes no value"),
    "a hostile target": ("/helm plan --target=$(id)", "holds characters"),
    "too few": ("/helm diff", "needs more arguments: /helm diff RELEASE"),
    "too many": ("/helm rollback a 1 2", "takes fewer arguments"),
    "an argument where none is": ("/helm cancel now", "takes fewer arguments"),
    "a target for help": ("/helm help --target p", "help has no option --target; it has none"),
    "a zero-width space in it": ("/helm pl\u200ban", "invisible or control"),
    "a bidi override": ("/helm plan \u202enoitcudorp", "invisible or control"),
    "a control character": ("/helm plan \x1b[2J", "invisible or control"),
    "a null": ("/helm plan \x00", "invisible or control"),
    "a vertical tab": ("/helm plan\x0bdeploy", "invisible or control"),
    "a line separator": ("/helm plan\u2028/helm deploy", "invisible or control"),
    "a no-break space": ("/helm plan a\u00a0b", "holds characters"),
    "a look-alike value": ("/helm plan pod\u0456nfo", "holds characters"),
    "a Cyrillic e": ("/h\u0435lm plan", "other letters"),
    "full-width letters": ("\uff0fhelm plan", "other letters"),
    "a zero-width joiner in the prefix": ("/he\u200dlm plan", "other letters"),
    "a division slash": ("\u2215helm plan", "other letters"),
    "a long line": ("/helm plan " + "a" * LONGEST_LINE, "longer than"),
}

UNKNOWN = {
    "a misspelt word": ("/helm paln", Unknown("paln", "plan")),
    "a word that swaps letters": ("/helm depoly now", Unknown("depoly", "deploy")),
    "a word like none": ("/helm xyzzy", Unknown("xyzzy", None)),
    "a word with a semicolon": ("/helm plan;", Unknown("plan?", "plan")),
    "an option as word": ("/helm --help", Unknown("--help", "help")),
    "a look-alike word": ("/helm pl\u0430n", Unknown("pl?n", "plan")),
    "a word of GitLab's": ("/helm approve", Unknown("approve", None)),
    "markup": ("/helm <b>@all", Unknown("?b?@all", None)),
    "a long word": ("/helm " + "y" * 100, Unknown("y" * 40, None)),
}


@pytest.mark.parametrize(("note", "command"), WELL_FORMED.values(), ids=WELL_FORMED.keys())
def test_a_command_is_understood(note: str, command: Command) -> None:
    assert parse(note) == (command,)


@pytest.mark.parametrize("note", IGNORED.values(), ids=IGNORED.keys())
def test_what_is_not_said_by_the_writer_is_no_command(note: str) -> None:
    assert parse(note) == ()


@pytest.mark.parametrize(("note", "reason"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_breaks_the_grammar_is_refused_with_the_reason(note: str, reason: str) -> None:
    first = parse(note)[0]
    assert isinstance(first, Malformed)
    assert reason in first.reason
    assert first.reason.isascii()
    assert len(parse(note)) == 1


@pytest.mark.parametrize(("note", "unknown"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_word_gets_the_nearest_command(note: str, unknown: Unknown) -> None:
    assert parse(note) == (unknown,)


def test_several_commands_of_a_note_keep_their_order() -> None:
    assert parse("/helm plan\r\nand then\r\n/helm status\r/helm oops") == (
        Command("plan"),
        Command("status"),
        Unknown("oops", None),
    )


def test_a_note_full_of_commands_is_cut_and_told() -> None:
    found = parse("/helm plan\n" * 1000)
    assert found[:-1] == (Command("plan"),) * MOST_COMMANDS
    assert isinstance(found[-1], Malformed)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["`", "/helm ", ">", "<", "```\n", "a\n`b\n", "<!--\n", "``` `", "\u200b/helm"], ids=repr
)
def test_a_note_of_a_megabyte_is_read_in_no_time(piece: str) -> None:
    assert len(parse((piece * 1_000_000)[:1_000_000])) <= MOST_COMMANDS + 1


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    assert len(parse(text)) <= MOST_COMMANDS + 1
    for parsed in parse("/helm " + text):
        assert isinstance(parsed, Command | Malformed | Unknown)


@given(st.text(alphabet="/helm plandeploy-=`>\n\r \t$;<!\u200b\u0435"))
def test_what_is_understood_holds_only_harmless_values(text: str) -> None:
    for parsed in parse(text):
        if isinstance(parsed, Command) and not COMMANDS[parsed.name].free_text:
            for value in (*parsed.args, *parsed.options.values()):
                assert not value.startswith("-")
                assert not set(value) & set("$;`|&<>\"'\\ \n")


def test_no_command_has_the_name_of_a_quick_action_alone() -> None:
    assert {spec.least_role for spec in COMMANDS.values()} <= {"reporter", "developer", "maintainer"}
    assert all(name.isascii() and name.islower() for name in COMMANDS)
