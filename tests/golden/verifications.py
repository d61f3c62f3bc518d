"""Deploys that are verified, were, or could not be: what their notes are made of."""

from dataclasses import replace

from bot.core.notes.deploy import DeployReport
from bot.core.verify.outcome import ReleaseCheck, Verdict, with_probes
from bot.core.verify.probes import Answered, Measured, NoAnswer, judged
from bot.core.verify.rules import HttpProbe, PromProbe
from bot.core.verify.words import reason, way_out

_SEAL = f"sha256:{'5e' * 32}"
_BASE = DeployReport(
    target="production",
    state="verifying",
    merge_sha="0123456789abcdef0123456789abcdef01234567",
    seal=_SEAL,
    links=(("pipeline", "https://gitlab.example.com/ops/shop/-/pipelines/7"),),
)
_WEB = ReleaseCheck("shop/web", "good", ("shop/web runs web 1.4.0.",), 12, 4, 4)
_OLD = ReleaseCheck("shop/old", "good", ("shop/old is uninstalled.",))
_SLOW = ReleaseCheck(
    "shop/search",
    "waiting",
    (
        "shop/search: StatefulSet shop/search: 1 of 3 pods are ready (pod search-1 finds no node: "
        "0/3 nodes are available: 3 Insufficient memory.)",
        "shop/search: Certificate shop/search: Issuing certificate as Secret does not exist",
    ),
    3,
    5,
    3,
)
_BROKEN = ReleaseCheck(
    "shop/cart",
    "bad",
    (
        "shop/cart: Deployment shop/cart: 0 of 2 pods are available (pod cart-6c9-x2, container app: "
        "ImagePullBackOff: Back-off pulling image \"registry.example.com/cart:2.0\")",
        "shop/cart: Job shop/cart-migrate: Job has reached the specified backoff limit",
    ),
    8,
    3,
    1,
)  # fmt: skip
_GOOD = Verdict(True, True, (_WEB, _OLD), left=())
_SHOP = HttpProbe("shop page", "https://shop.example.com/health", 200, "ok")
_DROPS = PromProbe("Cilium drops", "http://prometheus", "sum(x)", "<=", 1.0, compare=True)
_WAF = PromProbe("WAF blocks", "http://prometheus", "sum(y)", "<=", 5.0, compare=True)
_FALCO = PromProbe("Falco alerts", "http://prometheus", "sum(z)", "==", 0.0)


def _failed(verdict: Verdict) -> DeployReport:
    why = reason(verdict, 600)
    return replace(_BASE, state="failed", reason=why, way_out=way_out(verdict), verification=verdict)


_PASSED = with_probes(
    _GOOD,
    (
        judged(_SHOP, Answered(200)),
        judged(_DROPS, Measured(0.3123456), Measured(0.25)),
        judged(_FALCO, Measured(0.0)),
    ),
)
_BAD = with_probes(
    _GOOD,
    (
        judged(_SHOP, Answered(503)),
        judged(_DROPS, Measured(41.5), Measured(0.25)),
        judged(_WAF, NoAnswer("the connection was refused"), Measured(2.0)),
        judged(_FALCO, NoAnswer("Prometheus says: parse error: | /merge @all")),
    ),
)
_REQUIRED = with_probes(
    _GOOD, (judged(replace(_FALCO, required=True), NoAnswer("no answer within 10 seconds")),)
)

VERIFICATIONS: dict[str, DeployReport] = {
    "verified with probes": replace(_BASE, state="succeeded", verification=_PASSED),
    "still coming up": replace(_BASE, verification=Verdict(False, False, (_WEB, _SLOW))),
    "pods that will never start": _failed(Verdict(True, False, (_WEB, _BROKEN))),
    "not ready until the deadline": _failed(Verdict(False, False, (_WEB, _SLOW), left=())),
    "a fresh plan is not empty": _failed(
        Verdict(
            True,
            False,
            (_WEB,),
            left=("shop/web would still be changed: update Deployment shop/web at /spec/replicas.",),
        )
    ),
    "the cluster cannot be read": _failed(
        Verdict(False, False, unread=("The cluster could not be read: the API server did not answer.",))
    ),
    "probes that failed": _failed(_BAD),
    "a required probe that nobody could ask": _failed(_REQUIRED),
}
