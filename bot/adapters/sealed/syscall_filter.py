"""The seccomp filter of the sandbox: which system calls a renderer has no use for, as BPF. Linux.

A list of what is refused, not of what is allowed: the Go and Python runtimes may use new calls after an
update, and a renderer that dies of it would be worse than one that keeps a harmless call. Refused are the
network, programs and processes, tracing, mounts and modules, keys, every write to a file system. A process
that may knock at a door keeps TCP over IPv4 alone: no UDP (so no DNS), no Multipath TCP (which Landlock's
rules for TCP do not cover), no sending without a connection.
Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (aarch64).
"""

import errno
import struct
from dataclasses import dataclass

_LOAD, _EQUALS, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_AT_NUMBER, _AT_ARCH, _AT_ARGUMENTS = 0, 4, 16
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020000
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE's own bit
_X32 = 0x40000000
_INET, _STREAM, _KIND_OF_SOCKET, _TCP = 2, 1, 0xF, 6


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of one architecture. `opens` are (number, index of the argument with the flags).

    `starting` are those among `refused` that a program needs which starts others.
    """

    audit: int
    refused: tuple[int, ...]
    execute: tuple[int, ...]
    clone: int
    prlimit: int
    socket: int
    connect: int
    opens: tuple[tuple[int, int], ...]
    starting: tuple[int, ...]
    x32: bool = False


# Calls since Linux 5.1 have one number everywhere: pidfd_send_signal, io_uring_*, pidfd_open, pidfd_getfd.
_NEW = (424, 425, 426, 427, 434, 438)
# clone3, openat2: "no such call" makes libraries fall back to the ones whose arguments can be looked at.
_NOT_HERE = (435, 437)

_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        refused=(
            *(43, 44, 45, 46, 47, 49, 50, 53, 288, 299, 307),  # sockets
            *(57, 58, 62, 101, 200, 310, 311, 312),  # fork, vfork, kill, ptrace, tkill, process_vm_*, kcmp
            *(155, 161, 165, 166, 169, 175, 176, 246, 272, 308, 313),  # roots, mounts, modules, namespaces
            *(248, 249, 250, 298, 303, 304, 319, 321, 323),  # keys, perf, handles, memfd, bpf, userfaultfd
            *(76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133),  # writes by path
            *(188, 189, 190, 197, 198, 199, 258, 259, 260, 263, 264, 265, 266, 268, 316),
        ),
        execute=(59, 322),
        clone=56,
        prlimit=302,
        socket=41,
        connect=42,
        opens=((2, 1), (257, 2)),
        starting=(57, 58, 83, 84, 258, 263),  # fork, vfork; mkdir, rmdir, mkdirat, unlinkat
        x32=True,
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        refused=(
            *(199, 200, 201, 202, 206, 207, 211, 212, 242, 243, 269),  # sockets
            *(117, 129, 130, 270, 271, 272),  # ptrace, kill, tkill, process_vm_*, kcmp
            *(39, 40, 41, 51, 97, 104, 105, 106, 142, 268, 273),  # roots, mounts, modules, namespaces
            *(217, 218, 219, 241, 264, 265, 279, 280, 282),  # keys, perf, handles, memfd, bpf, userfaultfd
            *(5, 6, 7, 14, 15, 16, 33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 276),  # writes by path
        ),
        execute=(221, 281),
        clone=220,
        prlimit=261,
        socket=198,
        connect=203,
        opens=((56, 2),),
        starting=(34, 35),
    ),
}


def build(
    machine: str, *, may_exec: bool, may_connect: bool = False, may_start: bool = False
) -> bytes | None:
    """The filter for this machine (`os.uname().machine`), or None where its numbers are not known.

    Refused calls get EPERM. Threads may be made, processes not; files may be opened for reading only; limits
    may be set on oneself only. With `may_exec` the process may still become another program; with
    `may_connect` it may open TCP connections over IPv4 (to where is for Landlock to say); with `may_start` it
    may make processes, which inherit all of this, but no namespaces, and make and remove directories.
    """
    numbers = _MACHINES.get(machine)
    if numbers is None:
        return None
    code = [(_LOAD, 0, 0, _AT_ARCH), (_EQUALS, 1, 0, numbers.audit), (_RETURN, 0, 0, _KILL)]
    code.append((_LOAD, 0, 0, _AT_NUMBER))
    if numbers.x32:
        code += [(_AT_LEAST, 0, 1, _X32), _refuse()]
    sockets = () if may_connect else (numbers.socket, numbers.connect)
    refused = (*sockets, *numbers.refused, *_NEW, *(() if may_exec else numbers.execute))
    if may_start:
        refused = tuple(number for number in refused if number not in numbers.starting)
    for number in refused:
        code += [(_EQUALS, 0, 1, number), _refuse()]
    for number in _NOT_HERE:
        code += [(_EQUALS, 0, 1, number), _refuse(errno.ENOSYS)]
    if may_connect:
        code += _only_tcp(numbers.socket)
    cloning = (_ANY_BIT, 0, 1, _CLONE_NAMESPACES) if may_start else (_ANY_BIT, 1, 0, _CLONE_THREAD)
    code += _when(numbers.clone, 0, cloning)
    code += _when(numbers.prlimit, 0, (_EQUALS, 1, 0, 0))
    for number, argument in numbers.opens:
        code += _when(number, argument, (_ANY_BIT, 0, 1, _WRITES))
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _refuse(error: int = errno.EPERM) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _ERRNO | error)


def _when(number: int, argument: int, test: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """For one call: `test` on the low half of an argument skips the refusal that follows it."""
    load = (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * argument)
    return [(_EQUALS, 0, 4, number), load, test, _refuse(), (_RETURN, 0, 0, _ALLOW)]


def _only_tcp(number: int) -> list[tuple[int, int, int, int]]:
    """For the call `socket`: every family, type and protocol but TCP over IPv4 is refused."""
    test = [
        (_LOAD, 0, 0, _AT_ARGUMENTS),
        *((_EQUALS, 1, 0, _INET), _refuse()),
        (_LOAD, 0, 0, _AT_ARGUMENTS + 8),
        *((_AND, 0, 0, _KIND_OF_SOCKET), (_EQUALS, 1, 0, _STREAM), _refuse()),
        (_LOAD, 0, 0, _AT_ARGUMENTS + 16),
        *((_EQUALS, 2, 0, 0), (_EQUALS, 1, 0, _TCP), _refuse()),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return [(_EQUALS, 0, len(test), number), *test]
