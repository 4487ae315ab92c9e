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
    blas, openmp = _controllers()
    with _LOCK:
        limit = _RUNNING[-1] if _RUNNING else blas.limit(limits=1)
        _RUNNING.append(limit)
    try:
        with openmp.limit(limits=1):
            yield
    finally:
        with _LOCK:
            _RUNNING.pop()
            if not _RUNNING:
                limit.restore_original_limits()


@functools.cache
def _controllers():
    """Return the libraries that are loaded; to look for them takes milliseconds."""
    loaded = ThreadpoolController()
    return loaded.select(user_api="blas"), loaded.select(user_api="openmp")
