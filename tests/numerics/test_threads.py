"""Small operations keep to one thread, and the process gets its own back."""

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from symdisc._numerics.threads import one_thread


def threads(user_api="blas"):
    return {
        pool["num_threads"]
        for pool in threadpool_info()
        if pool["user_api"] == user_api
    }


@pytest.fixture
def two():
    before = threadpool_limits(2)
    # Leaving a context lets other threads change what was set.
    with threadpool_limits(2):
        pass
    yield
    before.restore_original_limits()


@pytest.mark.usefixtures("two")
def test_limits_hold_inside_alone():
    before = threads(), threads("openmp")
    with one_thread(), one_thread():
        assert threads() == {1}
        assert threads("openmp") == {1}
    assert (threads(), threads("openmp")) == before


@pytest.mark.usefixtures("two")
def test_an_error_gives_the_threads_back():
    before = threads()
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert threads() == before


@pytest.mark.usefixtures("two")
def test_fits_that_overlap_give_them_back():
    before, entered, go = threads(), threading.Event(), threading.Event()

    def other():
        with one_thread():
            entered.set()
            go.wait(10)

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        entered.wait(10)
    # The first is done, the second still runs.
    assert threads() == {1}
    go.set()
    thread.join()
    assert threads() == before
