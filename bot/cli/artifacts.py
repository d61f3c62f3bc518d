"""What `purser apply --keep` leaves behind: the plan, what became of it, and the manifests, all masked."""

import json
import re
from pathlib import Path

import yaml

from bot.app.apply.sealed_plan import Applied
from bot.core.deploy.release_report import to_json
from bot.core.document import to_document


def leave(outcome: Applied, log: str, folder: Path) -> None:
    """`plan.json` (purser.plan/v1), `run.json` (purser.run/v1), `output.log`, `manifests/`: a file a release.

    The manifests are the objects as the plan wants them in the cluster, without those that are not touched.
    """
    manifests = folder / "manifests"
    manifests.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(to_document(outcome.plan), indent=2), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(to_json(outcome.report), indent=2), encoding="utf-8")
    (folder / "output.log").write_text(log, encoding="utf-8")
    for release in outcome.plan.releases:
        objects = [one.after for one in release.objects if one.after is not None]
        if objects:
            name = re.sub(r"[^a-z0-9.-]", "_", f"{release.namespace}_{release.name}")
            text = yaml.safe_dump_all(objects, sort_keys=False)
            (manifests / f"{name}.yaml").write_text(text, encoding="utf-8")
