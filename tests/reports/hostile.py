"""Text that wants to be more than text, and a scorecard that has it in every place that foreign text can reach."""

from __future__ import annotations

from typing import Any

from . import devices, samples
from .labs import Json

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = '" onmouseover=alert(2) x=\'"><img src=x onerror=alert(3)>'
STYLE = "</style></title></textarea></svg>--><svg onload=alert(4)>"
TERMINAL = "\x1b[31mred\x1b[0m\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x9b1mbold"
HIDDEN = "abc\u202edcba\u2066x\u2069\u200b\x00\x07\x7f\x85\ud800\U000e0041"
STACKED = "z" + "\u0301" * 500
TEMPLATE = "{{ 7 * 191 }}{% for x in () %}"
HUGE = "A" * 1_000_000
STRINGS = {
    "script": SCRIPT,
    "attribute": ATTRIBUTE,
    "style": STYLE,
    "terminal": TERMINAL,
    "hidden": HIDDEN,
    "stacked": STACKED,
    "template": TEMPLATE,
    "huge": HUGE,
    "all": SCRIPT + ATTRIBUTE + STYLE + TERMINAL + HIDDEN + TEMPLATE + STACKED,
}
_KEPT = {"schema", "verdict", "tier", "kind", "x_unit", "y_unit"}


def replace_strings(value: Any, text: str, key: str = "") -> Any:
    """Return `value` with `text` for every string, keys of free mappings included."""
    if isinstance(value, dict):
        free = key in ("evidence", "environment", "timing")
        return {text if free else name: replace_strings(item, text, name) for name, item in value.items()}
    if isinstance(value, list):
        return [replace_strings(item, text, key) for item in value]
    return text if isinstance(value, str) and key not in _KEPT else value


def scorecard(text: str) -> Json:
    """Return the sample with five mistakes, with `text` wherever a string stands."""
    card: Json = replace_strings(samples.five_mistakes(), text)
    device = {**devices.setup(), "runtime": text, "boards": [{**each, "name": text} for each in devices.setup()["boards"]]}
    card["device"] = device
    card["labs"][0]["device"] = [
        {**replace_strings(each, text), "boards": dict.fromkeys([text], each["boards"].get("Nano", "unknown"))}
        for each in devices.files()
    ]
    first = card["labs"][0]["criteria"][0]
    first["evidence"] = {
        text: [{text: text}],
        "deep": {"a": {"b": {text: {"c": {"d": {"e": text}}}}}},
        "list": [text, 1, None, True],
    }
    return card
