"""Running what was handed in: the preloaded server, isolation tiers, limits, the protocol."""

from graders.sandbox.isolation import TIERS, Isolation, MissingLayer, choose
from graders.sandbox.limits import Limits
from graders.sandbox.server import Ready, Server
from graders.sandbox.session import Reply, RunRecord, RunSpec, Session

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
