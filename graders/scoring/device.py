"""What the files of a submission cost on a microcontroller. It is for information: no criterion depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from graders.core.json_value import JsonValue
from graders.measure.device.boards import Board, Rest
from graders.measure.device.results import LIMITS, Agreement, Arena


@dataclass(frozen=True, kw_only=True)
class DeviceFile:
    """A file of a run. Numbers are None if they are unknown: ``reason`` says why there is no ``arena``, and ``untried``
    why there is no ``agreement``.

    ``flash`` is the file's size in bytes. ``boards`` says of each board ``fits``, or what it has too little of.
    """

    run: str
    name: str
    sha256: str
    flash: int
    macs: int | None = None
    parameters: int | None = None
    uncounted: tuple[str, ...] = ()
    missing_kernels: tuple[str, ...] = ()
    arena: Arena | None = None
    reason: str = ""
    agreement: Agreement | None = None
    untried: str = ""
    accuracy: float | None = None
    boards: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The file as the scorecard holds it."""
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        found["arena"] = None if self.arena is None else asdict(self.arena)
        found["agreement"] = None if self.agreement is None else _agreement_json(self.agreement)
        found["boards"] = dict(self.boards)
        return found

    @classmethod
    def from_json(cls, value: JsonValue) -> DeviceFile:
        """The file in its JSON form."""
        accuracy, arena, agreement = (value.get(name) for name in ("accuracy", "arena", "agreement"))
        return cls(
            run=value.at("run").text(),
            name=value.at("name").text(),
            sha256=value.at("sha256").text(),
            flash=value.at("flash").whole(),
            macs=_whole(value.get("macs")),
            parameters=_whole(value.get("parameters")),
            uncounted=value.at("uncounted").texts(),
            missing_kernels=value.at("missing_kernels").texts(),
            arena=_arena(arena) if arena else None,
            reason=value.at("reason").text(),
            agreement=_agreement(agreement) if agreement else None,
            untried=value.at("untried").text(),
            accuracy=accuracy.number() if accuracy else None,
            boards={name: each.text() for name, each in value.at("boards").entries()},
        )


@dataclass(frozen=True, kw_only=True)
class DeviceSetup:
    """What the costs were measured with: the runtime's version, ``""`` if it is not installed; the boards; the rule.

    ``rest`` is what a program needs beside the model.
    """

    runtime: str
    boards: tuple[Board, ...]
    rest: Rest

    def to_json(self) -> dict[str, Any]:
        """The setup as the scorecard holds it."""
        return {"runtime": self.runtime, "rest": asdict(self.rest), "boards": [asdict(each) for each in self.boards]}

    @classmethod
    def from_json(cls, value: JsonValue) -> DeviceSetup:
        """The setup in its JSON form."""
        rest = value.at("rest")
        return cls(
            runtime=value.at("runtime").text(),
            rest=Rest(rest.at("flash").whole(), rest.at("ram").whole()),
            boards=tuple(
                Board(
                    each.at("name").text(), each.at("flash").whole(), each.at("ram").whole(), each.at("source").text()
                )
                for each in value.at("boards").items()
            ),
        )


def _board(value: JsonValue) -> Board:
    return Board(value.at("name").text(), value.at("flash").whole(), value.at("ram").whole(), value.at("source").text())


def _whole(value: JsonValue | None) -> int | None:
    return value.whole() if value else None


def _arena(value: JsonValue) -> Arena:
    return Arena(*(value.at(name).whole() for name in ("total", "activations", "persistent")))


def _agreement_json(agreement: Agreement) -> dict[str, Any]:
    return {**asdict(agreement), "agree": agreement.agree}


def _agreement(value: JsonValue) -> Agreement:
    unit = value.at("unit").text()
    return Agreement(
        value.at("inputs").whole(),
        unit if unit in LIMITS else "share",
        value.at("reference").number(),
        value.at("xnnpack").number(),
    )
