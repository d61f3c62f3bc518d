"""The process that renders (`-I -m bot.adapters.helm.render_worker`), sealed before it reads of a chart.

It speaks frames over its standard input and output: four bytes of length, then JSON. Its only argument is
JSON: {"engine": "helm-sdk" | "none", "read": [paths], "memory": bytes, "output": bytes, "port": number|null},
where `port` is the door's, the one address that the worker may connect to. It greets with
{"version": …, "seal": {…}} and then answers each request with {"rendered": …}, {"error": …} (the author's),
{"asks": true} (`lookup` was called, and there is no door), {"limit": "output"} or {"bug": …}. Limits that
the kernel enforces end it without an answer.

What is parsed here is parsed here because YAML, too, can be an attack.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

import bot
from bot.adapters.helm.cli_output import read_output
from bot.adapters.sealed import sandbox
from bot.core.chart_output import ChartHead, arrange, is_manifest, split
from bot.core.errors import AuthorError
from bot.core.release import Rendered
from bot.core.texts import texts_digest

OUT_OF_MEMORY = 3
"""The exit status where Python, not Go, ran out of memory."""


def main() -> None:
    """Seals itself, then serves until its input ends."""
    order = json.loads(sys.argv[1])
    requests, replies = _channel()
    sandbox.limit(memory=order["memory"])
    code = (sys.prefix, sys.base_prefix, str(Path(bot.__file__).parent))
    seal = sandbox.seal((*code, *order["read"]), port=order["port"])
    # Only now: loading the library starts threads, and a thread inherits the seal or never gets it.
    engine = (
        importlib.import_module("bot.adapters.helm.sdk_render") if order["engine"] == "helm-sdk" else None
    )
    _send(replies, json.dumps({"version": engine.version() if engine else "", "seal": asdict(seal)}).encode())
    while (request := _receive(requests)) is not None:
        sandbox.grant_cpu(request["cpu"])
        try:
            reply = json.dumps(_answer(engine, request)).encode()
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        _send(replies, reply if len(reply) <= order["output"] else b'{"limit": "output"}')


def _answer(engine: Any, request: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        if request["op"] == "render":
            rendered = _rendered(request, *engine.render(request))
            if rendered.texts != request["stands"]:
                rendered = replace(rendered, findings=(*rendered.findings, *engine.findings(request)))
        else:
            rendered = read_output(request)
    except AuthorError as error:
        where = [error.where.file, error.where.line] if error.where else None
        return {"error": {"what": error.what, "where": where, "fix": error.fix, "code": error.code}}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (the parent raises it as a bug of ours)
        if engine is not None and isinstance(error, engine.DoorNeeded):
            return {"asks": True}
        return {"bug": traceback.format_exc()[-4000:]}
    # The manifests as they are: a deep copy of a large chart costs more than rendering it.
    return {
        "rendered": {
            **{name: getattr(rendered, name) for name in rendered.__slots__},
            "hooks": [{name: getattr(hook, name) for name in hook.__slots__} for hook in rendered.hooks],
            "findings": [asdict(finding) for finding in rendered.findings],
        }
    }


def _rendered(
    request: Mapping[str, Any], head: ChartHead, templates: Mapping[str, str], crds: Iterable[tuple[str, str]]
) -> Rendered:
    """Parsed only if these are not the texts that stand: reading YAML costs several times the rendering."""
    documents = [(path, text) for path, text in split(templates) if is_manifest(path)]
    texts = texts_digest(documents)
    if texts == request["stands"]:
        return Rendered(head.name, head.version, head.app_version, (), (), (), texts=texts)
    return replace(arrange(head, documents, crds), texts=texts)


def _channel() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the pipes; what anything prints goes to standard error from now on."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return open(requests, "rb"), open(replies, "wb")


def _receive(requests: BinaryIO) -> Any:
    head = requests.read(4)
    return json.loads(requests.read(int.from_bytes(head))) if len(head) == 4 else None


def _send(replies: BinaryIO, data: bytes) -> None:
    replies.write(len(data).to_bytes(4) + data)
    replies.flush()


if __name__ == "__main__":
    main()
