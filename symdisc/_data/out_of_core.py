"""Snapshots that stay on disk, or on a cluster, and are read by blocks of rows."""

import mmap
from functools import reduce

import numpy as np
from sklearn.utils import assert_all_finite

FLOATS = [np.float64, np.float32]
# Arrays up to this size are read whole, and then treated as any array: joblib hands
# memory maps to its workers, and a result must not depend on the number of these.
IN_MEMORY = 2**28
# A block: large against the overhead of reading it, small against any memory.
BLOCK_BYTES = 2**24


class Rows:
    """A 2-D array of numbers outside of memory.

    Parameters
    ----------
    source : numpy.memmap, zarr array, h5py dataset, or the like
        Has a shape, a dtype, and slices that turn into arrays.
    name : str
        What error messages call it.
    dtype : dtype, optional
        Of the blocks; that of the source by default, where it is single or double
        precision, else double.
    columns : slice, optional
        Columns that count, all by default.

    Raises
    ------
    ValueError
        If the source is not 2-D or not of real numbers.
    """

    ndim = 2

    def __init__(self, source, name, dtype=None, columns=slice(None)):
        found = np.dtype(source.dtype)
        if len(source.shape) != 2:
            raise ValueError(
                f"{name} has shape {tuple(source.shape)}; give a 2-D array, one "
                "snapshot a row."
            )
        if found.kind not in "biuf":
            raise ValueError(
                f"{name} has dtype {found}; give an array of real numbers."
            )
        native = found.newbyteorder("=")
        self.source, self.name, self._columns = source, name, columns
        self.dtype = np.dtype(dtype or (native if native in FLOATS else np.float64))
        n_samples, n_features = source.shape
        self.shape = n_samples, len(range(n_features)[columns])

    def __len__(self):
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, rows):
        """Return the rows of a slice as an array, or raise if they are not finite."""
        block = np.array(self._read(rows), dtype=self.dtype)
        release(self.source)
        assert_all_finite(block, input_name=self.name)
        return block

    def _read(self, rows):
        return self.source[rows, self._columns]

    def slices(self):
        """Return slices of neighbouring rows that make up all, a block each."""
        step = rows_of_block(self.source.shape[1])
        stored = (getattr(self.source, "chunks", None) or (1,))[0]
        if isinstance(stored, int) and stored <= step:
            # No stored chunk is unpacked twice.
            step -= step % stored
        return slices_of(len(self), step)

    def split(self, n):
        """Return n parts of equally many columns, side by side."""
        cuts = np.linspace(0, self.source.shape[1], n + 1, dtype=int)
        return [
            type(self)(self.source, self.name, self.dtype, slice(*ends))
            for ends in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        ]

    def __matmul__(self, matrix):
        """Return the product with a matrix of few columns."""
        return np.concatenate([self[rows] @ matrix for rows in self.slices()])

    def reduce(self, function, merge, *arguments):
        """Return function(block, *arguments) of all blocks, merged two by two."""
        return reduce(merge, (function(self[r], *arguments) for r in self.slices()))


class DaskRows(Rows):
    """Rows of a dask array: reductions take place where the blocks are."""

    def __init__(self, source, name, dtype=None, columns=slice(None)):
        if np.isnan(source.shape).any():
            raise ValueError(
                f"{name} is a dask array of unknown shape {source.shape}; call its "
                "compute_chunk_sizes() first."
            )
        super().__init__(source, name, dtype, columns)

    def _read(self, rows):
        return super()._read(rows).compute()

    def slices(self):
        """Return slices of neighbouring rows that make up all, a dask block each."""
        ends = np.cumsum(self.source.chunks[0]).tolist()
        return [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]

    def _tasks(self, function, *arguments):
        """Return a task for each block of rows."""
        from dask import delayed

        source = self.source[:, self._columns]
        if source.numblocks[1] > 1:
            source = source.rechunk({0: "auto", 1: -1})
        arguments = [delayed(argument) for argument in arguments]
        clean, function = delayed(_clean), delayed(function)
        return [
            function(clean(block, self.dtype, self.name), *arguments)
            for block in source.to_delayed().ravel()
        ]

    def __matmul__(self, matrix):
        """Return the product with a matrix of few columns."""
        from dask import compute

        return np.concatenate(compute(*self._tasks(np.matmul, matrix)))

    def reduce(self, function, merge, *arguments):
        """Return function(block, *arguments) of all blocks, merged two by two."""
        from dask import delayed

        parts, merge = self._tasks(function, *arguments), delayed(merge)
        while len(parts) > 1:
            last = parts[len(parts) - len(parts) % 2 :]
            parts = [merge(*two) for two in zip(parts[::2], parts[1::2], strict=False)]
            parts += last
        return parts[0].compute()


def is_large(X):
    """Check whether X is an array outside of memory, too large to be read whole."""
    if isinstance(X, Rows):
        return True
    outside = isinstance(X, np.memmap) or (hasattr(X, "chunks") and hasattr(X, "dtype"))
    # Not below the limit, rather than above it: sizes of dask arrays may be unknown.
    return outside and not X.dtype.itemsize * np.prod(X.shape, dtype=float) <= IN_MEMORY


def as_rows(X, name, dtype=None):
    """Return X, an array outside of memory, as Rows."""
    if isinstance(X, Rows):
        return X
    kind = DaskRows if hasattr(X, "to_delayed") else Rows
    return kind(X, name, dtype)


def split_columns(X, n):
    """Return n parts of equally many columns, of an array or Rows."""
    return X.split(n) if isinstance(X, Rows) else np.hsplit(X, n)


def row_slices(X, step):
    """Return slices of so many rows of an array; of a block each of Rows."""
    return X.slices() if isinstance(X, Rows) else slices_of(len(X), step)


def rows_of_block(n_columns):
    """Return how many rows, in double precision, make up a block."""
    return max(BLOCK_BYTES // (8 * max(n_columns, 1)), 1)


def slices_of(n_samples, step):
    """Return slices of so many rows, the last maybe of fewer."""
    starts = range(0, n_samples, step)
    return [slice(start, min(start + step, n_samples)) for start in starts]


def release(array):
    """Hand memory of a memory map back: it would count as this process's own.

    What was written stays, in the file. A map that copies on write is left alone, since
    what was written to it is nowhere else.
    """
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and array.mode != "c" and hasattr(mapped, "madvise"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _clean(block, dtype, name):
    """Return a block as an array of finite numbers, on a worker."""
    block = np.asarray(block, dtype=dtype)
    assert_all_finite(block, input_name=name)
    return block
