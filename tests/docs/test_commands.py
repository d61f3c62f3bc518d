"""The reference of commands is the one that the code gives."""

import inspect

from bot.bootstrap import commands
from bot.core.command import COMMANDS
from tests.docs.commands import FILE, MISSING, page


def test_the_reference_of_commands_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "run python -m tests.docs.commands"


def test_the_table_of_commands_has_all_but_those_that_are_said_to_be_missing() -> None:
    table = inspect.getsource(commands.answers)
    assert {name for name in COMMANDS if f'"{name}"' in table} == set(COMMANDS) - set(MISSING)
