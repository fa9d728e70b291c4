"""Running students' code: the preloaded server, isolation tiers, limits, the protocol.

Names are imported when they are first used: a list of the tiers needs no numpy, and a scorer, which imports this
package inside of its own sandbox, needs nothing of the grader's side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graders.sandbox.host.code_copy import CodeCopy, Edit, MakeFolder, WriteFile
    from graders.sandbox.host.isolation import TIERS, Isolation, MissingLayer
    from graders.sandbox.host.limits import Limits
    from graders.sandbox.host.selection import choose
    from graders.sandbox.host.server import Ready, Server
    from graders.sandbox.host.session import Reply, RunRecord, RunSpec, Session

__all__ = [
    "TIERS",
    "CodeCopy",
    "Edit",
    "Isolation",
    "Limits",
    "MakeFolder",
    "MissingLayer",
    "Ready",
    "Reply",
    "RunRecord",
    "RunSpec",
    "Server",
    "Session",
    "WriteFile",
    "choose",
]


def __getattr__(name: str) -> object:
    match name:
        case "TIERS" | "Isolation" | "MissingLayer":
            from graders.sandbox.host import isolation

            return getattr(isolation, name)
        case "CodeCopy" | "Edit" | "MakeFolder" | "WriteFile":
            from graders.sandbox.host import code_copy

            return getattr(code_copy, name)
        case "Limits":
            from graders.sandbox.host.limits import Limits

            return Limits
        case "choose":
            from graders.sandbox.host.selection import choose

            return choose
        case "Ready" | "Server":
            from graders.sandbox.host import server

            return getattr(server, name)
        case "Reply" | "RunRecord" | "RunSpec" | "Session":
            from graders.sandbox.host import session

            return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
