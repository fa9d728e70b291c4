"""Locking down one run: Landlock and seccomp, in the freshly forked process, before any of the student's code.

Landlock (Linux 5.13 and later) denies every path that is not listed, TCP, signals to other processes and abstract
sockets; seccomp denies sockets altogether and the system calls by which one process reaches into another or into the
kernel. Both hold for the process and all that it starts, and can't be lifted.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# The kernel's files about the machine, and the process's own.
KERNEL_FILES = (
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems", "/proc/uptime",
    "/proc/loadavg", "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

# Answered with "not permitted".
FORBIDDEN = (
    # Networks: without a socket there is nothing to connect. Pairs of sockets, for talk between processes, are allowed.
    "socket", "bind", "listen", "accept", "accept4", "connect",
    # Other processes' memory, descriptors and handlers.
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise",
    # Other views of the file system.
    "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "open_tree", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "name_to_handle_at", "open_by_handle_at", "quotactl", "swapon", "swapoff",
    # System V's and POSIX's shared memory and queues, which outlive whoever made them.
    "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl",
    "mq_open", "mq_unlink",
    # Large and rarely used parts of the kernel.
    "bpf", "perf_event_open", "userfaultfd", "add_key", "keyctl", "request_key", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "iopl", "ioperm", "lookup_dcookie", "nfsservctl", "fanotify_init",
    # The machine as a whole.
    "reboot", "sethostname", "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "acct",
    "syslog", "vhangup", "personality",
)  # fmt: skip
# Answered as by a kernel that does not know them, so that libraries use older calls. The pages of a memory file belong
# to no process until they are mapped, so no memory limit would count them.
UNKNOWN = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret")
# Answered with success and not done: copying a file sets its mode, but a run may not change other files' modes.
IGNORED = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr",
    "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
)  # fmt: skip
NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00000080)
# Typing into the grader's terminal; and attributes of files, such as the one that stops even root from removing them.
FORBIDDEN_IOCTLS = {"TIOCSTI": 0x5412, "FS_IOC_SETFLAGS": 0x40086602, "FS_IOC_FSSETXATTR": 0x401C5820}

_filter: Any = None


def prepare(config: dict[str, Any]) -> None:
    """Loads the libraries and builds the filter, in the server. :raises ImportError: if one can't be loaded."""
    global _filter  # noqa: PLW0603 - built once, loaded in every fork
    if config.get("landlock"):
        import landlockpy  # noqa: F401 - from here on every fork has it
    if config.get("seccomp"):
        _filter = _build_filter(bool(config.get("ignore_modes")))


def _build_filter(ignore_modes: bool) -> Any:
    import pyseccomp as seccomp  # type: ignore[import-untyped]

    built = seccomp.SyscallFilter(seccomp.ALLOW)
    denied = {name: seccomp.ERRNO(errno.EPERM) for name in FORBIDDEN}
    denied |= {name: seccomp.ERRNO(errno.ENOSYS) for name in UNKNOWN}
    if ignore_modes:
        denied |= {name: seccomp.ERRNO(0) for name in IGNORED}
    for name, action in denied.items():
        # Some calls do not exist on every processor or in every version of the library.
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


def apply(config: dict[str, Any], readable: Iterable[str], writable: Iterable[str]) -> None:
    """Locks down this process: it reads ``readable``, writes below ``writable``, and reaches nothing else.

    :raises OSError: if the kernel refuses; the run must not go on then.
    """
    if config.get("landlock"):
        _restrict_files(readable, writable)
    if _filter is not None:
        _filter.load()


def _restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    from landlockpy import AccessFS, Ruleset, Scope

    of_files = AccessFS.READ_FILE | AccessFS.EXECUTE
    reading = of_files | AccessFS.READ_DIR
    devices = AccessFS.READ_FILE | AccessFS.WRITE_FILE
    special = AccessFS.MAKE_CHAR | AccessFS.MAKE_BLOCK | AccessFS.MAKE_SOCK | AccessFS.IOCTL_DEV
    with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        for path in (*readable, *KERNEL_FILES):
            if os.path.exists(path):  # noqa: PTH110 - unlike Path.exists, False if a folder above can't be passed
                rules.allow_path(path, reading if Path(path).is_dir() else of_files)
        for path in DEVICES:
            if os.path.exists(path):  # noqa: PTH110 - as above
                rules.allow_path(path, devices)
        for path in writable:
            rules.allow_path(path, rules.handled_fs & ~special)
        rules.restrict()
