"""The walls of one run: Landlock and seccomp, put up in the freshly forked process before any of the student's code.

Landlock (Linux 5.13 and later) takes away every path that is not named, TCP, signals to others and abstract sockets;
seccomp takes away sockets as such and the system calls by which one process reaches into another or into the kernel.
Both last for the process and all that it starts, and nobody can take them off again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Of the kernel's files only those that tell of the machine, and the process's own.
KERNEL_FILES = (
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems", "/proc/uptime",
    "/proc/loadavg", "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

# Answered with "not permitted".
FORBIDDEN = (
    # Networks: without a socket there is nothing to connect. Pairs of sockets, which processes talk by, are left.
    "socket", "bind", "listen", "accept", "accept4", "connect",
    # Other processes' memory, descriptors and handlers.
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise",
    # Other views of the file system.
    "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "open_tree", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "name_to_handle_at", "open_by_handle_at", "quotactl", "swapon", "swapoff",
    # System V's and POSIX's shared memory and queues, which outlive whoever made them.
    "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl",
    "mq_open", "mq_unlink",
    # The kernel's large and seldom used doors.
    "bpf", "perf_event_open", "userfaultfd", "add_key", "keyctl", "request_key", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "iopl", "ioperm", "lookup_dcookie", "nfsservctl", "fanotify_init",
    # The machine as a whole.
    "reboot", "sethostname", "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "acct",
    "syslog", "vhangup", "personality",
)  # fmt: skip
# Answered as by a kernel that does not know them, so that libraries go an older way. The pages of a memory file are
# nobody's memory until they are mapped, so that no limit of memory would see them.
UNKNOWN = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret")
# Answered with success and not done: copying a file sets its mode, but a run may not set those of others.
IGNORED = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr",
    "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
)  # fmt: skip
NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00000080)
# Typing into the grader's terminal; and attributes of files, such as the one that keeps even root from removing them.
FORBIDDEN_IOCTLS = {"TIOCSTI": 0x5412, "FS_IOC_SETFLAGS": 0x40086602, "FS_IOC_FSSETXATTR": 0x401C5820}

_filter: Any = None


def prepare(plan: dict[str, Any]) -> None:
    """Loads what the walls need and builds the filter, in the server. :raises ImportError: where it can't be loaded."""
    global _filter  # noqa: PLW0603 - built once, loaded in every fork
    if plan.get("landlock"):
        import landlockpy  # noqa: F401 - from here on it is there in every fork
    if plan.get("seccomp"):
        _filter = _built(bool(plan.get("ignore_modes")))


def _built(ignore_modes: bool) -> Any:
    import pyseccomp as seccomp  # type: ignore[import-untyped]

    built = seccomp.SyscallFilter(seccomp.ALLOW)
    denied = {name: seccomp.ERRNO(errno.EPERM) for name in FORBIDDEN}
    denied |= {name: seccomp.ERRNO(errno.ENOSYS) for name in UNKNOWN}
    if ignore_modes:
        denied |= {name: seccomp.ERRNO(0) for name in IGNORED}
    for name, action in denied.items():
        # Not every processor and library knows every call.
        try:
            number = seccomp.resolve_syscall(seccomp.system_arch(), name)
            built.add_rule(action, number)
        except (OSError, ValueError, RuntimeError):
            continue
    for bit in NEW_NAMESPACES:
        built.add_rule(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, bit, bit))
    for number in FORBIDDEN_IOCTLS.values():
        built.add_rule(seccomp.ERRNO(errno.EPERM), "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, number))
    return built


def put_up(plan: dict[str, Any], readable: Iterable[str], box: str) -> None:
    """Puts up the walls around this process: it reads ``readable``, writes to ``box``, and reaches nothing else.

    :raises OSError: where the kernel refuses; the run must not go on then.
    """
    if plan.get("landlock"):
        _landlock(readable, box)
    if _filter is not None:
        _filter.load()


def _landlock(readable: Iterable[str], box: str) -> None:
    from landlockpy import AccessFS, Ruleset, Scope

    of_files = AccessFS.READ_FILE | AccessFS.EXECUTE
    reading = of_files | AccessFS.READ_DIR
    devices = AccessFS.READ_FILE | AccessFS.WRITE_FILE
    special = AccessFS.MAKE_CHAR | AccessFS.MAKE_BLOCK | AccessFS.MAKE_SOCK | AccessFS.IOCTL_DEV
    with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        for path in (*readable, *KERNEL_FILES):
            if os.path.exists(path):  # noqa: PTH110 - unlike Path.exists, False where the way there is barred
                rules.allow_path(path, reading if Path(path).is_dir() else of_files)
        for path in DEVICES:
            if os.path.exists(path):  # noqa: PTH110 - as above
                rules.allow_path(path, devices)
        rules.allow_path(box, rules.handled_fs & ~special)
        rules.restrict()
