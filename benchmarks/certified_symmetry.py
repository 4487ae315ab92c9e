"""How often a symmetry is certified that is there, and how often one that is not.

Parts of the benchmark (``--part``):

protocol
    The protocol of SymCert (I. Kendiukhov, "certified-symmetry-discovery", 2026, MIT
    License: exp1_calibration): ten systems, states uniform in a box, noise on the rates
    in units of the root mean square of |F|, max_defect 0.05. Beside the default there
    is an oracle that knows the degree of the polynomials. Detected is the whole
    algebra, time translation included, as there.
breaking
    Fields whose breaking term is of a degree above the one that cross-validation takes,
    with a defect 1.2 times the tolerance.
tuned
    A rotation broken by a term of the class, with a defect of exactly the tolerance,
    and of zero.
intervals
    Coverage of nominal 95 % intervals of numbers that no choice of basis changes.
distributions
    Clouds with and without symmetry, in given coordinates.
others
    Two oscillators, equal and not; few rows of a rotation; labels of two vectors; real
    tables; noise without a symmetry.

Certified is what `lie_algebra_` holds. A certificate is false where some map in the
span of `lie_algebra_` has a defect above max_defect *over the rows drawn*, in the white
coordinates in which the package measures it, for the exact field.

Run ``python benchmarks/certified_symmetry.py --part protocol --trials 100``.
"""

import argparse
import warnings
from functools import cache

import numpy as np
import sympy
from joblib import Parallel, delayed
from scipy.linalg import eigh
from scipy.stats import fisher_exact, norm

from symdisc import Block, LatentSymmetryDiscoverer

MAX_DEFECT = 0.05
SIZES, NOISES = (200, 400, 800, 1600), (0.01, 0.03, 0.1, 0.3)
HOPF = ("x0 - x1 - x0*(x0**2 + x1**2)", "x0 + x1 - x1*(x0**2 + x1**2)")
# Name -> rates, half width of the box, degree, dimension of the symmetry.
SYSTEMS = {
    "hopf": (HOPF, 1, 3, 1),
    "lin_rot2": (("-x1", "x0"), 1, 1, 2),
    "rigid_sym": (("-x1*x2", "x0*x2", "0*x0"), 1, 2, 2),
    "sphere_flow3": (
        tuple(f"x{i}*(1 - x0**2 - x1**2 - x2**2)" for i in range(3)),
        *(1, 3, 3),
    ),
    "vanderpol": (("x1", "-x0 + x1*(1 - x0**2)"), 1, 3, 0),
    "duffing": (("x1", "x0 - x0**3 - x1/5"), 2, 3, 0),
    "lotka_volterra": (("x0 - x0*x1", "x0*x1 - x1"), 1, 2, 0),
    "selkov": (("0.1 - x0 + x1/2 + x0**2*x1", "-x1/2 - x0**2*x1"), 2, 3, 0),
    "rigid_asym": (("-x1*x2", "x0*x2", "-x0*x1/3"), 1, 2, 0),
    "lorenz": (("10*(x1 - x0)", "x0*(28 - x2) - x1", "x0*x1 - 8*x2/3"), 20, 2, 0),
}
# Detection by SymCert, which is given the degree, from its results: N by noise.
SYMCERT = {
    "hopf": "1 .067 0 0  1 .997 0 0  1 1 0 0  1 1 0 0",
    "lin_rot2": "1 1 1 0  1 1 1 0  1 1 1 0  1 1 1 1",
    "rigid_sym": "1 .1 0 0  1 1 0 0  1 1 0 0  1 1 0 0",
    "sphere_flow3": ".117 0 0 0  1 0 0 0  1 0 0 0  1 .277 0 0",
}
SPIRAL = ("-x0/10 - x1", "x0 - x1/10")
# Field, what breaks it, half width; the rotation is what is tried.
BROKEN = {
    "linear + x^3": (("-x1", "x0"), ("x0**3", "0*x0"), 1.5),
    "linear + x^5": (("-x1", "x0"), ("x0**5", "0*x0"), 1.5),
    "spiral + x^3": (SPIRAL, ("x0**3", "0*x0"), 1.5),
    "spiral + x^5": (SPIRAL, ("x0**5", "0*x0"), 1.5),
    "hopf + x^5": (HOPF, ("x0**5", "0*x0"), 1.5),
}
ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])


@cache
def compiled(rates):
    """Return a field and its Jacobian as functions of states (n, k)."""
    symbols = sympy.symbols(f"x:{len(rates)}")
    field = sympy.Matrix([sympy.sympify(rate) for rate in rates])
    parts = [sympy.lambdify(symbols, list(field), "numpy")]
    parts.append(sympy.lambdify(symbols, list(field.jacobian(symbols)), "numpy"))

    def table(part):
        def call(X):
            columns = [np.broadcast_to(c, len(X)) for c in part(*X.T)]
            return np.stack(columns, axis=1).astype(float)

        return call

    k = len(rates)
    jacobian = table(parts[1])
    return table(parts[0]), lambda X: jacobian(X).reshape(-1, k, k)


def draw(field, half_width, k, n, noise, seed):
    """Return states in a box, and rates with noise."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-half_width, half_width, (n, k))
    many = np.random.default_rng(0).uniform(-half_width, half_width, (100_000, k))
    size = np.sqrt(np.mean(np.sum(field(many) ** 2, axis=1)))
    return X, field(X) + noise * size * rng.standard_normal((n, k))


def discoverer(**options):
    """Return the estimator in given columns."""
    options = {"autoencoder": "none"} | options
    return LatentSymmetryDiscoverer(**options)


def fit(est, *data, **others):
    """Fit without warnings: equations of degree 2 do not suit these fields."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(*data, **others)


def worst_defect(est, X, field, jacobian):
    """Return the largest defect over rows of any map in the span of the algebra."""
    matrices = est.lie_algebra_.matrices
    if not len(matrices):
        return 0.0
    return np.sqrt(max(forms(X, matrices, est.transform(X), field, jacobian)[0][-1], 0))


def forms(X, matrices, z, field, jacobian):
    """Squared defects of maps of least and most change, and those maps."""
    undo = np.linalg.inv(np.linalg.cholesky(np.cov(X.T)))
    pushed = np.einsum("nij,mjk,nk->mni", jacobian(X), matrices, z) @ undo.T
    turned = np.einsum("mij,nj->mni", matrices, field(X)) @ undo.T
    pushed, turned = (part.reshape(len(matrices), -1) for part in (pushed, turned))
    change = (pushed - turned) @ (pushed - turned).T
    size = pushed @ pushed.T + turned @ turned.T
    return eigh(change, size + 1e-12 * np.trace(size) * np.eye(len(size)))


def limits(hits, n, level=0.05):
    """Wilson limits of a rate."""
    z, p = norm.ppf(1 - level / 2), hits / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    width = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return max(middle - width, 0.0), min(middle + width, 1.0)


def fewer(hits, trials, theirs, of_them=300):
    """Return the chance of so few hits, or fewer, where both rates are the same."""
    table = [[hits, trials - hits], [theirs, of_them - theirs]]
    return fisher_exact(table, alternative="less").pvalue


def protocol_fit(name, n, noise, seed, degree):
    """Return whether all was found, whether something was false, and if refuted."""
    rates, half_width, known, dimension = SYSTEMS[name]
    field, jacobian = compiled(rates)
    X, V = draw(field, half_width, len(rates), n, noise, seed)
    options = {"degree": known if degree == "known" else "auto"}
    est = fit(discoverer(symmetry_of="motion", **options), X, V)
    found = est.lie_algebra_
    count = len(found) + (found.time_translation is not None)
    false = worst_defect(est, X, field, jacobian) > MAX_DEFECT
    return count >= dimension > 0, false, found.least > 0


def protocol(trials, jobs):
    """Print detection and false certificates, cell by cell."""
    answers = {}
    for degree in ("auto", "known"):
        print(f"\ndegree={degree}, detected of {trials} | false; N by noise {NOISES}")
        for name in SYSTEMS:
            cells = [(n, noise) for n in SIZES for noise in NOISES]
            found = Parallel(jobs, backend="multiprocessing")(
                delayed(protocol_fit)(name, *cell, seed, degree)
                for cell in cells
                for seed in range(trials)
            )
            table = np.reshape(found, (len(cells), trials, 3))
            answers[degree, name] = table
            hits = table[..., 0].sum(axis=1).reshape(len(SIZES), -1)
            false = table[..., 1].sum(axis=1).reshape(len(SIZES), -1)
            rows = "  ".join(" ".join(f"{hit:3d}" for hit in row) for row in hits)
            print(f"{name:15s} {rows} | {false.sum()}", flush=True)
    summarise(answers, trials)


def summarise(answers, trials):
    """Print pooled rates with limits, and compare cells with SymCert."""
    symmetric = [name for name, (*_, dimension) in SYSTEMS.items() if dimension]
    for degree in ("auto", "known"):
        tables = [answers[degree, name] for name in SYSTEMS]
        false = sum(int(table[..., 1].sum()) for table in tables)
        n = sum(table[..., 1].size for table in tables)
        hits = np.array(
            [answers[degree, name][..., 0].sum(axis=1) for name in symmetric]
        )
        rate = hits.sum() / hits.size / trials
        low, high = limits(hits.sum(), hits.size * trials)
        at = SIZES.index(800) * len(NOISES) + NOISES.index(0.1)
        print(
            f"degree={degree}: false {false} of {n} (at most "
            f"{limits(false, n)[1]:.5f}); detected {rate:.3f} ({low:.3f} to {high:.3f})"
            f"; at N = 800, noise 0.1 {hits[:, at].mean() / trials:.3f}"
        )
        theirs = np.array([SYMCERT[name].split() for name in symmetric], dtype=float)
        # Fisher's exact test against their 300 trials, Bonferroni over cells.
        below = np.vectorize(fewer)(hits, trials, np.round(300 * theirs).astype(int))
        cells = np.argwhere(below < 0.05 / hits.size)
        names = [
            f"{symmetric[i]} N={SIZES[j // 4]} noise {NOISES[j % 4]}: "
            f"{hits[i, j]} of {trials}, theirs {theirs[i, j]:.2f}"
            for i, j in cells
        ]
        print(f"  SymCert {theirs.mean():.3f}; below it: {names or 'no cell'}")
    refuted = [answers["auto", name][..., 2].mean() for name in SYSTEMS]
    print(
        "refuted a further map:", dict(zip(SYSTEMS, np.round(refuted, 2), strict=True))
    )


def tuned_rates(base, breaking, half_width, defect):
    """Return a field whose least changed map has a given defect in a large sample."""
    X = np.random.default_rng(1).uniform(-half_width, half_width, (20_000, 2))
    basis = np.eye(6).reshape(6, 2, 3)

    def least(size):
        rates = tuple(
            f"{b} + {size}*({c})" for b, c in zip(base, breaking, strict=True)
        )
        field, jacobian = compiled(rates)
        return np.sqrt(max(affine_defects(X, basis, field, jacobian)[0], 0)), rates

    low, high = 0.0, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if least(middle)[0] < defect else (low, middle)
    return least(low)[1]


def affine_defects(X, basis, field, jacobian):
    """Squared defects of affine maps, less the affine part of the field."""
    n = len(X)
    extended = np.hstack([X, np.ones((n, 1))])
    pushed = np.einsum("nij,mjk,nk->mni", jacobian(X), basis, extended)
    turned = np.einsum("mij,nj->mni", basis[..., :-1], field(X))
    pushed, turned = (part.reshape(len(basis), -1) for part in (pushed, turned))
    change, size = (pushed - turned), pushed @ pushed.T + turned @ turned.T
    V = field(X)
    affine = np.linalg.lstsq(extended, V, rcond=None)[0]
    rest = np.sqrt(np.mean((V - extended @ affine) ** 2) / np.mean(V**2))
    free = np.eye(len(basis))
    if rest < MAX_DEFECT:
        free = np.linalg.svd((affine.T.reshape(-1) @ size)[None])[2][1:].T
    forms_ = (free.T @ q @ free for q in (change @ change.T, size))
    return eigh(*forms_, eigvals_only=True)


def certified(rates, half_width, n, noise, seed, **options):
    """Return whether a planar field is certified to have a symmetry, or refuted."""
    field, _ = compiled(rates)
    X, V = draw(field, half_width, 2, n, noise, seed)
    algebra = fit(discoverer(symmetry_of="motion", **options), X, V).lie_algebra_
    return len(algebra) > 0, algebra.least > 0


def breaking(trials, jobs):
    """Print false certificates of fields with a breaking term above the class."""
    print("certified although the least defect is 0.06, N by noise (0.03, 0.1, 0.3)")
    for name, (base, term, half_width) in BROKEN.items():
        rates = tuned_rates(base, term, half_width, 1.2 * MAX_DEFECT)
        cells = [(n, noise) for n in (400, 800) for noise in (0.03, 0.1, 0.3)]
        found = Parallel(jobs, backend="multiprocessing")(
            delayed(certified)(rates, half_width, *cell, seed)
            for cell in cells
            for seed in range(trials)
        )
        false = np.reshape(found, (len(cells), trials, 2))[..., 0].mean(axis=1)
        print(f"{name:14s}", false.round(3), flush=True)


def tuned(trials, jobs):
    """Certificates at a defect of exactly the tolerance, and of zero."""
    spiral = BROKEN["spiral + x^3"]
    hopf = (HOPF, ("x0**2", "0*x0"), 1.5)
    for name, (base, term, half_width), degree in (
        ("spiral + x^3", spiral, 3),
        ("spiral + x^3", spiral, "auto"),
        ("hopf + x^2", hopf, 3),
        ("hopf + x^2", hopf, "auto"),
    ):
        for defect in (MAX_DEFECT, 0.0):
            rates = tuned_rates(base, term, half_width, defect)
            found = np.array(
                Parallel(jobs, backend="multiprocessing")(
                    delayed(certified)(rates, half_width, 2000, 0.1, s, degree=degree)
                    for s in range(trials)
                )
            )
            share, refuted = found.mean(axis=0)
            low, high = limits(found[:, 0].sum(), trials)
            print(
                f"{name}, degree={degree}, defect {defect}: certified {share:.3f} "
                f"({low:.3f} to {high:.3f}), a map refuted {refuted:.3f}",
                flush=True,
            )


def arcs(rng, n_arcs, n_rows, correlation):
    """Return arcs of the Hopf flow with noise that is correlated along each."""
    field, _ = compiled(HOPF)
    X, V, groups = [], [], np.repeat(np.arange(n_arcs), n_rows)
    for start in rng.uniform(-1.4, 1.4, (n_arcs, 2)):
        x, own = start, []
        for _ in range(n_rows):
            own.append(x)
            half = x + 0.025 * field(x[None])[0]
            x = x + 0.05 * field(half[None])[0]
        noise = rng.standard_normal((n_rows, 2))
        for i in range(1, n_rows):
            fresh = np.sqrt(1 - correlation**2)
            noise[i] = correlation * noise[i - 1] + fresh * noise[i]
        X.append(own)
        V.append(field(np.array(own)) + 0.1 * noise)
    return np.concatenate(X), np.concatenate(V), groups


def interval(kind, seed):
    """Say whether intervals cover the entries of the generator of the Hopf field.

    The generator commutes with the field in any basis: its entries in given columns, at
    the length at which its largest eigenvalue is 1, are numbers without a gauge.
    """
    rng = np.random.default_rng(seed)
    if kind == "rows":
        X, V = draw(compiled(HOPF)[0], 1.4, 2, 400, 0.1, seed)
        groups = None
    elif kind == "long trajectories":
        X, V, groups = arcs(rng, 4, 200, 0.9)
    else:
        X, V, groups = arcs(rng, 60, 20, 0.9 if "correlated" in kind else 0.0)
    options = {"n_generators": 1, "symmetry_of": "motion"}
    est = fit(discoverer(**options, degree=3, tol=1.0), X, V, groups=groups)
    matrix, error = est.lie_algebra_.matrices[0], est.generator_error_[0]
    return (np.abs(matrix - ROTATION) <= 1.96 * error).ravel()


def rate_interval(seed):
    """Say whether the interval of the frequency of a rotation covers the truth."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (200, 2))
    V = X @ (0.906 * ROTATION).T + 0.1 * rng.standard_normal((200, 2))
    time = fit(discoverer(symmetry_of="motion"), X, V).lie_algebra_.time_translation
    return abs(time.rate - 0.906) <= 1.96 * time.rate_error


def intervals(trials, jobs):
    """Coverage of nominal 95 % intervals."""
    for kind in ("rows", "arcs", "arcs, correlated", "long trajectories"):
        found = np.mean(
            Parallel(jobs, backend="multiprocessing")(
                delayed(interval)(kind, seed) for seed in range(trials)
            ),
            axis=0,
        )
        print(
            f"{kind:18s} entries of the generator covered {found.round(3)}", flush=True
        )
    found = np.mean(
        Parallel(jobs, backend="multiprocessing")(
            delayed(rate_interval)(s) for s in range(trials)
        )
    )
    print(f"rate of time translation covered {found:.3f}")


def cloud(kind, n, seed):
    """Draw a distribution in the plane or in space."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((n, 3))
    angle = rng.uniform(0, 2 * np.pi, n)
    ring = rng.uniform(0.8, 1.2, n)[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    corner = 2 * np.pi * rng.integers(0, 6, n) / 6
    clusters = np.c_[np.cos(corner), np.sin(corner)] + 0.2 * normal[:, :2]
    return {
        "ring": ring,
        "normal": normal[:, :2],
        "sphere": normal / np.linalg.norm(normal, axis=1, keepdims=True),
        "square": rng.uniform(-1, 1, (n, 2)),
        "cube": rng.uniform(-1, 1, (n, 3)),
        "clusters": clusters,
        "Laplace": rng.laplace(size=(n, 2)),
    }[kind]


def cloud_fit(kind, n, seed):
    """Return the number of certified generators."""
    return len(fit(discoverer(), cloud(kind, n, seed)).lie_algebra_)


def distributions(trials, jobs):
    """Certified generators of clouds in given coordinates."""
    for kind, wanted in {
        "ring": 1,
        "normal": 1,
        "sphere": 3,
        "square": 0,
        "cube": 0,
        "clusters": 0,
        "Laplace": 0,
    }.items():
        row = []
        for n in (500, 1000, 2000, 5000):
            found = np.array(
                Parallel(jobs, backend="multiprocessing")(
                    delayed(cloud_fit)(kind, n, s) for s in range(trials)
                )
            )
            hits = found >= wanted if wanted else found > 0
            row.append(f"{hits.mean():.2f}")
        word = "detected" if wanted else "false"
        print(
            f"{kind:10s} {word} at 500, 1000, 2000, 5000 rows: {' '.join(row)}",
            flush=True,
        )


def two_vectors(dim, seed):
    """Return rows of two vectors, and a function of their products."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3000, 2 * dim))
    first, second = X[:, :dim], X[:, dim:]
    xx, xy, yy = (
        (a * b).sum(axis=1) for a, b in ((first,) * 2, (first, second), (second,) * 2)
    )
    return X, np.exp(-xx / dim) + np.sin(xy / dim) + np.sin(yy / dim) / 2


def other_fit(kind, seed):
    """Return what is found in one of the other settings."""
    rng = np.random.default_rng(seed)
    if kind.startswith("two"):
        X = rng.uniform(-1.5, 1.5, (2000, 4))
        V = np.c_[X[:, 1], -X[:, 0], X[:, 3], -X[:, 2]]
        if "nonlinear" in kind:
            V[:, 1], V[:, 3] = -X[:, 0] - X[:, 0] ** 3, -1.7 * np.sin(X[:, 2])
        V += 0.01 * V.std() * rng.standard_normal(V.shape)
        return fit(discoverer(symmetry_of="motion"), X, V).lie_algebra_.name
    if kind.startswith("rotation"):
        angle, radius = rng.uniform(0, 2 * np.pi, 50), rng.uniform(0.5, 1.5, 50)
        X = radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]
        V = X @ (0.906 * ROTATION).T
        V += 0.03 * V.std() * rng.standard_normal(X.shape)
        found = fit(discoverer(), X, V)
        time = found.motion_algebra_.time_translation
        return f"{found.lie_algebra_.name}, time translation {time.name}"
    if kind.startswith("labels"):
        dim = int(kind[-1])
        block = Block(dim, dim * (dim - 1) // 2, copies=2)
        options = {"symmetry_of": "labels", "representation": [block]}
        return fit(discoverer(**options), *two_vectors(dim, seed)).lie_algebra_.name
    noise = np.zeros((1000, 2))
    for i in range(1, 1000):
        noise[i] = 0.9 * noise[i - 1] + rng.standard_normal(2) * [1, 2]
    est = fit(discoverer(symmetry_of="motion"), noise, t=np.arange(1000.0))
    return est.lie_algebra_.name


def real_tables():
    """Yield the results of tables without symmetry."""
    from sklearn import datasets
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import scale

    for load in ("iris", "wine", "breast_cancer", "diabetes", "digits"):
        data = getattr(datasets, f"load_{load}")()
        for k in (2, 3):
            X = PCA(k, random_state=0).fit_transform(scale(data.data))
            states = fit(discoverer(), X).lie_algebra_.name
            target = data.target + 0.5 if load == "diabetes" else data.target
            labels = fit(discoverer(symmetry_of="labels"), X, target).lie_algebra_
            yield f"{load}, {k} modes", states, labels.name


def others(trials, jobs):
    """Answers in settings of few or special rows."""
    kinds = ["two nonlinear oscillators", "two equal linear oscillators"]
    kinds += ["rotation, 50 rows", "labels of two vectors, dim 2", "labels, dim 3"]
    for kind in [*kinds, "autoregressive noise"]:
        found = Parallel(jobs, backend="multiprocessing")(
            delayed(other_fit)(kind, seed) for seed in range(trials)
        )
        names, counts = np.unique(found, return_counts=True)
        print(
            f"{kind:30s}",
            dict(zip(names.tolist(), counts.tolist(), strict=True)),
            flush=True,
        )
    for row in real_tables():
        print(*row, sep=" | ")


PARTS = {
    "protocol": (protocol, 100),
    "breaking": (breaking, 100),
    "tuned": (tuned, 1000),
    "intervals": (intervals, 400),
    "distributions": (distributions, 40),
    "others": (others, 20),
}


def main():
    """Run one part, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    for name in PARTS if args.part == "all" else [args.part]:
        part, trials = PARTS[name]
        print(f"== {name}")
        part(args.trials or trials, args.jobs)


if __name__ == "__main__":
    main()
