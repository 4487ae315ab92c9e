"""How rows are split into parts that are nearly independent of each other."""

import numpy as np

from symdisc._data.trajectories import trajectory_slices

# Trajectories are cut until there are so many blocks, none shorter than SHORTEST.
N_BLOCKS = 20
SHORTEST = 5


def row_blocks(groups, n_samples):
    """Rows of each trajectory, or of contiguous parts where these are few.

    Parameters
    ----------
    groups : None or array-like of shape (n_samples,)
        Trajectory of each row.
    n_samples : int
        Number of rows.

    Returns
    -------
    blocks : list of ndarray of int
        At least two. Trajectories are cut evenly until there are 20 blocks, none
        shorter than 5 rows where that allows two.

    Examples
    --------
    >>> from symdisc._data.splits import row_blocks
    >>> [len(block) for block in row_blocks([0] * 30 + [1] * 10, 40)]
    [5, 5, 5, 5, 5, 5, 5, 5]
    """
    trajectories = trajectory_slices(groups, n_samples)
    if n_samples < 2:
        raise ValueError(f"features has {n_samples} rows; give at least 2.")
    parts = -(-N_BLOCKS // len(trajectories))
    fewest = 2 if len(trajectories) == 1 else 1
    return [
        block
        for rows in trajectories
        for block in np.array_split(
            rows, max(fewest, min(parts, len(rows) // SHORTEST))
        )
    ]
