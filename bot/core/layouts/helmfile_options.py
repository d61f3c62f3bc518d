"""The options of releases and helmDefaults: which are followed, which do nothing here, which are refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.errors import AuthorError
from bot.core.layouts.form import shown
from bot.core.layouts.helmfile_entry import Entry, Report
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, boolean
from bot.core.values import described

_FOLLOWED: Final = frozenset(
    "name namespace chart version values valuesTemplate set setString setTemplate env secrets installed "
    "installedTemplate needs condition conditionTemplate labels createNamespace wait waitTemplate atomic "
    "rollbackOnFailure timeout forceConflicts takeOwnership waitForJobs inherit "
    "missingFileHandler missingFileHandlerConfig "
    "valuesPathPrefix kubeContext hooks".split()
)
_HARMLESS: Final = frozenset(
    "description historyMax cleanupOnFail verify verifyTemplate keyring skipDeps skipRefresh "
    "disableValidation disableValidationOnInstall suppressDiff "
    "suppressOutputLineRegex cascade deleteWait deleteTimeout unitTests trackMode trackTimeout trackLogs "
    "trackFailedLogs trackKinds skipKinds "
    "trackResources trackFailOnError kubedogQPS kubedogBurst helmStuckGrace insecureSkipTLSVerify plainHttp "
    "skipSchemaValidation syncReleaseLabels apiVersions kubeVersion waitRetries "
    "disableAutoDetectedKubeVersionForDiff".split()
)
_TOLD: Final[dict[str, str]] = {
    "force": "objects that cannot be changed are not deleted and made anew",
    "recreatePods": "pods are not restarted",
    "updateStrategy": "a release is not taken out and installed anew",
    "disableOpenAPIValidation": "objects are held against the cluster's schema all the same",
    "serverSide": "how objects are applied is decided by this bot",
    "enableDNS": "templates get no answers from the network",
    "devel": "versions are exact here",
    "adopt": "nothing is adopted",
}
_REFUSED: Final[dict[str, str]] = {
    "postRenderer": "a program changes what Helm rendered",
    "postRendererArgs": "a program changes what Helm rendered",
    "jsonPatches": "kustomize changes what Helm rendered",
    "strategicMergePatches": "kustomize changes what Helm rendered",
    "transformers": "kustomize changes what Helm rendered",
    "dependencies": "the chart is put together anew",
    "forceNamespace": "the namespace of each object is changed",
    "forceGoGetter": "the chart is fetched from elsewhere",
    "directory": "a directory is made a chart",
    "chartPath": "the chart is put together anew",
    "reuseValues": "values of the release in the cluster are mixed in",
}
_DEFAULTS_ONLY: Final = frozenset("args diffArgs syncArgs templateArgs skipCRDs".split())
KEYS: Final = _FOLLOWED | _HARMLESS | frozenset(_TOLD) | frozenset(_REFUSED)
_DEFAULTS: Final = _HARMLESS | frozenset(_TOLD) | _DEFAULTS_ONLY | frozenset(
    "kubeContext wait timeout atomic rollbackOnFailure forceConflicts takeOwnership waitForJobs "
    "createNamespace reuseValues "
    "postRenderer postRendererArgs".split()
)  # fmt: skip
_ARGUMENTS: Final = ("args", "syncArgs")
_FLAGS: Final = {
    "--wait": "wait",
    "--atomic": "atomic",
    "--rollback-on-failure": "rollbackOnFailure",
    "--force-conflicts": "forceConflicts",
    "--create-namespace": "createNamespace",
    "--take-ownership": "takeOwnership",
    "--wait-for-jobs": "waitForJobs",
}
_NO_EFFECT: Final = frozenset(("--hide-notes", "--cleanup-on-fail", "--debug", "--history-max", "--color"))


@dataclass(frozen=True, slots=True)
class Options:
    """What helmDefaults and a release say together."""

    defaults: Mapping[str, Any]
    entry: Entry

    def flag(self, key: str, otherwise: bool = False) -> bool:
        """The release's word, or that of helmDefaults, or `otherwise`. Raises AuthorError."""
        own = self.entry.flag(key)
        if own is not None:
            return own
        value = self.defaults.get(key)
        found = boolean(value)
        if value is not None and found is None:
            raise self.entry.wrong("not-a-boolean", f"`{key}` in helmDefaults takes true or false.")
        if found is None or not found:
            found = self._argument(key) or found
        return otherwise if found is None else found

    def _argument(self, key: str) -> bool:
        """Whether helmDefaults give Helm the argument of an option."""
        return any(_FLAGS.get(one) == key for name in _ARGUMENTS for one in _listed(self.defaults, name))

    def timeout(self) -> int:
        """Seconds. Raises AuthorError (`bad-timeout`)."""
        own = self.entry.value.get("timeout")
        value = self.defaults.get("timeout") if own is None else own
        if value is None or value == 0:
            return 300
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 24 * 3600:
            raise self.entry.wrong(
                "bad-timeout",
                f"`timeout` takes seconds, at most a day, not {described(value)}.",
                "timeout",
            )
        return value

    def check(self, report: Report) -> None:
        """Complains about options that are not followed. Raises AuthorError for the first refused one."""
        self.entry.unknown(KEYS, report)
        for key, why in _REFUSED.items():
            if self._wanted(key):
                raise AuthorError(
                    f"`{key}` is not followed: {why}.", where=self.entry.at(key), code=UNSUPPORTED
                )
        for key, what in _TOLD.items():
            if self._wanted(key):
                report.warning("helmfile-option", self.entry.at(key), f"`{key}` is not followed: {what}.")

    def _wanted(self, key: str) -> bool:
        value = self.entry.value.get(key, self.defaults.get(key))
        return bool(value) and boolean(value) is not False


def check_defaults(top: Entry, report: Report) -> None:
    """Complains about what helmDefaults hold and this reader does not follow."""
    defaults = top.mapping("helmDefaults")
    for key, value in defaults.items():
        where = top.at("helmDefaults", key)
        if key not in _DEFAULTS:
            report.error("unknown-key", where, f"`{key}` is not known here; helmfile 1.x refuses it.")
        elif key == "skipCRDs" and value:
            report.error(
                UNSUPPORTED, where, "`skipCRDs` is not followed: Helm installs new charts with CRDs."
            )
        elif key in _ARGUMENTS:
            words = _listed(defaults, key)
            unknown = [one for one in words if one not in _FLAGS and one.split("=")[0] not in _NO_EFFECT]
            if unknown:
                report.warning(
                    "helmfile-option",
                    where,
                    f"Helm is not given these arguments: {shown(' '.join(unknown))}.",
                )


def _listed(defaults: Mapping[str, Any], key: str) -> list[str]:
    value = defaults.get(key)
    return [str(one) for one in value] if isinstance(value, list) else []
