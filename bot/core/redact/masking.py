"""Masks secrets, so that a change of one is seen and its value is not.

A mask is `‹masked:xxxxxxxx›`: eight hex digits of an HMAC-SHA256 over the value, under a key of the
installation. Equal values have equal masks, whether they stand as text or in base64.
"""

import hashlib
import hmac
import json
import re
from typing import Any

from bot.core.model import Manifest
from bot.core.redact.forms import decoded, forms
from bot.core.redact.keys import REFERRING, could_be_secret, is_telling, secrecy
from bot.core.redact.shapes import hide_shapes

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SHORTEST = 6
"""Shorter secrets are not looked for in other texts: they would be found everywhere."""

_LONG = 100
"""Longer secrets (keys, certificates) are looked for one by one: as one pattern they would take seconds. So
are those of several lines, before their lines are."""

_MASK = re.compile(r"‹masked:[0-9a-f]{8}›")
_NAMES = frozenset({"apiVersion", "kind", "name", "namespace", "key"})
COMMON = frozenset(
    """
    administrator anonymous cluster-admin default development disabled enabled example grafana kubernetes
    localhost password postgres postgresql production prometheus readonly readwrite required secret staging
    username
    """.split()
)
"""Words that stand in Secrets (users, hosts, modes) and everywhere else too; masking them tells them."""

_SHORTEST_LINE = 16
_LINE = re.compile(rf"\S{{{_SHORTEST_LINE},}}")
"""A line of a longer secret that is looked for alone: texts are indented and cut where they are shown."""

UNMASKED = _NAMES | REFERRING
"""Fields that are shown as they are, at any depth: names and references to names."""


def maskable(text: str) -> bool:
    """Whether a text can be masked wherever it turns up: long enough, and none of the common words."""
    return len(text.strip()) >= SHORTEST and text.strip() not in COMMON


class Masker:
    """Masks manifests, values and texts under one key, and remembers which secrets it saw.

    A value that stood in a Secret, or under a key such as `password`, is masked from then on wherever it
    turns up, in base64 too. Call `learn` on every object first where texts about them follow.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}
        self._lines: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._long: list[str] = []
        # The same texts come again and again: learnt, masked, in the states before and after.
        self._shapeless: set[str] = set()
        self._seen: dict[str, str] = {}

    def fork(self) -> "Masker":
        """Another one that knows the same, and what it learns is its own."""
        fork = Masker(self._key)
        fork._known, fork._lines = dict(self._known), dict(self._lines)
        fork._pattern, fork._long = self._pattern, self._long
        fork._shapeless = self._shapeless
        return fork

    def absorb(self, fork: "Masker") -> None:
        """Learns what a fork of this one has learnt."""
        if not fork._known.keys() <= self._known.keys():
            self._known.update(fork._known)
            self._lines.update(fork._lines)
            self._pattern, self._seen = None, {}

    def learn(self, manifest: Manifest) -> None:
        """Remembers the secrets of an object."""
        self.manifest(manifest)

    def remember(self, text: str) -> None:
        """Masks this text from now on wherever it turns up; one that is not `maskable` is passed over."""
        self._remember(text)

    def mask(self, value: str | bytes) -> str:
        """The mask of one value; a mask stays as it is."""
        if isinstance(value, str) and _MASK.fullmatch(value):
            return value
        raw = value.encode(errors="surrogatepass") if isinstance(value, str) else value
        return f"‹masked:{hmac.new(self._key, raw, hashlib.sha256).hexdigest()[:8]}›"

    def text(self, text: str) -> str:
        """The text with every known secret, and everything that looks like one, masked."""
        if len(text) < SHORTEST:
            return text
        if (seen := self._seen.get(text)) is not None:
            return seen
        masked = self._text(text)
        if self._pattern is not None:  # nothing was learnt on the way
            self._seen[text] = masked
        return masked

    def _text(self, text: str) -> str:
        known = self._hide_known(text)
        if "‹" not in known:
            return self._shapes(text)
        parts, masks = _MASK.split(known), _MASK.findall(known)
        if not masks:
            return self._shapes(text)
        hidden = hide_shapes("\x00".join(parts), self._hide_unless_masked)
        if hidden.count("\x00") != len(masks):
            hidden = "\x00".join(hide_shapes(part, self._hide) for part in parts)
        return "".join(a + b for a, b in zip(hidden.split("\x00"), [*masks, ""], strict=True))

    def _shapes(self, text: str) -> str:
        """`hide_shapes`, once only for a text in which there is nothing to hide."""
        if text in self._shapeless:
            return text
        found = False

        def hide(value: str, remember: bool) -> str:
            nonlocal found
            found = True
            return self._hide(value, remember)

        hidden = hide_shapes(text, hide)
        if not found:
            self._shapeless.add(text)
        return hidden

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value that stands under this key, masked."""
        match value:
            case dict():
                return self._map(value, key)
            case list():
                return self._list(value, key)
            case str():
                how = secrecy(key) if key else "no"
                if not could_be_secret(value, how):
                    return self.text(value)
                return self._hide(value, is_telling(value, how))
            case bool() | None:
                return value
            case _:
                return self.mask(str(value)) if key and secrecy(key) == "sure" else value

    def manifest(self, manifest: Manifest) -> Manifest:
        """A copy of the object, masked; its shape stays."""
        secret = manifest.get("kind") == "Secret"
        masked: Manifest = {}
        for key, value in manifest.items():
            if secret and key in ("data", "stringData"):
                masked[key] = self._secret(value, encoded=key == "data")
            elif key == "metadata" and isinstance(value, dict):
                masked[key] = self._metadata(value)
            else:
                masked[key] = value if key in _NAMES else self.value(value, key)
        return masked

    def pair(
        self, before: Manifest | None, after: Manifest | None
    ) -> tuple[Manifest | None, Manifest | None]:
        """Two states of one object, masked, each knowing the other's secrets."""
        for state in (before, after):
            if state is not None:
                self.learn(state)
        return (
            None if before is None else self.manifest(before),
            None if after is None else self.manifest(after),
        )

    def _metadata(self, metadata: dict[str, Any]) -> dict[str, Any]:
        masked = {
            k: v if k in _NAMES else self.value(v, k) for k, v in metadata.items() if k != "annotations"
        }
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict):
            masked["annotations"] = {
                key: self.mask(str(value)) if key == LAST_APPLIED else self.value(value, key)
                for key, value in annotations.items()
            }
        elif "annotations" in metadata:
            masked["annotations"] = annotations
        return {key: masked[key] for key in metadata}

    def _secret(self, entries: Any, *, encoded: bool) -> Any:
        if not isinstance(entries, dict):
            return entries if entries is None else self.mask(json.dumps(entries, sort_keys=True, default=str))
        return {key: self._entry(value, encoded) for key, value in entries.items()}

    def _entry(self, value: Any, encoded: bool) -> Any:
        if value is None:
            return None
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
        if _MASK.fullmatch(text):
            return text
        raw = decoded(text) if encoded else text.encode(errors="surrogatepass")
        try:
            plain = raw.decode()
        except UnicodeDecodeError:
            plain = ""
        if plain:
            self._remember(plain)
            self._remember_lines(plain)
            hide_shapes(plain, self._hide)
        self._remember_as(text, raw)
        return self.mask(raw)

    def _map(self, value: dict[str, Any], key: str) -> dict[str, Any]:
        name = value.get("name", value.get("key"))
        named = name if isinstance(name, str) and "value" in value else ""
        inherited = key if key and secrecy(key) == "sure" else ""
        masked = {}
        for field, item in value.items():
            if field == "value" and named:
                masked[field] = self.value(item, named)
            elif field in REFERRING and isinstance(item, str):
                masked[field] = item
            elif inherited and field not in REFERRING and not isinstance(item, (dict, list)):
                masked[field] = self.value(item, field if secrecy(field) != "no" else inherited)
            else:
                masked[field] = self.value(item, field)
        return masked

    def _list(self, items: list[Any], key: str) -> list[Any]:
        masked: list[Any] = []
        flag = ""
        for item in items:
            if isinstance(item, str) and flag and not item.startswith("-"):
                masked.append(self.value(item, flag))
            else:
                masked.append(self.value(item, key))
            is_flag = isinstance(item, str) and item.startswith("-") and "=" not in item and " " not in item
            flag = item.lstrip("-") if is_flag else ""
        return masked

    def _hide(self, value: str, remember: bool) -> str:
        if _MASK.search(value):
            return value
        if remember:
            self._remember(value)
        return self.mask(value)

    def _hide_unless_masked(self, value: str, remember: bool) -> str:
        return value if "\x00" in value else self._hide(value, remember)

    def _remember(self, value: str) -> None:
        self._remember_as(value, value.encode(errors="surrogatepass"))
        stripped = value.strip()
        if stripped != value:
            self._remember_as(stripped, stripped.encode(errors="surrogatepass"))

    def _remember_as(self, text: str, raw: bytes) -> None:
        for form in forms(text, raw):
            usable = len(form) >= SHORTEST and form not in COMMON and not _MASK.search(form)
            if usable and len(text) >= SHORTEST and text not in COMMON and form not in self._known:
                self._known[form] = self.mask(raw)
                self._pattern, self._seen = None, {}

    def _remember_lines(self, text: str) -> None:
        lines = text.split("\n") if "\n" in text.strip() else []
        for line in map(str.strip, lines):
            if _LINE.fullmatch(line) and is_telling(line, "likely") and line not in self._lines:
                self._lines[line] = self.mask(line)
                self._pattern, self._seen = None, {}

    def _hide_known(self, text: str) -> str:
        if not self._known or len(text) < SHORTEST:
            return text
        if self._pattern is None:
            longest_first = sorted(self._known, key=lambda form: (-len(form), form))
            self._long = [form for form in longest_first if len(form) > _LONG or "\n" in form]
            short = [re.escape(form) for form in longest_first if len(form) <= _LONG]
            self._pattern = re.compile("|".join([_MASK.pattern, *short]))
        # Whole ones come first: their lines one by one would leave those that are too short to be known.
        if len(text) > _LONG or "\n" in text:
            for form in self._long:
                if form in text:
                    text = text.replace(form, self._known[form])
        if self._lines and len(text) >= _SHORTEST_LINE:
            text = _LINE.sub(lambda found: self._lines.get(found.group(), found.group()), text)
        return self._pattern.sub(lambda found: self._known.get(found.group(), found.group()), text)
