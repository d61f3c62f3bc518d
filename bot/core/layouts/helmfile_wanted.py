"""Makes a wanted release of an entry of `releases`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.core.errors import AuthorError, Where
from bot.core.layouts.chart_reference import is_namespace, is_release_name
from bot.core.layouts.form import shown
from bot.core.layouts.helmfile_charts import Charts
from bot.core.layouts.helmfile_entry import Entry
from bot.core.layouts.helmfile_loading import Loading
from bot.core.layouts.helmfile_options import Options
from bot.core.layouts.helmfile_release import Releases
from bot.core.layouts.helmfile_selectors import selects
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_values import ReleaseValues
from bot.core.layouts.helmfile_yaml import UNSUPPORTED
from bot.core.model import DesiredRelease, Target

_HOMELESS: Final = "No namespace is named by {}: helmfile takes the kubeconfig's, this bot takes `default`."
_HOOKED: Final = "Hooks are not run: those of {}."
_HOOKED_FIX: Final = "What they do to the cluster, or to charts and values before, is not in this plan."


@dataclass(frozen=True, slots=True)
class Wanted:
    """The releases of one helmfile, for one target."""

    loading: Loading
    state: State
    target: Target
    selectors: Sequence[str]
    homeless: dict[str, Where] = field(default_factory=dict)
    hooked: dict[str, Where] = field(default_factory=dict)

    def tell(self) -> None:
        """Says in one finding each what holds for many releases of the file."""
        for found, code, what, fix in (
            (self.homeless, "helmfile-namespace", _HOMELESS, "Write a `namespace`."),
            (self.hooked, "helmfile-hooks", _HOOKED, _HOOKED_FIX),
        ):
            if found:
                names = ", ".join(list(found)[:20]) + (
                    f" and {len(found) - 20} more" if len(found) > 20 else ""
                )
                where = next(iter(found.values()))
                self.loading.report.warning(code, where, what.format(names), fix)

    def release(self, entry: Entry) -> tuple[Entry, DesiredRelease | None, str]:
        """The finished entry with its release and key; no release where helmfile would leave it alone.

        Raises AuthorError where it cannot be read.
        """
        releases = Releases(self.loading, self.state)
        found = releases.finished(entry)
        name, namespace = self._names(found)
        key = f"{namespace}/{name}"
        if not self._is_meant(found, name, namespace):
            return found, None, key
        options = Options(self.state.defaults, found)
        options.check(self.loading.report)
        self._hooks(found)
        installed = found.flag("installed") is not False
        chart = Charts(self.loading.files, self.state, self._repositories()).chart(found, installed=installed)
        values: Mapping[str, Any] = {}
        paths: tuple[str, ...] = ()
        if installed:
            values, paths = ReleaseValues(releases, found).read()
        return found, self._made(found, options, chart, values, paths), key

    def _made(
        self, found: Entry, options: Options, chart: Any, values: Mapping[str, Any], paths: tuple[str, ...]
    ) -> DesiredRelease:
        name, namespace = self._names(found)
        return DesiredRelease(
            name=name,
            namespace=namespace,
            chart=chart,
            values=values,
            values_files=paths,
            installed=found.flag("installed") is not False,
            needs=tuple(self._need(need, namespace) for need in found.texts("needs")),
            create_namespace=options.flag("createNamespace", True),
            wait=options.flag("wait"),
            atomic=options.flag("atomic") or options.flag("rollbackOnFailure"),
            force_conflicts=options.flag("forceConflicts"),
            take_ownership=options.flag("takeOwnership"),
            wait_for_jobs=options.flag("waitForJobs"),
            timeout=options.timeout(),
            where=found.at(),
        )

    def _names(self, found: Entry) -> tuple[str, str]:
        name = found.text("name")
        if not is_release_name(name):
            raise found.wrong("bad-name", f"`{shown(name)}` cannot be a release's name.", "name")
        namespace = self.state.settings.get("namespace") or found.text("namespace")
        if not namespace:
            self.homeless.setdefault(name, found.at())
        elif not is_namespace(namespace):
            raise found.wrong("bad-name", f"`{shown(namespace)}` cannot be a namespace's name.", "namespace")
        return name, namespace or "default"

    def _is_meant(self, found: Entry, name: str, namespace: str) -> bool:
        chart = found.text("chart").rpartition("/")[2]
        labels = {**self.state.labels, **found.mapping("labels")}
        labels |= {"name": name, "namespace": found.text("namespace"), "chart": chart}
        if not selects(self.selectors, labels, found):
            return False
        if not self._condition(found):
            self.loading.report.info(
                "helmfile-condition",
                found.at("condition"),
                f"The condition of {namespace}/{name} is false, so helmfile leaves it as it is.",
            )
            return False
        return self._context(found, f"{namespace}/{name}")

    def _context(self, found: Entry, key: str) -> bool:
        context = (
            self.state.settings.get("kubeContext")
            or found.text("kubeContext")
            or str(self.state.defaults.get("kubeContext") or "")
            or self.state.environment.kube_context
        )
        if not context or context == self.target.context:
            return True
        if self.target.context is None:
            raise found.wrong(
                UNSUPPORTED,
                f"{key} goes to the context {shown(context)}, and this target names none to compare it with.",
                "kubeContext",
                fix="Set the target's `context`.",
            )
        self.loading.report.warning(
            "helmfile-context",
            found.at("kubeContext"),
            f"{key} goes to the context {shown(context)}, so it is not in this plan.",
        )
        return False

    def _condition(self, found: Entry) -> bool:
        condition = found.text("condition")
        if condition.lower() in ("", "true", "false"):
            return condition.lower() != "false"
        *path, last = condition.split(".")
        values: Any = self.loading.engine.unknowns.revived(self.state.environment.merged)
        for key in path:
            values = values.get(key) if isinstance(values, dict) else None
        decides = values.get("enabled") if isinstance(values, dict) else values
        unknown = next(self.loading.engine.unknowns.within(decides), None)
        if unknown is not None:
            raise AuthorError(
                f"The condition cannot be known: {unknown.feature}.",
                where=found.at("condition"),
                code=UNSUPPORTED,
            )
        if last != "enabled" or not isinstance(values, dict):
            raise found.wrong(
                "bad-condition",
                f"The condition {condition!r} names nothing; it is a path to `enabled` in the state values.",
                "condition",
            )
        return values.get("enabled") is True

    def _need(self, need: str, namespace: str) -> str:
        *rest, name = need.split("/")
        return f"{rest[-1] if rest else namespace}/{name}"

    def _hooks(self, found: Entry) -> None:
        events = sorted({str(event) for hook in found.entries("hooks") for event in hook.items("events")})
        if events:
            self.hooked[f"{found.text('name')} ({' '.join(map(shown, events))})"] = found.at("hooks")

    def _repositories(self) -> dict[str, Entry]:
        known: dict[str, Entry] = {}
        for one in self.state.repositories:
            known.setdefault(one.text("name"), one)
        return known
