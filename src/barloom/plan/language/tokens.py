"""The words and signs of the written grammar, and what its errors point at."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from barloom.plan.expressions import DIVISION, Flaw
from barloom.plan.language.render import KEYWORDS

__all__ = ["GrammarError", "Token", "tokens"]

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>0[xX][0-9a-fA-F]+\b|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*)
    | `(?P<quoted>[^`]+)`
    | (?P<text>"(?:[^"\\]|\\.)*"|'[^']*')
    | (?P<symbol>==|!=|<=|>=|[-+*()<>,=])
    )""",
    re.VERBOSE,
)
_HINTS: Final = {
    "&": "write 'and'; bits are tested by bits(cond, 0x2000)",
    "|": "write 'or'",
    "~": "write 'not'",
    "!": "write 'not', or '!='",
    "/": DIVISION.fix,
    '"': "the text is not closed by another quote",
    "'": "the text is not closed by another quote",
    "`": "the name is not closed by another backquote",
}


class GrammarError(ValueError):
    """Text that is not in the grammar: what is wrong, at which character, and how to mend it."""

    def __init__(
        self, text: str, position: int, what: str, fix: str = "see the written grammar in the reference"
    ) -> None:
        self.text = text
        self.position = position
        self.flaw = Flaw(
            f"{what} at character {position + 1}\n        {text}\n        {' ' * position}^", fix, unread=True
        )
        super().__init__(self.flaw.what)


class Token(NamedTuple):
    """A piece of the text: a ``number``, ``name``, ``quoted`` name, ``text``, ``symbol``, or the ``end``."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """The pieces of a text; `GrammarError` where a character is none of the grammar."""
    found: list[Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            fix = _HINTS.get(text[at], "remove it, or put it into quotes if it is text")
            what = f"unexpected {text[at]!r}"
            raise GrammarError(text, at, what, fix)
        kind = match.lastgroup or "symbol"
        start = match.start(kind) - (kind == "quoted")
        if kind == "name" and match[kind] in KEYWORDS:
            kind, value = "symbol", match["name"]
        else:
            value = match[kind]
        found.append(Token(kind, value, start))
        position = match.end()
    return [*found, Token("end", "", len(text))]
