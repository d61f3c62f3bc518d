"""A process that has read in everything a bot needs, and becomes a bot as often as it is told to.

Reading it in costs a bot some three seconds of the processor; it is what all of its starts have alike.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from tests.e2e.bot_process import REPOSITORY

MOST = 1 << 17
"""Bytes of one message: arguments and an environment."""


def main() -> None:
    """Serves the socket whose number is its argument, until its other end is closed."""
    import bot.cli.serve  # noqa: F401 - it is what there is to read in

    orders = socket.socket(fileno=int(sys.argv[1]))
    wakes, rings = socket.socketpair()
    for one in (wakes, rings):
        one.setblocking(False)
    signal.set_wakeup_fd(rings.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()
    while True:
        due, _, _ = select.select([orders, wakes], [], [])
        if wakes in due:
            wakes.recv(4096)
            _tell_of_ends(orders)
        if orders in due:
            said, descriptors, _, _ = socket.recv_fds(orders, MOST, 2)
            if not said:
                return
            _fork(json.loads(said), descriptors, orders)


def _tell_of_ends(orders: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        orders.send(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _fork(order: dict[str, Any], descriptors: list[int], orders: socket.socket) -> None:
    pid = os.fork()
    if pid == 0:
        orders.close()
        _become(order, descriptors)
    for each in descriptors:
        os.close(each)
    orders.send(json.dumps({"born": pid}).encode())


def _become(order: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """What `python -m bot` is, from its first line on."""
    from bot.__main__ import main as serve

    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    silence = os.open(os.devnull, os.O_RDONLY)
    for number, each in enumerate((silence, *descriptors)):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(REPOSITORY)
    sys.argv = ["purser", *order["arguments"]]
    gc.unfreeze()
    code = 1
    try:
        serve()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
