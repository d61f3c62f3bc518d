"""A checkout that exists only in a test."""

from collections.abc import Mapping

from bot.core.errors import Where
from bot.core.layouts import Catalogue, parse_catalogue
from bot.core.model import DesiredRelease, DesiredState, Target


class Tree:
    """Files by their path."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def text(self, path: str) -> str | None:
        return self._files.get(path)

    def names(self, path: str) -> tuple[str, ...]:
        base = "" if path == "." else f"{path}/"
        return tuple(sorted({one[len(base) :].split("/")[0] for one in self._files if one.startswith(base)}))


def target(**fields: object) -> Target:
    return Target(name="production", project="ops/cluster", **fields)  # type: ignore[arg-type]


def codes(state: DesiredState) -> list[str]:
    return [finding.code for finding in state.findings]


def release(state: DesiredState, name: str) -> DesiredRelease:
    return next(one for one in state.releases if one.name == name)


CATALOGUE_TEXT = """
version: 1
apps:
  cilium:
    repository: https://helm.example.com
    chart: cilium
    version: 1.2.3
    values: {audit: true, hubble: {enabled: true}}
    clusterTypes:
      gke: {ipam: kubernetes}
  certManager:
    directory: cert-manager
    release: certmanager
    repository: https://charts.example.com
    chart: cert-manager
    version: v1.0.0
    wait: true
    options:
      issuer.installed: {type: boolean}
      issuer.email: {type: text}
    companions:
      - {release: issuer, repository: "purser:charts", chart: issuer, version: 1.0.0, when: issuer.installed,
         values: {name: prod}, sets: {issuer.email: acme.email}}
  ingress:
    repository: oci://registry.example.com/charts
    chart: ingress
    version: 2.0.0
    options:
      waf.installed: {type: boolean, values: {waf: {mode: watch}}}
      waf.blocking: {type: boolean, requires: waf.installed, values: {waf: {mode: block}}}
  runner:
    path: charts/runner
    atomic: true
    timeout: 600
    variables: {RUNNER_URL: gitlab.url}
"""


def catalogue(*overrides: str) -> Catalogue:
    layers = [(text, Where(f"own{n}.yaml")) for n, text in enumerate(overrides)]
    return parse_catalogue(CATALOGUE_TEXT, Where("catalogue.yaml"), *layers)
