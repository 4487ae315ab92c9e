"""Data sets that are simulated once and read from disk afterwards."""

import hashlib
import inspect
from pathlib import Path

from joblib import Memory
from platformdirs import user_cache_dir


def cached(make, /, **params):
    """Call a data set generator, or load what the same call returned before.

    Results lie uncompressed in the user's cache directory for ``symdisc``
    (``~/.cache/symdisc`` on Linux; deleting it is safe). They are found again
    by the name of the generator, the source code of its module and ``params``.

    Parameters
    ----------
    make : callable
        A generator of this package, e.g. ``make_reaction_diffusion``.

    **params : dict
        Its parameters. ``verbose`` does not change the result. With
        ``random_state=None`` the first draw is the one that is kept.

    Returns
    -------
    data : object
        What ``make(**params)`` returns.

    Examples
    --------
    >>> from symdisc.datasets import cached, make_reaction_diffusion
    >>> data = cached(make_reaction_diffusion, n_steps=5000)  # doctest: +SKIP
    """
    # joblib looks at the source of `make` alone, not of the functions it calls.
    source = inspect.getsource(inspect.getmodule(make))
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    folder = Path(user_cache_dir("symdisc")) / f"{make.__name__}-{digest}"
    ignore = [name for name in inspect.signature(make).parameters if name == "verbose"]
    return Memory(folder, verbose=0).cache(make, ignore=ignore)(**params)
