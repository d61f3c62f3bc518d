"""Logging: named facts with keys, one pipeline for ours and the libraries', scrubbed last.

Set up once by `configure`; everywhere else `log = structlog.get_logger()` and
`log.info("plan.commented", releases=3)`.
"""

import logging
import re
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "‹secret›"

_SECRET_KEY = re.compile(
    r"(?:^|[_\-.])(?:token|secret|password|passwd|passphrase|authorization|cookie|credentials?|"
    r"api[_-]?key|private[_-]?key|signing[_-]?key)s?(?:$|[_\-.])",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"gl(?:pat|rt|rtr|dt|ptt|ft|soat|cbt|imt|agent|ffct|oas)-[A-Za-z0-9_.=-]{8,}"
    r"|whsec_[A-Za-z0-9+/=_-]{8,}"
    r"|(?:(?<=\bBearer )|(?<=\bBasic )|(?<=\bbearer )|(?<=\bbasic ))[A-Za-z0-9+/=_.~-]{6,}"
    r"|(?<=[A-Za-z]://)[^/\s@'\"]+(?=@)"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?:(?<=private_token=)|(?<=access_token=)|(?<=job_token=)|(?<=PRIVATE-TOKEN: )|(?<=JOB-TOKEN: ))"
    r"[^&\s'\"]+",
    re.DOTALL,
)
_SHORTEST_SECRET = 6
_GRAVE = frozenset({"warning", "error", "critical"})
_DEEPEST = 12


class Scrubber:
    """Takes secrets out of a log entry: by key, by the shape of a value, and by exact value.

    `secrets` are exact values; those under six characters are left to the other two rules, since they would
    tear words apart. `mask` goes over each text of a warning and of what is worse: what others said stands
    there, and tracebacks do.
    """

    def __init__(self, secrets: Collection[str] = (), mask: Callable[[str], str] = str) -> None:
        known = sorted({each for each in secrets if len(each) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._mask = mask

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """The structlog processor."""
        said = self._masked if event.get("level") in _GRAVE else self.text
        return {key: self._field(str(key), value, 0, said) for key, value in event.items()}

    def text(self, text: str) -> str:
        """The text without secrets."""
        text = _SECRET_VALUE.sub(MASK, text)
        return self._known.sub(MASK, text) if self._known else text

    def _masked(self, text: str) -> str:
        return self._mask(self.text(text))

    def _field(self, key: str, value: Any, depth: int, said: Callable[[str], str]) -> Any:
        if _SECRET_KEY.search(key) and value is not None and not isinstance(value, bool):
            return MASK
        return self._value(value, depth, said)

    def _value(self, value: Any, depth: int, said: Callable[[str], str]) -> Any:
        """With every text of it as `said` gives it."""
        if depth > _DEEPEST:
            return "…"
        match value:
            case str():
                return said(value)
            case bool() | int() | float() | None:
                return value
            case bytes():
                return f"<{len(value)} bytes>"
            case Mapping():
                return {
                    self.text(str(key)): self._field(str(key), each, depth + 1, said)
                    for key, each in value.items()
                }
            case list() | tuple() | set() | frozenset():
                return [self._value(each, depth + 1, said) for each in value]
            case _:
                return said(str(value))


def _escaped(text: str) -> str:
    """The text with what moves a terminal's cursor, or turns its reading direction, written out."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def _visible(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Escapes control and bidi characters; a traceback keeps its line breaks."""
    for key, value in event.items():
        if key in ("exception", "stack"):
            event[key] = "\n".join(_escaped(line) for line in str(value).split("\n"))
        elif isinstance(value, str):
            event[key] = _escaped(value)
    return event


def _without_record(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event


def _renderers(format: Literal["json", "console"], scrub: Scrubber, stream: TextIO) -> list[Processor]:
    traceback = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    plain = structlog.processors.format_exc_info
    if format == "json":
        return [traceback, _without_record, scrub, structlog.processors.JSONRenderer(ensure_ascii=False)]
    console = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )
    return [plain, _without_record, scrub, _visible, console]


def configure(
    format: Literal["json", "console"] = "json",
    level: str = "info",
    secrets: Collection[str] = (),
    stream: TextIO | None = None,
    mask: Callable[[str], str] = str,
) -> None:
    """Sets logging up for the process; calling it again replaces what was set up.

    `secrets` are exact values that never appear in a line. Lines go to `stream`, standard error by default.
    `mask` goes over each text of a warning, and of what is worse, besides.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=_renderers(format, Scrubber(secrets, mask), stream),
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for noisy in ("aiohttp.access", "sqlalchemy", "alembic", "aiosqlite", "dbos", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
