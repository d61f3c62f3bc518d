"""The seal itself: a process takes it, then tries what it gave up."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from bot.adapters.sealed.syscall_filter import build

ATTEMPTS = {
    "socket": "import socket; socket.socket()",
    "socket pair": "import socket; socket.socketpair()",
    "other program": "os.execv('/bin/true', ['true'])",
    "subprocess": "import subprocess; subprocess.run(['/bin/true'])",
    "fork": "os.fork()",
    "signal to the parent": "os.kill(os.getppid(), 0)",
    "limits of the parent": "import resource; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "memory of the parent": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "environment of the parent": "open(f'/proc/{os.getppid()}/environ').read()",
    "passwords": "open('/etc/passwd').read()",
    "new file": "open(os.path.join(MINE, 'new'), 'w')",
    "append to a file": "open(os.path.join(MINE, 'readable'), 'a')",
    "new folder": "os.mkdir(os.path.join(MINE, 'folder'))",
    "removal": "os.unlink(os.path.join(MINE, 'readable'))",
    "namespaces": "libc.unshare(0x10000000) and os.strerror(1/0)",
    "ptrace": "libc.ptrace(0, 0, 0, 0) and os.strerror(1/0)",
    "memfd": "os.memfd_create('x')",
    "pidfd": "os.pidfd_open(os.getppid())",
}
STILL_THERE = {
    "threads": "import threading; t = threading.Thread(target=print); t.start(); t.join()",
    "reading what is allowed": "assert open(os.path.join(MINE, 'readable')).read() == 'text'",
    "own limits": "import resource; resource.setrlimit(resource.RLIMIT_CPU, (50, 60))",
    "pipes": "r, w = os.pipe(); os.write(w, b'x'); assert os.read(r, 1) == b'x'",
}
SCRIPT = """
import ctypes, json, os, sys
from bot.adapters.sealed import sandbox
MINE, attempts = sys.argv[1], json.loads(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
sandbox.limit(memory=512 << 20)
seal = sandbox.seal([MINE, sys.prefix, sys.base_prefix])
found = {"landlock": seal.landlock, "seccomp": seal.seccomp, "missing": seal.missing}
for name, text in attempts.items():
    try:
        exec(text)
        found[name] = "done"
    except BaseException as error:
        found[name] = type(error).__name__
sys.stdout.write("\\n" + json.dumps(found))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has these calls")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    mine = tmp_path_factory.mktemp("mine")
    (mine / "readable").write_text("text")
    run = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, str(mine), json.dumps({**STILL_THERE, **ATTEMPTS})],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, str] = json.loads(run.stdout.splitlines()[-1])
    return answer


@linux
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_was_given_up_is_refused(found: dict[str, str], attempt: str) -> None:
    if not found["seccomp"] and not found["landlock"]:
        pytest.skip(f"nothing could be sealed here: {found['missing']}")
    if not found["landlock"] and attempt in {
        "passwords",
        "environment of the parent",
        "memory of the parent",
    }:
        pytest.skip("reading is Landlock's affair, which is not here")
    assert found[attempt] in {"PermissionError", "ZeroDivisionError"}


@linux
@pytest.mark.parametrize("need", STILL_THERE)
def test_what_a_renderer_needs_is_still_there(found: dict[str, str], need: str) -> None:
    assert found[need] == "done"


@linux
def test_memory_ends_at_its_limit() -> None:
    script = "from bot.adapters.sealed import sandbox; sandbox.limit(memory=200 << 20); bytearray(300 << 20)"
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert "MemoryError" in run.stderr


@linux
def test_computing_ends_at_its_limit() -> None:
    script = "from bot.adapters.sealed import sandbox; sandbox.grant_cpu(1)\nwhile True: pass"
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, check=False, timeout=60)
    assert run.returncode < 0


@linux
def test_another_program_starts_sealed(tmp_path: Path) -> None:
    program = "/bin/cat"
    wish = {"argv": [program, "/etc/passwd"], "read": [str(tmp_path)], "memory": 1 << 30, "cpu": 10}
    path = Path(sys.modules["bot.adapters.sealed.syscall_filter"].__file__ or "").with_name("sandbox.py")
    run = subprocess.run(
        [sys.executable, "-I", "-S", str(path), json.dumps(wish)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath},
    )
    seal = json.loads(run.stderr.splitlines()[0])
    assert seal["no_new_privs"]
    assert (run.returncode, run.stdout) == (1, "") if seal["landlock"] else run.returncode == 0


WITHOUT_LANDLOCK = """
import ctypes, errno, json, os, struct, sys
from bot.adapters.sealed import sandbox
def rule(*instruction): return struct.pack("HBBI", *instruction)
code = rule(0x20, 0, 0, 0) + rule(0x35, 0, 2, 444) + rule(0x35, 1, 0, 447)
code += rule(0x06, 0, 0, 0x50000 | errno.ENOSYS) + rule(0x06, 0, 0, 0x7FFF0000)
buffer = ctypes.create_string_buffer(code, len(code))
class Program(ctypes.Structure): _fields_ = [("n", ctypes.c_ushort), ("f", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(code) // 8, ctypes.addressof(buffer))), 0, 0) == 0
seal = sandbox.seal([])
try:
    import socket; socket.socket(); refused = False
except PermissionError:
    refused = True
print(json.dumps([seal.landlock, seal.seccomp, refused, seal.missing]))
"""


@linux
def test_where_landlock_is_missing_the_rest_holds_and_it_is_said() -> None:
    command = [sys.executable, "-I", "-c", WITHOUT_LANDLOCK]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip("no filters can be made here")
    landlock, seccomp, refused, missing = json.loads(run.stdout)
    assert (landlock, seccomp, refused) == (0, True, True)
    assert missing == ["no Landlock: Function not implemented"]


def test_a_machine_whose_numbers_are_unknown_gets_no_filter() -> None:
    assert build("riscv64", may_exec=False) is None


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_leads_somewhere_from_every_instruction(machine: str) -> None:
    code = build(machine, may_exec=False)
    assert code is not None
    program = list(struct.iter_unpack("HBBI", code))
    assert len(program) < 4096
    for place, (operation, then, otherwise, _) in enumerate(program):
        if operation & 0x07 == 0x05:
            assert place + 1 + max(then, otherwise) < len(program)
    assert program[-1][0] == 0x06


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_only_a_program_that_becomes_another_may_execute(machine: str) -> None:
    never, once = build(machine, may_exec=False), build(machine, may_exec=True)
    assert never is not None
    assert once is not None
    assert len(never) - len(once) == 4 * 8
