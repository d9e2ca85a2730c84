"""Where sentences end: by their final marks alone, in many scripts."""

from __future__ import annotations

import re

# A full stop ends a sentence before a space or the end; the wide ones of Chinese, Japanese and Hindi always do.
SENTENCE_END = re.compile(r"[.!?؟]+[\"'”’)\]]*(?=\s|$)|[。！？।]+[」』”’）]*")


def spans(text: str) -> list[tuple[int, int]]:
    """Returns the first character of each sentence and the one after its last; spaces between belong to none."""
    found, start = [], 0
    for end in [*(match.end() for match in SENTENCE_END.finditer(text)), len(text)]:
        part = text[start:end]
        if part.strip():
            found.append((end - len(part.lstrip()), start + len(part.rstrip())))
        start = end
    return found
