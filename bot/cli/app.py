"""The command line: which commands there are. Each is a file of its own, imported when it is called."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App

import bot
from bot.core.errors import AuthorError, PurserError

FAILED = 1

app = App(
    name="purser",
    help="Keeps the papers of a Kubernetes cluster: plans Helm changes and deploys what was approved.",
    version=bot.__version__,
    help_format="plaintext",
)
app.command("bot.cli.plan:plan")
app.command("bot.cli.apply:apply")
app.command("bot.cli.serve:serve")
app.command("bot.cli.demo:demo")
app.command("bot.cli.doctor:doctor")

config = App(name="config", help="Checks the configuration file, or prints its JSON schema.")
config.command("bot.cli.config:check")
config.command("bot.cli.config:schema")
app.command(config)

trail = App(name="trail", help="Lists, shows, exports and checks what was proposed, approved and deployed.")
trail.command("bot.cli.trail:list_", name="list")
trail.command("bot.cli.trail:show")
trail.command("bot.cli.trail_export:export")
trail.command("bot.cli.trail:verify")
trail.command("bot.cli.trail:import_", name="import")
trail.command("bot.cli.trail:log")
app.command(trail)

webhook = App(name="webhook", help="Sets GitLab's webhooks, and shows how they stand.")
webhook.command("bot.cli.webhook:install")
webhook.command("bot.cli.webhook:status")
app.command(webhook)


def run(arguments: Sequence[str]) -> int:
    """Runs one command and gives its exit code. Errors of authors are told in words, without a traceback."""
    try:
        code = app(arguments, exit_on_error=False, print_error=True, result_action="return_value")
    except AuthorError as error:
        print(f"purser: {error}", file=sys.stderr)
        return FAILED
    except PurserError as error:
        print(f"purser: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # whoever read it (head, less) has seen enough; Python must not flush at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 130
    return code if isinstance(code, int) else 0
