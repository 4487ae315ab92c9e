"""Orbits of latent points, and how far it makes sense to follow them."""

import numpy as np

# Speeds below this part of the fastest are taken for zero.
STANDSTILL = 0.05


def orbit_range(generator):
    """Range of coefficients in which one generator shows what it does.

    Parameters
    ----------
    generator : ndarray of shape (k, k)

    Returns
    -------
    first, last : float
        One turn of the slowest rotation, from 0 on, where the generator only rotates;
        else from -1 to 1 over its largest singular value, since the orbits then leave
        any bounded set.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.orbits import orbit_range
    >>> first, last = orbit_range(np.array([[0.0, -2.0], [2.0, 0.0]]))
    >>> first, bool(np.isclose(last, np.pi))
    (0.0, True)
    >>> orbit_range(np.diag([2.0, 0.5]))
    (-0.5, 0.5)
    """
    values, vectors = np.linalg.eig(generator)
    fastest = np.abs(values).max()
    # A shear has no eigenvalues but 0, and too few eigenvectors.
    turns = (
        np.abs(values.real).max() <= STANDSTILL * fastest
        and np.linalg.cond(vectors) < 1 / STANDSTILL**2
    )
    if not turns:
        reach = float(1 / np.linalg.norm(generator, 2))
        return -reach, reach
    speeds = np.abs(values)
    return 0.0, float(2 * np.pi / speeds[speeds > STANDSTILL * fastest].min())


def latent_orbits(algebra, state, generator, theta):
    """Move latent states along one generator.

    Parameters
    ----------
    algebra : LieAlgebra
    state : ndarray of shape (n, order * k)
        Positions and, after them, their derivatives, which move alike.
    generator : int
        Which of the generators.
    theta : ndarray of shape (n_points,)
        Coefficients of the generator.

    Returns
    -------
    orbits : ndarray of shape (n, n_points, order * k)
    """
    coefficients = np.zeros((len(theta), len(algebra)))
    coefficients[:, generator] = theta
    elements = algebra.group_element(coefficients)
    blocks = state.reshape(len(state), -1, elements.shape[-1])
    moved = np.einsum("pij,noj->npoi", elements, blocks)
    return moved.reshape(len(state), len(theta), -1)


def check_generator(algebra, generator):
    """Raise unless there is a generator of this number."""
    if not algebra:
        raise ValueError(
            "est has no generators in lie_algebra_, so that nothing moves a sample. "
            "Fit it with a symmetry."
        )
    if not 0 <= generator < len(algebra):
        raise ValueError(
            f"generator={generator}, but lie_algebra_ has {len(algebra)} of them; "
            "count from 0."
        )


def check_sample(x):
    """Return one sample as a table of one row, or raise if it is not one."""
    row = np.atleast_2d(x)
    if len(row) != 1 or row.ndim != 2:
        raise ValueError(
            f"x has shape {row.shape}; give one sample, of shape (n_features,)."
        )
    return row


def check_theta(theta):
    """Return the coefficients of an orbit as an array, or raise if it is not 1-D."""
    theta = np.asarray(theta, dtype=float)
    if theta.ndim != 1 or not len(theta):
        raise ValueError(
            f"theta has shape {theta.shape}; give one coefficient for each point of "
            "the orbit, of shape (n_points,)."
        )
    return theta
