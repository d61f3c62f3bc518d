"""What a process can take from itself before it meets foreign text. Linux; the standard library alone.

Nothing in here needs a privilege, and each part holds without the others:

- resource limits hold everywhere, in any pod;
- no_new_privs and the seccomp filter hold wherever the kernel was built with filters and the container's
  own filter lets a process add one (the runtime's default profile does), on x86-64 and aarch64;
- Landlock holds from Linux 5.13 where it is switched on. Without it the process could read what its user may
  read, so a pod still mounts no secret into a renderer that it can do without;
- a door (one TCP port) is the only one from Linux 6.7 (Landlock's rules for TCP). Before, the filter leaves
  TCP over IPv4 as a whole.

User namespaces are not used: many clusters forbid them. What is missing is said by `Seal`, never passed over.
`python -I -S sandbox.py JSON` does the same for a program that is not ours: it seals itself and becomes that.
"""

import ctypes
import json
import os
import resource
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __name__ == "__main__":  # as a script it has neither the package nor the site directories
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from syscall_filter import build  # type: ignore[import-not-found,unused-ignore]
else:
    from bot.adapters.sealed.syscall_filter import build

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _MAKE_DIR = 1 << 0, 1 << 2, 1 << 3, 1 << 4, 1 << 7
_BENEATH, _PORT, _CONNECT_TCP = 1, 2, 1 << 1
_ABI_WITH_TCP = 4
UNSEALED = 77
"""The exit status of `become` where the seal has a gap and the order did not allow one."""
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")


@dataclass(frozen=True, slots=True)
class Seal:
    """What a process has taken from itself. `landlock` is the kernel's ABI, 0 where it is missing.

    `missing` names, in words for the log, what could not be taken.
    """

    no_new_privs: bool
    seccomp: bool
    landlock: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Files:
    """What Landlock leaves: to be read whole, to be listed only, to be executed."""

    read: Sequence[str]
    listed: Sequence[str]
    programs: Sequence[str]
    scratch: str | None


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def limit(*, memory: int, cpu_seconds: int | None = None) -> None:
    """Bounds this process: bytes of private memory, and seconds of CPU time over its whole life.

    No core file, no file that grows, few descriptors. RLIMIT_DATA and not RLIMIT_AS: Go reserves far more
    address space than it uses.
    """
    _lower(resource.RLIMIT_DATA, memory)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, 256)
    if cpu_seconds is not None:
        _lower(resource.RLIMIT_CPU, cpu_seconds + 2)
        grant_cpu(cpu_seconds)


def grant_cpu(seconds: int) -> None:
    """Bounds the CPU time from now on; the kernel counts it from the start of the process."""
    times = os.times()
    end = int(times.user + times.system) + 1 + seconds
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (end if most == resource.RLIM_INFINITY else min(end, most), most))


def _lower(which: int, most: int) -> None:
    """Sets both limits, or keeps a hard one that is lower already."""
    hard = resource.getrlimit(which)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (value, value))


def seal(
    read_paths: Sequence[str],
    *,
    program: str | None = None,
    port: int | None = None,
    helpers: Sequence[str] = (),
    listed: Sequence[str] = (),
    scratch: str | None = None,
) -> Seal:
    """Takes network, processes, tracing and all files but `read_paths` (and the libraries) from this process.

    Call it while there is one thread: threads inherit it, those that run already do not get it. `program` may
    still be executed; without it nothing may. TCP connections to `port` remain possible, where it is given.
    With `helpers` the program may start processes, which where Landlock holds are of these programs alone.
    Of `listed` directories the names can be read, not the files; below `scratch` directories can be made.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    missing: list[str] = []
    privileges = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    if not privileges:
        missing.append("no_new_privs was refused")
    programs = (program, *helpers) if program is not None else ()
    landlock = _landlock(libc, _Files(read_paths, listed, programs, scratch), port, missing)
    code = build(
        os.uname().machine,
        may_exec=program is not None,
        may_connect=port is not None,
        may_start=bool(helpers),
    )
    seccomp = _seccomp(libc, code, missing)
    return Seal(privileges, seccomp, landlock, tuple(missing))


def _seccomp(libc: ctypes.CDLL, code: bytes | None, missing: list[str]) -> bool:
    if code is None:
        missing.append(f"no syscall numbers are known for {os.uname().machine}")
        return False
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        missing.append(f"the syscall filter was refused: {os.strerror(ctypes.get_errno())}")
        return False
    return True


def _landlock(libc: ctypes.CDLL, files: _Files, port: int | None, missing: list[str]) -> int:
    abi = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        missing.append(f"no Landlock: {os.strerror(ctypes.get_errno())}")
        return 0
    if port is not None and abi < _ABI_WITH_TCP:
        missing.append(f"Landlock's ABI {abi} has no rules for TCP: connections are not held to one port")
    rules = _attributes(abi)
    ruleset = libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        missing.append(f"no Landlock ruleset: {os.strerror(ctypes.get_errno())}")
        return 0
    try:
        for path in (*_SYSTEM_LIBRARIES, *files.read):
            _allow(libc, ruleset, path, execute=bool(files.programs) and path in _SYSTEM_LIBRARIES)
        for path in files.programs:
            _allow(libc, ruleset, path, execute=True)
        for path in files.listed:
            _allow(libc, ruleset, path, read=False)
        if files.scratch is not None:
            _allow(libc, ruleset, files.scratch, read=False, make=True)
        if port is not None and abi >= _ABI_WITH_TCP:
            _rule(libc, ruleset, _PORT, struct.pack("=QQ", _CONNECT_TCP, port), f"port {port}")
        if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) != 0:
            missing.append(f"Landlock was refused: {os.strerror(ctypes.get_errno())}")
            return 0
    finally:
        os.close(ruleset)
    return int(abi)


def _attributes(abi: int) -> bytes:
    """The `landlock_ruleset_attr` that handles all that this ABI knows (linux/landlock.h)."""
    files = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        files |= (1 << bit) if abi >= since else 0
    if abi < _ABI_WITH_TCP:
        return struct.pack("Q", files)
    tcp = 0b11
    if abi < 6:
        return struct.pack("QQ", files, tcp)
    abstract_sockets_and_signals = 0b11
    return struct.pack("QQQ", files, tcp, abstract_sockets_and_signals)


def _allow(
    libc: ctypes.CDLL,
    ruleset: int,
    path: str,
    *,
    execute: bool = False,
    read: bool = True,
    make: bool = False,
) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    try:
        access = (_READ_FILE if read else 0) | (_READ_DIR if Path(path).is_dir() else 0)
        access |= (_EXECUTE if execute else 0) | (_REMOVE_DIR | _MAKE_DIR if make else 0)
        _rule(libc, ruleset, _BENEATH, struct.pack("=Qi", access, handle), path)
    finally:
        os.close(handle)


def _rule(libc: ctypes.CDLL, ruleset: int, kind: int, rule: bytes, what: str) -> None:
    if libc.syscall(_LANDLOCK_ADD, ruleset, kind, rule, 0) != 0:
        raise OSError(ctypes.get_errno(), f"Landlock takes no rule for {what}")


def become(order: str) -> None:
    """Seals this process and turns it into another program.

    `order` is JSON: {"argv": […], "read": […], "memory": bytes, "cpu": seconds}, and where the program may
    start others {"helpers": […], "listed": […], "scratch": path}: then it is not run at all where Landlock
    does not hold, as nothing else would say which. The seal becomes the first line of standard error.
    """
    wish = json.loads(order)
    helpers = wish.get("helpers", ())
    limit(memory=wish["memory"], cpu_seconds=wish["cpu"])
    done = seal(
        wish["read"],
        program=wish["argv"][0],
        helpers=helpers,
        listed=wish.get("listed", ()),
        scratch=wish.get("scratch"),
    )
    sys.stderr.write(json.dumps(asdict(done)) + "\n")
    sys.stderr.flush()
    if helpers and not (done.landlock and done.seccomp and done.no_new_privs):
        sys.exit(UNSEALED)
    os.execv(wish["argv"][0], wish["argv"])  # noqa: S606 (the point of it)


if __name__ == "__main__":
    become(sys.argv[1])
