"""What a run may use."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graders.core.load import stretched

MEBI = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one run; crossing one ends the run's whole process tree.

    ``wall_s`` and ``cpu_s`` are seconds, ``memory`` is resident bytes of the tree, ``file_size`` bytes a file,
    ``tasks`` are threads of all its processes, ``descriptors`` open files of one process, ``open_files`` of all, whose
    unsent data would else be memory that nobody counts. ``output`` are the bytes of stdout and stderr that are stored;
    the rest is counted and dropped. ``disk`` and ``files`` are bytes and files, folders among them, in the working
    directory and the run's copy of its code; bytes of files without a name are held to ``disk`` too.
    ``asked_for``: whether ``wall_s`` is what the user asked for, so that it holds on a busy machine as well.
    """

    wall_s: float = 180.0
    cpu_s: float = 180.0
    memory: int = 4096 * MEBI
    file_size: int = 512 * MEBI
    processes: int = 64
    tasks: int = 400
    descriptors: int = 512
    open_files: int = 2048
    output: int = 64 * 1024
    disk: int = 2048 * MEBI
    files: int = 20_000
    asked_for: bool = False

    def at_least(self, wall_s: float, cpu_s: float) -> Limits:
        """The same bounds with no less time than this."""
        return replace(self, wall_s=max(self.wall_s, wall_s), cpu_s=max(self.cpu_s, cpu_s))

    def on_this_machine(self) -> Limits:
        """The same bounds with more wall time where other work keeps the cores busy, unless it was asked for."""
        return self if self.asked_for else replace(self, wall_s=stretched(self.wall_s))

    def as_request(self) -> dict[str, float | int]:
        """The bounds as the server takes them."""
        return {
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
            "memory": self.memory,
            "file_size": self.file_size,
            "processes": self.processes,
            "tasks": self.tasks,
            "descriptors": self.descriptors,
            "open_files": self.open_files,
            "disk": self.disk,
        }
