"""Save a fitted estimator."""

import os

from sklearn.utils.validation import check_is_fitted

from symdisc._container import write_file
from symdisc._document import CannotWriteError, Writer


def save(est, path):
    """Write a fitted estimator into a file; see `LatentEstimator.save`."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path is {path!r}; give the name of a file.")
    check_is_fitted(est)
    writer = Writer()
    try:
        document = writer.write(est)
    except CannotWriteError as error:
        raise ValueError(
            f"This {type(est).__name__} cannot be saved: {error}. Use "
            "joblib.dump(est, path), whose files must be trusted to be loaded; or, if "
            "it is a parameter that only fit needs, reset that by set_params first."
        ) from error
    write_file(path, "model", document, writer.arrays)
