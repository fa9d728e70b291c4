"""The system calls that a run may make: a list of what is allowed, so that what a newer kernel adds is not.

A call that is not listed is answered as by a kernel that does not know it, so that libraries use older calls.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


# The newest call of Linux that was considered for these lists: file_setattr, of Linux 6.17.
NEWEST_REVIEWED = 469

ALLOWED = _words(
    """
    read write open openat openat2 creat close close_range stat fstat lstat newfstatat statx poll ppoll lseek
    pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 access faccessat faccessat2 pipe pipe2 select
    pselect6 dup dup2 dup3 sendfile fsync fdatasync truncate ftruncate getdents getdents64 getcwd chdir fchdir
    mknod mknodat rename renameat renameat2 mkdir mkdirat rmdir link linkat unlink unlinkat symlink symlinkat
    readlink readlinkat umask statfs fstatfs readahead fadvise64 splice tee vmsplice sync_file_range copy_file_range
    fallocate cachestat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr mmap mprotect munmap brk
    mremap msync mincore madvise mlock munlock mlock2 munlockall membarrier pkey_mprotect pkey_alloc pkey_free mbind
    get_mempolicy set_mempolicy mseal map_shadow_stack rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending
    rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend sigaltstack signalfd signalfd4 pause kill tkill
    tgkill restart_syscall nanosleep clock_nanosleep getitimer setitimer alarm gettimeofday time clock_gettime
    clock_getres times timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create
    timerfd_settime timerfd_gettime epoll_create epoll_create1 epoll_wait epoll_pwait epoll_pwait2 epoll_ctl eventfd
    eventfd2 recvfrom recvmsg recvmmsg shutdown getsockname getpeername getsockopt fork
    vfork execve execveat exit exit_group wait4 waitid set_tid_address set_robust_list get_robust_list futex
    futex_waitv rseq arch_prctl gettid getpid getppid getpgrp getpgid setpgid getsid setsid pidfd_open
    pidfd_send_signal uname sysinfo getrusage getrlimit setrlimit prlimit64 getuid geteuid getgid getegid getresuid
    getresgid getgroups capget getcpu getrandom getpriority sched_yield sched_getaffinity sched_setaffinity
    sched_getparam sched_getscheduler sched_getattr sched_get_priority_max sched_get_priority_min
    sched_rr_get_interval
    """
)
# Answered with "not permitted", which says more than "not known" to whoever reads it. All else is not listed.
FORBIDDEN = _words(
    """
    socket bind listen accept accept4 connect sendmsg sendmmsg ptrace process_vm_readv process_vm_writev pidfd_getfd
    kcmp mount umount2 pivot_root chroot setns unshare shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop
    semtimedop semctl mq_open mq_unlink bpf perf_event_open userfaultfd add_key keyctl request_key setuid setgid
    setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset reboot sethostname setdomainname
    settimeofday clock_settime clock_adjtime adjtimex personality landlock_create_ruleset landlock_add_rule
    landlock_restrict_self
    """
)
# Answered with success and not done: whatever these change is either of no use within a run, or another's.
IGNORED = ["sync", "syncfs", "flock"]
# As those, where other files have the same owner as a run's: copying a file sets its mode and its times.
ATTRIBUTES = _words(
    """
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr removexattr
    lremovexattr fremovexattr utime utimes utimensat futimesat
    """
)
NEW_NAMESPACES = 0x00000080 | 0x00020000 | 0x02000000 | 0x7C000000
# Terminals' settings, waiting data, non-blocking and close-on-exec.
IOCTLS = (0x5401, 0x5402, 0x5403, 0x5404, 0x540F, 0x5410, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x5452)
ORDINARY_POLICIES = (0, 3, 5)
# Descriptors and their flags; the owner and the signal that are set; whether there is a lock; pipes' sizes; seals.
FCNTLS = {
    "F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4, "F_GETLK": 5, "F_GETOWN": 9, "F_SETSIG": 10,
    "F_GETSIG": 11, "F_GETOWN_EX": 16, "F_OFD_GETLK": 36, "F_GETLEASE": 1025, "F_DUPFD_QUERY": 1027,
    "F_DUPFD_CLOEXEC": 1030, "F_GETPIPE_SZ": 1032, "F_ADD_SEALS": 1033, "F_GET_SEALS": 1034,
}  # fmt: skip
# Whoever may read a file can lock it, and then libraries such as HDF5 open it in no other run, nor in the grader; and
# each lock takes memory of the kernel's. Answered with success and not done, as flock is.
IGNORED_FCNTLS = {"F_SETLK": 6, "F_SETLKW": 7, "F_OFD_SETLK": 37, "F_OFD_SETLKW": 38}
# Leases delay whoever opens the file; notices of folders; owners get signals; and pipes of any size are memory.
FORBIDDEN_FCNTLS = {"F_SETOWN": 8, "F_SETOWN_EX": 15, "F_SETLEASE": 1024, "F_NOTIFY": 1026, "F_SETPIPE_SZ": 1031}
# Of the process itself: names, signals at its parent's end, privileges given up, how it is scheduled and mapped. Not
# PR_SET_DUMPABLE, which hides its descriptors from the supervisor, nor PR_SCHED_CORE, which keeps others off a core.
PRCTLS = {
    "PR_SET_PDEATHSIG": 1, "PR_GET_PDEATHSIG": 2, "PR_GET_DUMPABLE": 3, "PR_GET_KEEPCAPS": 7, "PR_GET_TIMING": 13,
    "PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_GET_SECCOMP": 21, "PR_CAPBSET_READ": 23,
    "PR_GET_TSC": 25, "PR_GET_SECUREBITS": 27, "PR_SET_TIMERSLACK": 29, "PR_GET_TIMERSLACK": 30,
    "PR_SET_CHILD_SUBREAPER": 36, "PR_GET_CHILD_SUBREAPER": 37, "PR_SET_NO_NEW_PRIVS": 38, "PR_GET_NO_NEW_PRIVS": 39,
    "PR_GET_TID_ADDRESS": 40, "PR_SET_THP_DISABLE": 41, "PR_GET_THP_DISABLE": 42, "PR_CAP_AMBIENT": 47,
    "PR_GET_SPECULATION_CTRL": 52, "PR_SET_VMA": 0x53564D41, "PR_GET_AUXV": 0x41555856,
}  # fmt: skip
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, INSTRUCTION_BYTES = 22, 2, 8
AF_UNIX, SOL_SOCKET = 1, 1
# Pairs of sockets hold as much as is usual: what they hold is memory that is counted by their number.
BUFFER_SIZES = {"SO_SNDBUF": 7, "SO_RCVBUF": 8}
INT = 0xFFFFFFFF


_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """The kernel's ``sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def compile_filters(ignore_attributes: bool) -> list[bytes]:
    """The programs of the filters that hold together, in their order: after the last one no further one is allowed."""
    programs = []
    for built in (_by_argument(), _by_name(ignore_attributes)):
        with open(os.memfd_create("filter"), "w+b") as file:
            built.export_bpf(file)
            file.seek(0)
            programs.append(file.read())
    return programs


def install(program: bytes) -> None:
    """Holds this process, and all that it starts, to a filter. It can gain no privileges any more.

    :raises OSError: if the kernel refuses.
    """
    instructions = ctypes.create_string_buffer(program, len(program))
    described = _Program(len(program) // INSTRUCTION_BYTES, ctypes.cast(instructions, ctypes.c_char_p))
    if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(described), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp refuses the filter")


def _by_name(ignore_attributes: bool) -> Any:
    import pyseccomp as seccomp  # type: ignore[import-untyped]

    built = seccomp.SyscallFilter(seccomp.ERRNO(errno.ENOSYS))
    # A tree of comparisons in place of a chain.
    built.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)
    refused, ignored = seccomp.ERRNO(errno.EPERM), seccomp.ERRNO(0)
    actions = dict.fromkeys(ALLOWED, seccomp.ALLOW) | dict.fromkeys(FORBIDDEN, refused)
    actions |= dict.fromkeys(IGNORED, ignored)
    actions |= dict.fromkeys(ATTRIBUTES, ignored if ignore_attributes else seccomp.ALLOW)
    for name, action in actions.items():
        # Some calls do not exist on every processor or in every version of the library.
        number = seccomp.resolve_syscall(seccomp.system_arch(), name)
        if number >= 0:
            built.add_rule(action, number)

    def allow(name: str, *arguments: Any) -> None:
        built.add_rule(seccomp.ALLOW, name, *arguments)

    def equals(place: int, value: int) -> Any:
        return seccomp.Arg(place, seccomp.EQ, value)

    def integer(place: int, value: int) -> Any:
        # Of which the kernel takes the lower half.
        return seccomp.Arg(place, seccomp.MASKED_EQ, INT, value)

    allow("clone", seccomp.Arg(0, seccomp.MASKED_EQ, NEW_NAMESPACES, 0))
    for request in IOCTLS:
        allow("ioctl", equals(1, request))
    # Of the own process, and nothing above others.
    allow("setpriority", equals(0, 0), equals(1, 0))
    allow("ioprio_set", equals(0, 1), equals(1, 0))
    allow("ioprio_get", equals(0, 1), equals(1, 0))
    for policy in ORDINARY_POLICIES:
        allow("sched_setscheduler", equals(0, 0), equals(1, policy))
    # To the other end of a pair; with an address, a pair of datagram sockets reaches any socket of the file system.
    allow("sendto", equals(4, 0))
    built.add_rule(refused, "sendto", seccomp.Arg(4, seccomp.NE, 0))
    allow("socketpair", integer(0, AF_UNIX))
    for option in BUFFER_SIZES.values():
        built.add_rule(ignored, "setsockopt", integer(1, SOL_SOCKET), integer(2, option))
    for option in range(64):
        if option not in BUFFER_SIZES.values():
            allow("setsockopt", integer(1, SOL_SOCKET), integer(2, option))
    for option in PRCTLS.values():
        allow("prctl", integer(0, option))
    for command in FCNTLS.values():
        allow("fcntl", integer(1, command))
    for command in FORBIDDEN_FCNTLS.values():
        built.add_rule(refused, "fcntl", integer(1, command))
    for command in IGNORED_FCNTLS.values():
        built.add_rule(ignored, "fcntl", integer(1, command))
    return built


def _by_argument() -> Any:
    import pyseccomp as seccomp

    built = seccomp.SyscallFilter(seccomp.ALLOW)
    refused = seccomp.ERRNO(errno.EPERM)
    for name in ("prlimit64", "sched_setaffinity"):
        built.add_rule(refused, name, seccomp.Arg(0, seccomp.NE, 0))
    return built
