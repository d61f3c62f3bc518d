"""What `plan` and `apply` share: which checkout, which target, which cluster."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from bot.core.chart_credential import ChartCredential
from bot.core.deploy.rules import CrdPolicy
from bot.core.errors import AuthorError
from bot.core.model import LookupPolicy, Target

if TYPE_CHECKING:
    from bot.config import Config

Layout = Literal["auto", "managed-apps", "helmfile", "releases"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Flags that name the target; they win over the configuration file."""

    config: Annotated[
        Path | None, Parameter(help="configuration file; its targets are named by --target")
    ] = None
    target: Annotated[str | None, Parameter(help="name of the target, in the plan and in its seal")] = None
    layout: Annotated[Layout | None, Parameter(help="how the files say what runs (default: auto)")] = None
    kubeconfig: Annotated[str | None, Parameter(help="kubeconfig file (default: the current one)")] = None
    context: Annotated[str | None, Parameter(help="context of the kubeconfig (default: its current one)")] = (
        None
    )

    lookup: Annotated[
        LookupPolicy | None,
        Parameter(help="what a chart's lookup is told while planning (default: own; the same as the bot's)"),
    ] = None
    crds: Annotated[
        CrdPolicy | None,
        Parameter(
            help="a chart's crds/ at an upgrade: skip or upgrade (default: skip; the same as the bot's)"
        ),
    ] = None
    helmfile: Annotated[
        str | None,
        Parameter(help="helmfile program, for helmfiles that cannot be read without one (default: none)"),
    ] = None
    catalogue: Annotated[Path | None, Parameter(help="catalogue of apps, laid over the shipped one")] = None
    chart_credentials: Annotated[
        Path | None,
        Parameter(
            env_var="PURSER_CHART_CREDENTIALS",
            help="file with `credentials`, as charts.credentials (default: those of --config)",
        ),
    ] = None

    @property
    def credentials(self) -> tuple[ChartCredential, ...]:
        """What private hosts of charts want to hear. Raises what the configuration's loader raises."""
        if self.chart_credentials is not None:
            from bot.config import load_credentials

            return load_credentials(self.chart_credentials, os.environ)
        return _configuration(self.config).charts.logins if self.config else ()

    @property
    def catalogues(self) -> list[str]:
        """The catalogue files besides the shipped one."""
        configured = _configuration(self.config).charts.catalogue if self.config else None
        chosen = self.catalogue or configured
        return [str(chosen)] if chosen else []

    @property
    def helmfile_programs(self) -> tuple[str, str] | None:
        """The helmfile program and the helm that it asks; None where none is allowed."""
        if self.helmfile is not None:
            return self.helmfile, self.helm[1]
        return _configuration(self.config).helmfile_programs if self.config else None

    @property
    def helm(self) -> tuple[str, str]:
        """Which engine deploys, and the helm binary, as the configuration says."""
        if self.config is None:
            return "auto", "helm"
        configured = _configuration(self.config).helm
        return configured.engine, configured.binary

    def resolve(self) -> Target:
        """The target that these flags mean.

        Raises AuthorError (`unknown-target`) and what the configuration's loader raises.
        """
        found = self._configured() if self.config else Target(name=self.target or "local", project="")
        return replace(
            found,
            layout=self.layout or found.layout,
            kubeconfig=self.kubeconfig or found.kubeconfig,
            context=self.context or found.context,
            lookup=self.lookup or found.lookup,
            deploy=replace(found.deploy, crds=self.crds or found.deploy.crds),
        )

    def _configured(self) -> Target:
        targets = _configuration(self.config or "").targets
        named = [target for target in targets if self.target in (None, target.name)]
        if len(named) == 1:
            return named[0]
        known = ", ".join(sorted({target.name for target in targets}))
        raise AuthorError(
            f"There is no target {self.target}." if not named else "Which target is meant?",
            fix=f"Name one with --target: {known}.",
            code="unknown-target",
        )


def _configuration(path: Path | str) -> "Config":
    """Reads it, with what reads it: a third of a start's work, of which most commands need none."""
    from bot.config import load

    return load(path, os.environ)
