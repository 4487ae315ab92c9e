"""Warnings that point at the line of the user."""

import sys
import warnings

# Frames of these are not the user's.
OWN = ("symdisc", "sklearn", "contextlib")


def warn_user(message, category=UserWarning):
    """Warn at the first line outside of this package and scikit-learn.

    Examples
    --------
    >>> import warnings
    >>> from symdisc._data.user_warning import warn_user
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_user("X is odd.")
    >>> print(caught[0].message)
    X is odd.
    """
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(OWN):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
