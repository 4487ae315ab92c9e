"""Settings of all tests, of doctests too."""

import gc

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Keep the garbage collector off during doctests.

    doctest walks through linecache, of which sympy takes its lambdified functions
    when they are collected. In Python before 3.13 that ends the walk with a KeyError.
    """
    if not isinstance(item, pytest.DoctestItem):
        return (yield)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
