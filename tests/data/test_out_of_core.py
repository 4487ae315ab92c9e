"""Snapshots outside of memory: the same answers, by blocks and in little memory."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import no_doubts
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import subspace_angles
from sklearn.base import clone

from symdisc import LatentSINDy, LatentSymmetryDiscoverer
from symdisc._data import out_of_core as streaming
from symdisc._data.out_of_core import DaskRows, Rows, as_rows, is_large
from symdisc._latent.pod import fit_pod

pytestmark = no_doubts

CONTAINERS = ["memmap", "zarr", "h5py", "dask"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Read even small data by many blocks."""
    monkeypatch.setattr(streaming, "IN_MEMORY", 0)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 2**13)


@pytest.fixture
def contain(tmp_path):
    """Put an array into a container of a kind, on disk."""

    def put(kind, array):
        path = tmp_path / f"{kind}{len(list(tmp_path.iterdir()))}"
        if kind == "memmap":
            np.save(path, array)
            return np.load(f"{path}.npy", mmap_mode="r")
        if kind == "dask":
            dask = pytest.importorskip("dask.array")
            return dask.from_array(array, chunks=(19, array.shape[1] // 2))
        if kind == "zarr":
            zarr = pytest.importorskip("zarr")
            return zarr.create_array(path, data=array, chunks=(50, array.shape[1]))
        h5py = pytest.importorskip("h5py")
        return h5py.File(path, "w").create_dataset("X", data=array, chunks=True)

    return put


@pytest.fixture(scope="module")
def planar():
    """Rotation of frequency 2 at several radii, in 40 dimensions, and its rates."""
    rng = np.random.default_rng(0)
    quarter_turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    Z = rng.uniform(1, 2, (60, 2))
    Z = np.vstack([Z, Z @ quarter_turn, -Z, -Z @ quarter_turn])
    lift = rng.standard_normal((2, 40))
    return 3 + Z @ lift, 2 * Z @ quarter_turn @ lift


@pytest.fixture(scope="module")
def fitted(planar):
    """Estimators fitted to arrays."""
    symmetry = LatentSymmetryDiscoverer(symmetry_of="dynamics", random_state=0)
    return symmetry.fit(*planar), LatentSINDy(random_state=0).fit(*planar)


def spectrum(shape, n=25, dtype=float):
    """Draw data whose standard deviations fall by half from mode to mode."""
    rng = np.random.default_rng(1)
    modes, _ = np.linalg.qr(rng.standard_normal((shape[1], min(n, *shape))))
    scale = 0.5 ** np.arange(modes.shape[1])
    return (3 + (rng.standard_normal((shape[0], len(scale))) * scale) @ modes.T).astype(
        dtype
    )


@pytest.mark.parametrize("shape", [(300, 60), (60, 300), (400, 200), (20, 500)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["memmap", "dask"])
def test_pod_is_that_of_the_array(contain, kind, dtype, shape):
    X = spectrum(shape, dtype=dtype)
    rows = as_rows(contain(kind, X), "X")
    assert len(rows.slices()) > 1
    expected, found = (
        fit_pod(data, min_modes=2, random_state=np.random.RandomState(0))
        for data in (X, rows)
    )
    precision = 1e-8 if dtype == np.float64 else 1e-3
    assert found.modes.shape == expected.modes.shape
    assert found.modes.dtype == found.scale.dtype == found.mean.dtype == dtype
    assert_allclose(found.mean, expected.mean, rtol=1e-6)
    assert_allclose(found.scale, expected.scale, rtol=precision)
    assert_allclose(found.total, expected.total, rtol=1e-5)
    assert subspace_angles(found.modes.T, expected.modes.T).max() < 100 * precision
    along_modes = [found.coordinates(data) * found.scale for data in (rows, X)]
    assert_allclose(*along_modes, atol=1e-5)


def test_single_precision_is_summed_in_double():
    # The sum of so many rows, far from zero, would lose the spread in single precision.
    rng = np.random.default_rng(0)
    X = (1000 + rng.standard_normal((40000, 3))).astype(np.float32)
    pod = fit_pod(Rows(X, "X"), min_modes=3, random_state=np.random.RandomState(0))
    exact = X.astype(float)
    assert_allclose(pod.mean, exact.mean(axis=0), rtol=1e-7)
    assert_allclose(pod.total, np.square(exact - pod.mean).sum(), rtol=1e-9)
    singular = np.linalg.svd(exact - exact.mean(axis=0), compute_uv=False)
    assert_allclose(pod.scale, singular / 200, rtol=1e-6)


def test_directions_that_the_data_do_not_fill_are_left_out():
    X = spectrum((200, 150), n=1)
    for unit in (1e-9, 1.0, 1e9):
        rows = Rows(unit * X, "X")
        pod = fit_pod(rows, min_modes=3, random_state=np.random.RandomState(0))
        assert pod.modes.shape == (1, 150)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3])
def test_constant_data_are_refused(value):
    rows = Rows(np.full((30, 8), value), "X")
    with pytest.raises(ValueError, match=r"X is constant.*Pass rows that differ"):
        fit_pod(rows, min_modes=1, random_state=np.random.RandomState(0))


@pytest.mark.parametrize("kind", CONTAINERS)
def test_symmetry_and_equations_are_those_of_the_array(contain, kind, planar, fitted):
    X, X_dot = planar
    source = contain(kind, X)
    found = clone(fitted[0]).fit(source, contain(kind, X_dot))
    assert found.lie_algebra_.name == fitted[0].lie_algebra_.name == "scaling"
    # Up to the orientation of the plane.
    coefficients = (np.abs(e.equations_.coefficients) for e in (found, fitted[0]))
    assert_allclose(*coefficients, atol=1e-4)
    assert_allclose(np.linalg.norm(found.equations_.coefficients), 8**0.5, rtol=1e-4)
    assert found.n_features_in_ == 40
    latent = found.transform(X)
    assert_allclose(found.transform(source), latent, rtol=0, atol=1e-12)
    assert_allclose(found.score(source), found.score(X), rtol=1e-12)
    assert_allclose(found.act(source, 0.3), found.act(X, 0.3), atol=1e-10)
    assert_allclose(found.inverse_transform(contain(kind, latent)), X, atol=1e-3)


@pytest.mark.parametrize(("kind", "order"), [("memmap", 1), ("memmap", 2), ("dask", 2)])
def test_latent_equations_are_those_of_the_array(contain, kind, order, planar, fitted):
    X, X_dot = planar
    y = X_dot if order == 1 else np.hstack([X_dot, -4 * (X - 3)])
    source, rates = contain(kind, X), contain(kind, y)
    found = clone(fitted[1]).set_params(order=order).fit(source, rates)
    # Of second order, accelerations are proportional to positions and to velocities.
    if order == 1:
        assert found.complexity_ == fitted[1].complexity_ == 2
        sizes = (np.linalg.norm(e.coefficients_) for e in (found, fitted[1]))
        assert_allclose(list(sizes), 8**0.5, rtol=1e-4)
    assert found.score(source, rates) > 0.999999


@pytest.mark.parametrize("differentiation", ["weak", "central"])
def test_times_instead_of_rates(contain, differentiation):
    t = np.linspace(0, 4 * np.pi, 400, endpoint=False)
    lift = np.random.default_rng(0).standard_normal((2, 40))
    X = np.column_stack([np.cos(t), np.sin(t)]) @ lift
    est = LatentSINDy(differentiation=differentiation, random_state=0)
    found = est.fit(contain("memmap", X), t=t)
    rates = np.linalg.eigvals(found.coefficients_[:, 1:3])
    assert_allclose(np.abs(rates.imag), 1, rtol=1e-3)


@pytest.mark.parametrize("prepare", [clone, lambda fitted: fitted])
def test_a_space_that_is_given_is_used_by_blocks(contain, planar, fitted, prepare):
    est = LatentSINDy(autoencoder=prepare(fitted[0]), symmetry="discover")
    est.fit(*(contain("memmap", array) for array in planar))
    assert_allclose(np.linalg.norm(est.coefficients_), 8**0.5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["memmap", "zarr", "h5py"])
def test_answers_are_written_into_what_is_given(tmp_path, kind, planar, fitted):
    (X, _), (_, est) = planar, fitted
    if kind == "memmap":
        latent, decoded = (
            np.lib.format.open_memmap(
                tmp_path / f"{n}.npy", "w+", np.float64, (len(X), n)
            )
            for n in (2, 40)
        )
    else:
        library = pytest.importorskip(kind)
        root = (
            library.File(tmp_path / "out.h5", "w")
            if kind == "h5py"
            else library.open_group(tmp_path / "out")
        )
        create = root.create_dataset if kind == "h5py" else root.create_array
        latent, decoded = (
            create(name, shape=(len(X), n), dtype="f8")
            for name, n in (("z", 2), ("x", 40))
        )
    assert est.transform(X, out=latent) is latent
    assert_array_equal(latent[:], est.transform(X))
    assert est.inverse_transform(latent, out=decoded) is decoded
    assert_allclose(decoded[:], X, atol=1e-6)


def test_an_output_of_another_shape_is_refused(planar, fitted):
    with pytest.raises(ValueError, match=r"out has shape \(240, 3\).*\(240, 2\)"):
        fitted[1].transform(planar[0], out=np.empty((240, 3)))


def test_a_map_that_copies_on_write_keeps_what_was_written(tmp_path, planar):
    np.save(tmp_path / "X.npy", planar[0])
    X = np.load(tmp_path / "X.npy", mmap_mode="c")
    X[:] = 7
    rows = as_rows(X, "X")
    assert_array_equal(rows[0:240], 7)
    assert_array_equal(X, 7)


def test_what_was_written_to_a_shared_map_stays(tmp_path):
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float64, (600, 40))
    X[:] = 7
    streaming.release(X)
    assert_array_equal(X, 7)
    assert_array_equal(np.load(tmp_path / "X.npy"), 7)


def test_rows_are_read_in_whole_chunks():
    class Chunked:
        shape, dtype, chunks = (1000, 10), np.dtype("f8"), (30, 10)

    bounds = {(s.start % 30, s.stop % 30) for s in Rows(Chunked(), "X").slices()[:-1]}
    assert bounds == {(0, 0)}
    Chunked.chunks = (1000, 1)  # columns: a chunk must not set the size of a block
    assert len(Rows(Chunked(), "X").slices()) > 5


@pytest.mark.parametrize("kind", CONTAINERS)
def test_numbers_that_are_not_finite_are_refused(contain, kind, planar):
    X = planar[0].copy()
    X[-1, -1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        LatentSINDy().fit(contain(kind, X), t=1.0)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        LatentSINDy().fit(contain(kind, planar[0]), contain(kind, X))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(9), r"X has shape \(9,\); give a 2-D array"),
        (np.zeros((9, 3), complex), r"X has dtype complex128; give .*real numbers"),
        (np.zeros((3, 9)), r"X has 3 sample\(s\).*minimum of 5"),
    ],
)
def test_bad_snapshots_are_named(contain, data, message):
    with pytest.raises(ValueError, match=message):
        LatentSINDy().fit(contain("memmap", data))


def test_other_mistakes_are_named(contain, planar, fitted):
    X, X_dot = planar
    large = contain("memmap", X)
    with pytest.raises(ValueError, match=r"y has shape \(240, 39\).*X_dot"):
        LatentSINDy().fit(large, contain("memmap", X_dot[:, 1:]))
    with pytest.warns(UserWarning, match="y is 1-D and is ignored"):
        LatentSymmetryDiscoverer().fit(large, contain("memmap", np.zeros(240)))
    with pytest.raises(ValueError, match=r"needs all of X.*numpy\.asarray\(X\)"):
        LatentSINDy(autoencoder="none").fit(large, X_dot)
    with pytest.raises(ValueError, match=r"X has 39 features.*expecting 40"):
        fitted[1].transform(contain("memmap", X[:, 1:]))


def test_dask_arrays_need_a_known_size():
    dask = pytest.importorskip("dask.array")
    X = dask.ones((50, 3), chunks=10)
    unknown = X[X[:, 0] > 0]
    with pytest.raises(ValueError, match=r"unknown shape.*compute_chunk_sizes\(\)"):
        LatentSINDy().fit(unknown)


def test_dask_blocks_are_reduced_where_they_are(planar):
    dask = pytest.importorskip("dask.array")
    rows = DaskRows(dask.from_array(planar[0], chunks=(70, 40)), "X")
    total = rows.reduce(lambda block, unit: unit * block.sum(), np.add, 2.0)
    assert_allclose(total, 2 * planar[0].sum())


def test_small_arrays_are_read_whole(contain, monkeypatch, planar):
    monkeypatch.setattr(streaming, "IN_MEMORY", planar[0].nbytes)
    for kind in CONTAINERS:
        assert not is_large(contain(kind, planar[0]))
        assert is_large(contain(kind, np.vstack([planar[0]] * 2)))
    assert not is_large(np.zeros((1000, 1000)))
    assert not is_large(torch.zeros(1000, 1000))


LIMITED = """
import resource
import sys

import numpy as np

from symdisc import LatentSINDy


def peak():
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


X = np.load(sys.argv[1], mmap_mode="r")
est = LatentSINDy(random_state=0)
# What any fit needs, whatever the size of X: libraries, threads and their stacks.
circle = 0.1 * np.arange(100)[:, None] - np.linspace(0, 6, 40)
est.fit(np.cos(circle), t=0.1)
before = peak()
# What the process may allocate: memory maps of files are not counted.
with open("/proc/self/status") as status:
    (line,) = (line for line in status if line.startswith("VmData"))
limit = 1024 * int(line.split()[1]) + X.nbytes // 3
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.ones(X.shape)
except MemoryError:
    print("refused")
t = np.arange(len(X)) * 0.01
est.fit(X, t=t)
Z = np.lib.format.open_memmap(sys.argv[2], "w+", X.dtype, (len(X), 2))
decoded = np.lib.format.open_memmap(sys.argv[3], "w+", X.dtype, X.shape)
est.inverse_transform(est.transform(X, out=Z), out=decoded)
print(np.linalg.norm(est.coefficients_), (peak() - before) / X.nbytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_file_of_several_times_the_memory_allowed(tmp_path):
    # The angle of a wave on a ring: all is a rotation of two modes.
    n_samples, n_features = 3000, 25000
    X = np.lib.format.open_memmap(
        tmp_path / "X.npy", "w+", np.float64, (n_samples, n_features)
    )
    place = np.linspace(0, 2 * np.pi, n_features, endpoint=False)
    for start in range(0, n_samples, 250):
        angle = 0.01 * np.arange(start, start + 250)[:, None]
        X[start : start + 250] = np.cos(place - angle)
    X.flush()
    del X
    files = [str(tmp_path / name) for name in ("X.npy", "Z.npy", "decoded.npy")]
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, *files],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    refused, answer = ran.stdout.splitlines()
    size, share = map(float, answer.split())
    assert refused == "refused"
    assert_allclose(size, np.sqrt(2), rtol=1e-3)
    # Of the memory in use, pages of the files included, the file is a multiple.
    assert share < 1 / 3
    decoded = np.load(files[2], mmap_mode="r")
    assert_allclose(decoded[-1], np.cos(place - 29.99), atol=1e-3)
