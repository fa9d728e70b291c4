"""Running what was handed in: the preloaded server, isolation tiers, limits, the protocol.

The names are found when they are first used, so that who only wants a list of tiers does not load numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graders.sandbox.host.isolation import TIERS, Isolation, MissingLayer, choose
    from graders.sandbox.host.limits import Limits
    from graders.sandbox.host.server import Ready, Server
    from graders.sandbox.host.session import Reply, RunRecord, RunSpec, Session

__all__ = [
    "TIERS",
    "Isolation",
    "Limits",
    "MissingLayer",
    "Ready",
    "Reply",
    "RunRecord",
    "RunSpec",
    "Server",
    "Session",
    "choose",
]

_MODULES = {
    "host.isolation": ("TIERS", "Isolation", "MissingLayer", "choose"),
    "host.limits": ("Limits",),
    "host.server": ("Ready", "Server"),
    "host.session": ("Reply", "RunRecord", "RunSpec", "Session"),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
