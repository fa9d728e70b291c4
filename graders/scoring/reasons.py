"""Why points were not earned."""

from __future__ import annotations

from dataclasses import dataclass

from graders.core.json_value import JsonValue

PARTS = ("measured", "expected", "cause", "next")


@dataclass(frozen=True)
class Reason:
    """Why points were not earned, in the four parts that every reason has."""

    measured: str
    expected: str
    cause: str
    next: str

    def to_json(self) -> dict[str, str]:
        """The reason as the scorecard holds it."""
        return {"measured": self.measured, "expected": self.expected, "cause": self.cause, "next": self.next}

    @classmethod
    def from_json(cls, value: JsonValue) -> Reason:
        """The reason in its JSON form."""
        return cls(*(value.at(part).text() for part in PARTS))
