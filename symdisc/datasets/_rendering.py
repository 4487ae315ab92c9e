"""Images of a rigid object without any symmetry of its own."""

import numpy as np

# Position, width and brightness of Gaussian blobs.
_BLOBS = np.array(
    [
        [0.00, 0.00, 0.00, 0.35, 0.6],
        [0.85, 0.10, 0.05, 0.22, 1.0],
        [-0.15, 0.70, 0.20, 0.16, 1.5],
        [-0.55, -0.35, 0.45, 0.28, 0.8],
        [0.25, -0.60, -0.50, 0.18, 1.2],
        [-0.30, 0.15, -0.75, 0.25, 1.1],
        [0.45, 0.50, 0.55, 0.12, 1.7],
    ]
)
_POSITIONS, _WIDTHS, _BRIGHTNESS = _BLOBS[:, :3], _BLOBS[:, 3], _BLOBS[:, 4]
_SHADING = 0.6  # what is nearer by 1 is brighter by this much, in logarithm
HALF_WIDTH = 1.5  # of the images


def look_around(n_views):
    """Orientations of cameras on half a circle around the vertical axis.

    The other half would see the same outlines, mirrored.

    Parameters
    ----------
    n_views : int
        Number of cameras, at equal angles.

    Returns
    -------
    cameras : ndarray of shape (n_views, 3, 3)
        Each maps the coordinates of space to those of a camera: across, up, and
        towards it. The first is the identity.

    Examples
    --------
    >>> from symdisc.datasets._rendering import look_around
    >>> look_around(2)[1].round(6) + 0.0
    array([[ 0., 0., -1.],
           [ 0., 1.,  0.],
           [ 1., 0.,  0.]])
    """
    angles = np.pi * np.arange(n_views) / n_views
    c, s = np.cos(angles), np.sin(angles)
    zero, one = np.zeros(n_views), np.ones(n_views)
    rows = [[c, zero, -s], [zero, one, zero], [s, zero, c]]
    return np.array(rows).transpose(2, 0, 1)


def render(rotations, cameras, grid):
    """Images of the turned object.

    Each blob is a Gaussian of fixed width about the projection of its centre along
    the line of sight, brighter where it is nearer.

    Parameters
    ----------
    rotations : ndarray of shape (n, 3, 3)
        Orientations of the object; the function is analytic in them, and takes
        complex ones.
    cameras : ndarray of shape (n_views, 3, 3)
        Orientations of the cameras.
    grid : ndarray of shape (n_pixels,)
        Coordinates of the pixels along either axis.

    Returns
    -------
    images : ndarray of shape (n, n_views * n_pixels ** 2)
        View after view, each row by row from top to bottom.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._rendering import look_around, render
    >>> images = render(np.eye(3)[None], look_around(3), np.linspace(-1, 1, 16))
    >>> images.shape
    (1, 768)
    """
    turned = _POSITIONS @ rotations.swapaxes(1, 2)
    seen = turned[:, None] @ cameras.swapaxes(1, 2)
    across, up, depth = np.moveaxis(seen, -1, 0)
    brightness = _BRIGHTNESS * np.exp(_SHADING * depth)
    rows = brightness[..., None] * _profiles(up, grid[::-1])
    images = rows.swapaxes(2, 3) @ _profiles(across, grid)
    return images.reshape(len(rotations), -1)


def _profiles(centres, grid):
    """Return Gaussians of the widths of the blobs, (n, n_views, n_blobs, n_pixels)."""
    distances = (grid - centres[..., None]) / _WIDTHS[:, None]
    return np.exp(-(distances**2) / 2)
