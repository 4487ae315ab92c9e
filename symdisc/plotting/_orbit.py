"""Picture of an orbit: one sample, moved by elements of the group."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_snapshots
from symdisc._lie.orbits import (
    check_generator,
    check_sample,
    check_theta,
    latent_orbits,
    orbit_range,
)
from symdisc.plotting._figures import DASHES, Display
from symdisc.plotting._generators import SMALLEST_FONT

# Points of an orbit shown by default, besides the sample itself.
N_POINTS = 6


class OrbitDisplay(Display):
    """One sample and what a symmetry makes of it, as images or as curves.

    Parameters
    ----------
    sample : array-like of shape (n_features,)
        The sample.
    moved : array-like of shape (n_points, n_features)
        The sample encoded, moved and decoded.
    theta : array-like of shape (n_points,)
        Coefficients of the generator; 0 is the sample encoded and decoded.
    generator : int, default=0
        Number of the generator.
    image_shape : tuple of (int, int), default=None
        Shape of samples that are images. Without it, they are drawn as curves.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from symdisc.plotting import OrbitDisplay
    >>> images = np.eye(4)[:3]
    >>> display = OrbitDisplay(images[0], images, [0, 1, 2], image_shape=(2, 2)).plot()
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['sample', '0', '1', '2']
    >>> plt.close(display.figure_)
    """

    def __init__(self, sample, moved, theta, *, generator=0, image_shape=None):
        self.sample, moved = np.asarray(sample), np.asarray(moved)
        self.moved = moved.reshape(len(moved), -1)
        self.theta, self.generator = np.asarray(theta, dtype=float), generator
        self.image_shape = check_image_shape(image_shape, len(self.sample))

    @classmethod
    def from_estimator(
        cls, est, x, *, theta=None, generator=0, image_shape=None, ax=None
    ):
        """Move one sample along one generator of `lie_algebra_`.

        Parameters
        ----------
        est : LatentSymmetryDiscoverer or LatentSINDy
            Fitted, with a symmetry.
        x : array-like of shape (n_features,)
            Sample.
        theta : array-like of shape (n_points,), default=None
            Coefficients of the generator; by default six, over one turn where it is a
            rotation.
        generator : int, default=0
            Which of the generators.
        image_shape : tuple of (int, int), default=None
            Shape of samples that are images; by default that of the frames that `est`
            was fitted to, if it was, channels one below the other.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : OrbitDisplay

        Raises
        ------
        ValueError
            If there is no such generator, or an argument has a shape that does not fit.
        """
        check_is_fitted(est)
        check_generator(est.lie_algebra_, generator)
        x = check_snapshots(est, check_sample(est._as_starts(x)[0]), reset=False)
        image_shape = frame_shape(est) if image_shape is None else image_shape
        if theta is None:
            first, last = orbit_range(est.lie_algebra_.matrices[generator])
            # The end of a turn is its start.
            theta = np.linspace(first, last, N_POINTS, endpoint=first < 0)
        theta, latent = check_theta(theta), est._apply(est.encoder_, x)
        (moved,) = latent_orbits(est.lie_algebra_, latent, generator, theta)
        moved = est.inverse_transform(moved.astype(x.dtype))
        return cls(
            x[0], moved, theta, generator=generator, image_shape=image_shape
        ).plot(ax)

    def plot(self, ax=None, *, cmap="gray"):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default, wide enough for images.
        cmap : str or matplotlib Colormap, default="gray"
            Colours of images.

        Returns
        -------
        self : OrbitDisplay
        """
        self._cmap = cmap
        return super().plot(ax)

    def _draw(self, ax):
        ax.set_title(f"orbit of one sample under $L_{{{self.generator}}}$")
        if self.image_shape is None:
            self._draw_curves(ax)
        else:
            self._draw_images(ax)

    def _draw_images(self, ax):
        height, width = self.image_shape
        gap = max(width // 12, 1)
        images = [self.sample, *self.moved]
        strip = np.full((height, len(images) * (width + gap) - gap), np.nan)
        for index, image in enumerate(images):
            left = index * (width + gap)
            strip[:, left : left + width] = image.reshape(height, width)
        ax.imshow(strip, cmap=self._cmap)
        centres = np.arange(len(images)) * (width + gap) + (width - 1) / 2
        ax.set_xticks(centres, ["sample", *(f"{angle:.3g}" for angle in self.theta)])
        ax.tick_params(bottom=False)
        room = ax.get_window_extent().width / ax.figure.dpi * 72 / len(images)
        ax.tick_params(labelsize=float(np.clip(room / 4, SMALLEST_FONT, 10)))
        ax.set(yticks=[], xlabel=self._coefficient())
        ax.spines[:].set_visible(False)

    def _draw_curves(self, ax):
        ax.plot(self.sample, color="0.7", linewidth=4, label="sample")
        for index, (curve, angle) in enumerate(
            zip(self.moved, self.theta, strict=True)
        ):
            shade = f"{0.6 * index / len(self.theta):.2f}"
            dashes = DASHES[index % len(DASHES)]
            label = rf"$\theta$ = {angle:.3g}"
            ax.plot(curve, color=shade, linestyle=dashes, linewidth=1.2, label=label)
        ax.set(xlabel="feature", ylabel="value")
        ax.legend(fontsize="small", ncols=2, title=self._coefficient())

    def _coefficient(self):
        return rf"coefficient $\theta$ of $L_{{{self.generator}}}$"


def frame_shape(est):
    """Return the shape of an image of the frames of a fit, or None."""
    shape = getattr(est, "snapshot_shape_", None)
    return None if shape is None else (int(np.prod(shape[:-1])), shape[-1])


def check_image_shape(image_shape, n_features):
    """Return the shape of an image as two ints, or None, or raise if it does not fit.

    Parameters
    ----------
    image_shape : tuple of (int, int) or None
    n_features : int
        Number of pixels.

    Returns
    -------
    tuple of (int, int) or None

    Examples
    --------
    >>> from symdisc.plotting._orbit import check_image_shape
    >>> check_image_shape((2, 3), 6)
    (2, 3)
    """
    if image_shape is None:
        return None
    shape = tuple(image_shape) if np.ndim(image_shape) == 1 else ()
    if len(shape) != 2 or shape[0] * shape[1] != n_features:
        raise ValueError(
            f"image_shape={image_shape!r} is not the shape of an image of n_features = "
            f"{n_features} pixels; pass (height, width) with that product, or None."
        )
    return shape
