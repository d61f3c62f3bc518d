"""One check under atheris; `python -m tests.fuzz` starts it. What follows the check's name is libFuzzer's."""

import sys

import atheris

with atheris.instrument_imports(include=["bot.core"]):
    from tests.fuzz.checks import CHECKS


def main() -> None:
    """Runs until libFuzzer ends the process."""
    check = CHECKS[sys.argv[1]]

    def once(data: bytes) -> None:
        check.holds(data.decode(errors="surrogateescape"))

    atheris.Setup([sys.argv[0], *sys.argv[2:]], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
