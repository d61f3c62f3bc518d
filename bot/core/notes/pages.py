"""Long Markdown to pages, without ever breaking a fence or a fold."""

import re

_FENCE = re.compile(r"^(`{3,})(\w*)$")


def paginate(folds: list[str], room: int) -> list[str]:
    """The folds (from `markdown.fold`) as pages of at most `room` characters each, in order.

    A fold that is longer than a page becomes several folds; a fence that is longer than a page becomes
    several fences. Nothing is left out.
    """
    pages: list[str] = []
    current = ""
    for piece in (part for fold in folds for part in _divided(fold, room)):
        if current and len(current) + len(piece) + 2 > room:
            pages.append(current)
            current = ""
        current = f"{current}\n\n{piece}" if current else piece
    return [*pages, current] if current else pages


def _divided(fold: str, room: int) -> list[str]:
    if len(fold) <= room:
        return [fold]
    head, _, rest = fold.partition("</summary>\n\n")
    body = rest.removesuffix("\n\n</details>")
    opening = head + "</summary>\n\n"
    inner = room - len(opening) - 40
    chunks: list[list[str]] = [[]]
    size = 0
    for line in _fence_safe(body.split("\n"), inner // 2):
        size += sum(len(part) + 1 for part in line)
        if size > inner and chunks[-1]:
            chunks.append([])
            size = sum(len(part) + 1 for part in line)
        chunks[-1] += line
    return [f"{opening}{chr(10).join(chunk)}\n\n</details>" for chunk in chunks]


def _fence_safe(lines: list[str], most: int) -> list[list[str]]:
    """Groups of lines that must stay together: a whole fence, or a part of one with fences of its own."""
    groups: list[list[str]] = []
    fence: list[str] | None = None
    opener = ""
    for line in lines:
        if fence is None:
            if _FENCE.match(line):
                fence, opener = [line], line
            else:
                groups.append([line])
            continue
        fence.append(line)
        if line == opener.rstrip("abcdefghijklmnopqrstuvwxyz"):
            groups.append(fence)
            fence = None
        elif sum(len(part) + 1 for part in fence) > most:
            groups.append([*fence, opener.rstrip("abcdefghijklmnopqrstuvwxyz")])
            fence = [opener]
    return groups if fence is None else [*groups, fence]
