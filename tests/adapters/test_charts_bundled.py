"""The catalogue and the charts that come with Purser."""

import os
import time
from pathlib import Path

import pytest

from bot.adapters.catalogue import bundled_charts, load_catalogue
from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout
from bot.core.errors import AuthorError
from bot.core.layouts import read
from bot.core.layouts.catalogue import BUNDLED
from bot.core.model import ChartInRepository, Target

KEYS = {
    "ingress", "certManager", "gitlabRunner", "cilium", "falco", "prometheus", "elasticStack", "sentry",
    "vault", "fluentd", "apparmor", "jupyterhub", "crossplane", "knative", "posthog",
}  # fmt: skip


def test_the_catalogue_knows_every_managed_app() -> None:
    assert set(load_catalogue().apps) == KEYS


async def test_every_bundled_chart_of_the_catalogue_is_there_in_its_version(tmp_path: Path) -> None:
    cache = ChartCache(tmp_path, bundled=bundled_charts())
    sources = [
        companion.chart
        for app in load_catalogue().apps.values()
        for companion in app.companions
        if isinstance(companion.chart, ChartInRepository) and companion.chart.repository == BUNDLED
    ]
    charts = [await cache.fetch(one, DirectoryCheckout("."), ()) for one in sources]
    assert [chart.name for chart in charts] == ["letsencrypt-issuer"]
    assert (Path(charts[0].path) / "templates/issuer.yaml").is_file()


@pytest.mark.parametrize(
    ("name", "version"), [("gone", "1.0.0"), ("letsencrypt-issuer", "9.9.9"), ("../..", "1.0.0")]
)
async def test_what_is_not_bundled_is_refused(tmp_path: Path, name: str, version: str) -> None:
    cache = ChartCache(tmp_path, bundled=bundled_charts())
    with pytest.raises(AuthorError) as caught:
        await cache.fetch(ChartInRepository(BUNDLED, name, version), DirectoryCheckout("."), ())
    assert caught.value.code in ("chart-not-found", "chart-invalid", "chart-escape")


@pytest.mark.parametrize("blocking", [False, True])
def test_the_web_application_firewall_watches_or_blocks(tmp_path: Path, blocking: bool) -> None:
    config = tmp_path / ".gitlab/managed-apps/config.yaml"
    config.parent.mkdir(parents=True)
    waf = f"{{installed: true, modsecurity_mode_blocking: {str(blocking).lower()}}}"
    config.write_text(f"ingress: {{installed: true, gitlab_waf: {waf}}}\n")
    state = read(DirectoryCheckout(str(tmp_path)), Target("production", "ops/cluster"), load_catalogue())
    controller = state.releases[0].values["controller"]
    rules = controller["config"]["modsecurity-snippet"]
    assert rules.startswith("SecRuleEngine On\n" if blocking else "SecRuleEngine DetectionOnly\n")
    assert controller["extraContainers"][0]["name"] == "modsecurity-log"


def test_an_operators_catalogue_goes_over_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("version: 1\napps: {cilium: {version: 1.19.0}, mine: {path: charts/mine}}\n")
    found = load_catalogue([str(own)])
    assert found.apps["cilium"].chart == ChartInRepository("https://helm.cilium.io", "cilium", "1.19.0")
    assert "mine" in found.apps


def test_an_operators_catalogue_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuthorError, match="cannot be read"):
        load_catalogue([str(tmp_path / "gone.yaml")])


def test_what_killed_processes_left_behind_is_taken_away_after_an_hour(tmp_path: Path) -> None:
    ChartCache(tmp_path)
    for name, age in (("old", 7200.0), ("new", 0.0)):
        (tmp_path / "tmp" / name).mkdir()
        (tmp_path / "tmp" / name / "half.tgz").touch()
        os.utime(tmp_path / "tmp" / name, (time.time() - age,) * 2)
    ChartCache(tmp_path)
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["new"]
