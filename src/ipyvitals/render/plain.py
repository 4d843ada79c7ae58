"""Makes texts of other people, and the characters of a table, fit for where they are shown."""

from __future__ import annotations

import re

__all__ = ["encodable", "plain_text"]

_DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PLAIN = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{MIDDLE DOT}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{MICRO SIGN}": "u",
        "\N{PLUS-MINUS SIGN}": "+-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{REPLACEMENT CHARACTER}": "?",
    }
)


def plain_text(text: str) -> str:
    """Return a text without the characters that would reverse the text around them.

    Examples
    --------
    >>> plain_text("gpj.\u202eexe")
    'gpj.\ufffdexe'
    """
    return _DIRECTION_OVERRIDES.sub("\N{REPLACEMENT CHARACTER}", text)


def encodable(text: str, encoding: str | None) -> str:
    """Return a text that an encoding can write: characters that it lacks become plain ones.

    Examples
    --------
    >>> encodable("p95 –, 12 µs", "ascii"), encodable("p95 –", "utf-8")
    ('p95 -, 12 us', 'p95 –')
    """
    try:
        text.encode(encoding or "utf-8")
    except LookupError:
        encoding = "ascii"
    except UnicodeEncodeError:
        pass
    else:
        return text
    plain = text.translate(_PLAIN)
    return plain.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8")
