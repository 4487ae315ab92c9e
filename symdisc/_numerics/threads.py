"""One thread for operations too small to share."""

import contextlib
import functools
import threading

from threadpoolctl import ThreadpoolController

_LOCK = threading.Lock()
_RUNNING = []


@contextlib.contextmanager
def one_thread():
    """Keep torch and BLAS to one thread inside the context.

    A second thread costs small operations more than it saves, and ten times as much on
    a busy machine, where each waits for the other to be run. The limit of OpenMP, that
    of torch, holds for the calling thread. That of BLAS holds for the process: the
    first of several fits in different threads sets it, the last one lifts it.
    """
    controller = _controller()
    with _LOCK:
        if not _RUNNING:
            limit = controller.limit(limits=1, user_api="blas")
        else:
            limit = _RUNNING[-1]
        _RUNNING.append(limit)
    try:
        with controller.limit(limits=1, user_api="openmp"):
            yield
    finally:
        with _LOCK:
            if len(_RUNNING) == 1:
                limit.restore_original_limits()
            _RUNNING.pop()


@functools.cache
def _controller():
    """Return the libraries that are loaded; to look for them takes milliseconds."""
    return ThreadpoolController()
