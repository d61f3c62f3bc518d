"""`python -m bot`, and the command `purser`."""

import sys


def main() -> None:
    """Runs the command line; the process ends with its exit code."""
    from bot.bootstrap.collecting import collect_rarely, open_few_heaps

    open_few_heaps()
    collect_rarely()
    from bot.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
