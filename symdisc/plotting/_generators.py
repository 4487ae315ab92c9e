"""Picture of a Lie algebra: its generators as tables of shaded numbers."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc.plotting._figures import Display, plain, write_in

# Light at both ends, so that black numbers are readable on them.
NEGATIVE, ZERO, POSITIVE = "#f4a582", "#ffffff", "#92c5de"
# Numbers smaller than this (points) are not drawn.
SMALLEST_FONT = 4.0


class GeneratorDisplay(Display):
    """Heat maps of the generators of a Lie algebra.

    Each cell holds its number; negative cells are hatched, so that signs are visible
    without colours and where there is no room for numbers.

    Parameters
    ----------
    matrices : array-like of shape (c, k, k)
        Generators, possibly none.
    name : str, default=""
        Name of the algebra.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from symdisc.plotting import GeneratorDisplay
    >>> display = GeneratorDisplay([[[0, -1], [1, 0]]], "so(2)").plot()
    >>> display.ax_.get_title()
    'so(2): 1 generator'
    >>> plt.close(display.figure_)
    """

    def __init__(self, matrices, name=""):
        self.matrices = np.asarray(matrices, dtype=float)
        self.name = name

    @classmethod
    def from_estimator(cls, est, *, ax=None):
        """Draw `lie_algebra_` of a fitted estimator.

        Parameters
        ----------
        est : LatentSymmetryDiscoverer or LatentSINDy
            Fitted.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : GeneratorDisplay

        Raises
        ------
        ValueError
            If no symmetry was asked for, so that `lie_algebra_` is None.
        """
        check_is_fitted(est)
        if est.lie_algebra_ is None:
            raise ValueError(
                "est has lie_algebra_=None: no symmetry was asked for. Fit it with "
                'symmetry="discover", or a LatentSymmetryDiscoverer.'
            )
        return cls(est.lie_algebra_.matrices, est.lie_algebra_.name).plot(ax)

    def _draw(self, ax):
        c = len(self.matrices)
        if c == 0:
            write_in(ax, "No symmetry was found:\nthe algebra has no generators.")
            ax.set_title("no symmetry")
            return
        ax.set_title(f"{plain(self.name)}: {c} generator{'s' * (c > 1)}")
        self._shade(ax)
        font = _font_size(ax, *self._tiles())
        for index, corner in enumerate(self._corners()):
            self._annotate(ax, index, *corner, font)
        ax.axis("off")

    def _shade(self, ax):
        from matplotlib.colors import LinearSegmentedColormap

        rows, columns = self._tiles()
        k = self.matrices.shape[1]
        sheet = np.full((rows, columns), np.nan)
        for matrix, (top, left) in zip(self.matrices, self._corners(), strict=True):
            sheet[top : top + k, left : left + k] = matrix
        limit = np.abs(self.matrices).max()
        shades = LinearSegmentedColormap.from_list("sign", [NEGATIVE, ZERO, POSITIVE])
        self._image = ax.imshow(sheet, cmap=shades, vmin=-limit, vmax=limit)
        margin = 0.1 * max(rows, 2)
        ax.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.5 - margin))

    def _annotate(self, ax, index, top, left, font):
        from matplotlib.patches import Rectangle

        k = self.matrices.shape[1]
        ax.text(
            left + (k - 1) / 2, top - 0.5, f"$L_{{{index}}}$", ha="center", va="bottom"
        )
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), k, k, fill=False))
        for (i, j), value in np.ndenumerate(self.matrices[index].round(2) + 0.0):
            x, y = left + j, top + i
            if value < 0:
                cell = Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, linewidth=0)
                cell.set(hatch="///", edgecolor="0.6")
                ax.add_patch(cell)
            if font < SMALLEST_FONT:
                continue
            text = ax.text(x, y, f"{value:g}", fontsize=font, ha="center", va="center")
            if value < 0:
                # No hatching under the number.
                text.set_bbox({"color": self._image.to_rgba(value), "pad": 1})

    def _tiles(self):
        """Numbers of rows and columns of cells, gaps between matrices included."""
        c, k, _ = self.matrices.shape
        across = int(np.ceil(np.sqrt(c)))
        down = -(-c // across)
        return down * (k + 1) - 1, across * (k + 1) - 1

    def _corners(self):
        """Return row and column of the first cell of each matrix."""
        c, k, _ = self.matrices.shape
        across = int(np.ceil(np.sqrt(c)))
        return [(i // across * (k + 1), i % across * (k + 1)) for i in range(c)]


def _font_size(ax, n_rows, n_columns):
    """Size (points) at which "-0.71" fits into a cell."""
    box = ax.get_window_extent()
    cell = min(box.width / n_columns, box.height / (n_rows + 1))
    return min(14.0, 0.27 * cell / ax.figure.dpi * 72)
