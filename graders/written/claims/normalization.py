"""Text of any language and script, brought to one form in which figures, units and words are looked for."""

from __future__ import annotations

import unicodedata

_AS = {
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\ufe63": "-",
    "\uff0d": "-", "\u00b7": ".", "\u066b": ".", "\u066c": ",", "\u066a": "%", "\u2248": "~", "\u2243": "~",
    "\u223c": "~", "\u2019": "'", "\u02bc": "'", "\u0142": "l", "\u0141": "l", "\u00f8": "o", "\u0111": "d",
    "\u0131": "i", "\u2044": "/", "\u3001": ",", "\uff0c": ",", "\uff1a": ":", "\uff1b": ";", "\u2192": " ",
}  # fmt: skip
_SUPERSCRIPTS = "\u00b2\u00b3\u00b9\u2070\u2074\u2075\u2076\u2077\u2078\u2079"


def normal(text: str) -> str:
    """``text`` in lower case, digits of every script as 0-9, signs and spaces of every kind as the plain one, without
    accents. A footnote's raised digit is dropped, so that it is not read as a digit of the figure before it.
    """
    return _folded(text) if not text.isascii() else text.casefold()


def _folded(text: str) -> str:
    raised = text.translate(dict.fromkeys(map(ord, _SUPERSCRIPTS)))
    signs = "".join(_AS.get(character, character) for character in raised)
    plain = unicodedata.normalize("NFKC", signs).casefold()
    split = unicodedata.normalize("NFKD", plain)
    joined = "".join(character for character in split if unicodedata.category(character) not in ("Mn", "Cf"))
    return "".join(_character(character) for character in unicodedata.normalize("NFC", joined))


def _character(character: str) -> str:
    if character.isascii():
        return character
    if character.isspace():
        return " "
    digit = unicodedata.decimal(character, None)
    return str(digit) if digit is not None else _AS.get(character, character)


def is_dense(character: str) -> bool:
    """Whether a character stands for a syllable or a word, in a script that is written without spaces."""
    code = ord(character)
    return (
        0x0E00 <= code <= 0x0EFF or 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
    )
