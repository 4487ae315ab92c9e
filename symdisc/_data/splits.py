"""How rows are split into parts that are nearly independent of each other."""

import numpy as np

from symdisc._data.trajectories import trajectory_slices

# Trajectories are cut until there are so many blocks, none shorter than SHORTEST.
N_BLOCKS = 20
SHORTEST = 5
# Standard normal quantile at 1 %: neighbours that correlate more are not independent.
LEVEL_OF_CORRELATION = 2.33
# Sokal's window, and the length of a block, in autocorrelation times.
WINDOW = 5
BLOCK = 4


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


def autocorrelation_time(series, groups=None):
    """Integrated autocorrelation time of rows, in rows: 1 for independent ones.

    Parameters
    ----------
    series : ndarray of shape (n, m)
        In order of time within each group; columns count by their variance.
    groups : None or array-like of shape (n,)

    Returns
    -------
    float
        1 where the correlation of neighbouring rows is within chance (1 %).

    References
    ----------
    A. D. Sokal, "Monte Carlo methods in statistical mechanics" (1997), section 3: the
    sum of correlations ends at the first lag above five times the result.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.splits import autocorrelation_time
    >>> white = np.random.default_rng(0).standard_normal((4000, 1))
    >>> autocorrelation_time(white)
    1.0
    >>> smooth = white.copy()
    >>> for i in range(1, 4000):
    ...     smooth[i] += 0.8 * smooth[i - 1]
    >>> 7 < autocorrelation_time(smooth) < 11
    True
    """
    series = series - series.mean(axis=0)
    total = max(np.mean(np.sum(series**2, axis=1)), np.finfo(float).tiny)
    parts = [series[rows] for rows in trajectory_slices(groups, len(series))]
    time, lag = 1.0, 0
    while lag < max(map(len, parts)) - 1:
        lag += 1
        pairs = [(part[lag:] * part[:-lag]).sum() for part in parts if len(part) > lag]
        n_pairs = sum(len(part) - lag for part in parts if len(part) > lag)
        correlation = sum(pairs) / n_pairs / total
        if lag == 1 and correlation * np.sqrt(n_pairs) < LEVEL_OF_CORRELATION:
            return 1.0
        time += 2 * correlation
        if lag >= WINDOW * time or (correlation <= 0 and lag > 1):
            break
    return float(max(time, 1.0))


def independent_blocks(series, groups=None):
    """Assign each row to a block; blocks are about independent of each other.

    Parameters
    ----------
    series : ndarray of shape (n, m)
        What is to be independent, in order of time within each group.
    groups : None or array-like of shape (n,)

    Returns
    -------
    ndarray of int of shape (n,)
        One block for each row where rows are independent; else stretches of a
        trajectory of `BLOCK` autocorrelation times, or all of it.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.splits import independent_blocks
    >>> int(independent_blocks(np.sin(np.arange(1000.0))[:, None]).max()) < 999
    True
    """
    n, time = len(series), autocorrelation_time(series, groups)
    if time == 1:
        return np.arange(n)
    return _numbered(trajectory_slices(groups, n), int(np.ceil(BLOCK * time)))


def _numbered(trajectories, length):
    """Assign rows to stretches of trajectories, at least a length where possible."""
    parts = [
        part
        for rows in trajectories
        for part in np.array_split(rows, max(1, len(rows) // length))
    ]
    numbers = np.empty(sum(map(len, parts)), int)
    numbers[np.concatenate(parts)] = np.repeat(range(len(parts)), [*map(len, parts)])
    return numbers


def held_out_folds(series, groups=None, n_folds=10, random_state=0):
    """Cut rows for cross-validation.

    Groups are held out together. Without them, stretches of a trajectory are, and rows
    within an autocorrelation time of these take no part; independent rows are drawn.

    Parameters
    ----------
    series : ndarray of shape (n, m)
        What is correlated along a trajectory.
    groups : None or array-like of shape (n,)
    n_folds : int
    random_state : int

    Returns
    -------
    list of (train, test), ndarray of int each
    """
    n, gap = len(series), 0
    trajectories = trajectory_slices(groups, n)
    time = autocorrelation_time(series, groups)
    if len(trajectories) >= n_folds:
        numbers = _numbered(trajectories, n)
    elif time == 1:
        numbers = np.arange(n)
    else:
        numbers = _numbered(trajectories, max(1, n // (2 * n_folds)))
        gap = int(min(time, n / (8 * n_folds)))
    random = np.random.default_rng(random_state)
    fold = random.permutation(numbers.max() + 1)[numbers] % n_folds
    place = np.empty(n, int)
    place[np.concatenate(trajectories)] = np.arange(n)
    folds = []
    for i in range(n_folds):
        test, train = (np.flatnonzero(part) for part in (fold == i, fold != i))
        if gap and len(test):
            train = train[_distance(place[train], np.sort(place[test])) > gap]
        if len(test) and len(train):
            folds.append((train, test))
    return folds


def _distance(places, others):
    """Distance of each place to the nearest of others, which ascend."""
    after = np.searchsorted(others, places).clip(0, len(others) - 1)
    before = (after - 1).clip(0)
    return np.minimum(np.abs(others[after] - places), np.abs(others[before] - places))
