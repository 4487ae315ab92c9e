"""Basis of all pictures: matplotlib, axes, and styles that can be printed in grey."""

# Lines differ in dashes and markers as well as in colour.
COLORS = ["black", "#0072b2", "#d55e00", "#009e73", "#cc79a7"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
MARKERS = ["o", "s", "^", "D", "v"]


def pyplot():
    """Return matplotlib.pyplot, or say how to get it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Pictures need matplotlib, which cannot be imported. Install it with "
            'pip install "symdisc[plot]".'
        ) from error
    return plt


class Display:
    """Base of pictures: `plot` sets `ax_` and `figure_`, `_draw` fills the axes."""

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        self : object
            This display.
        """
        self.ax_ = pyplot().subplots(layout="constrained")[1] if ax is None else ax
        self.figure_ = self.ax_.figure
        self._draw(self.ax_)
        return self


def line_style(index, n_points):
    """Return colour, dashes and sparse markers of the line of this number."""
    kind = index % len(COLORS)
    return {
        "color": COLORS[kind],
        "linestyle": DASHES[kind],
        "marker": MARKERS[kind],
        "markersize": 4,
        # Markers of different lines are not on top of each other.
        "markevery": (index % 10, max(n_points // 8, 1)) if n_points > 10 else 1,
    }


def plain(text):
    """Return text that matplotlib does not take for mathematics."""
    return str(text).replace("$", r"\$")


def write_in(ax, text):
    """Write into axes that have nothing else to show."""
    ax.text(
        *(0.5, 0.5, text),
        transform=ax.transAxes,
        ha="center",
        va="center",
        wrap=True,
    )
    ax.set(xticks=[], yticks=[])


def cut(name, length=16):
    """Return a name, cut where it is longer than this."""
    return name if len(name) <= length else f"{name[: length - 3]}..."
