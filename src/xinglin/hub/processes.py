"""What every process of the hub does when it starts."""

import ctypes
import gc
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Have the kernel send this process a signal when its parent ends (Linux, prctl(2))."""


def end_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, however that ends.

    A worker left behind would keep the port and the database from the next hub. Nothing is lost: what was
    acknowledged is committed. Elsewhere than on Linux this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the kernel knew of our wish
            os.kill(os.getpid(), signal.SIGKILL)


def settle() -> None:
    """Keep the garbage collector from walking over the definitions, which live as long as the process.

    A full collection holds every request up for a tenth of a second; ours leave few cycles behind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 1_000)
