"""A safe subset of Go's text/template with the functions of sprig and helmfile.

Nothing here runs a program, asks the network, reads the machine's environment or its clock. A function that
would is replaced by an Unknown value: text that it goes into is marked, and a decision on it raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.nodes import Template
from bot.core.gotmpl.parser import parse
from bot.core.gotmpl.run import Functions, Means, Run
from bot.core.gotmpl.scope import Output, Rendered, Scope

__all__ = ["Engine", "Functions", "Rendered"]


@dataclass(frozen=True, slots=True)
class Engine(Means):
    """Renders templates that share a budget and a list of unknown values."""

    def render(
        self,
        text: str,
        data: Any,
        file: str,
        *,
        first_line: int = 1,
        helpers: Mapping[str, str] | None = None,
    ) -> Rendered:
        """The text that the template writes, with the line of `file` that each of its lines came from.

        `helpers` are files whose definitions `include` and `template` find, as text by path. Raises
        AuthorError: `template` for mistakes, `template-limit`, and the code `unsupported` where a decision
        hangs on something unknown.
        """
        self.budget.spend(text=len(text))
        defined: dict[str, Template] = {}
        for path, helper in (helpers or {}).items():
            defined.update(parse(helper, path).defined)
        template = parse(text, file, first_line)
        defined.update(template.defined)
        out = Output(self.budget)
        try:
            Run(self, defined).body(template, template.body, Scope(data, {"$": data}), out)
        except RecursionError:
            raise AuthorError(
                "This template calls itself too deeply.", where=Where(file), code="template-limit"
            ) from None
        return out.rendered()
