"""Whether a running service takes deliveries that are signed with our secrets."""

import json
import secrets
import time
from typing import Literal, TypeAlias

import aiohttp

from bot.core.webhook.signature import key_of, sign

Answer: TypeAlias = Literal["accepted", "refused", "silent"]
_BODY = json.dumps({"object_kind": "purser_probe"}).encode()


async def probe(url: str, token: str | None, signing_token: str | None, seconds: float = 10.0) -> Answer:
    """Sends a delivery that names no project, so that nothing comes of it.

    refused: the service does not know the secret. silent: it cannot be reached from here, or is no Purser.
    """
    delivery, moment = f"probe-{secrets.token_hex(8)}", str(int(time.time()))
    headers = {"Content-Type": "application/json", "X-Gitlab-Event": "Probe", "Idempotency-Key": delivery}
    if signing_token:
        signature = sign(key_of(signing_token), delivery, moment, _BODY)
        headers |= {"webhook-id": delivery, "webhook-timestamp": moment, "webhook-signature": signature}
    elif token:
        headers["X-Gitlab-Token"] = token
    limits = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.post(url, data=_BODY, headers=headers, allow_redirects=False) as answer,
        ):
            await answer.read()
            return "accepted" if answer.status == 202 else "refused" if answer.status == 401 else "silent"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return "silent"
