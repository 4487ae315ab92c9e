"""Fits of pysindy for ``equation_recovery.py``, in an environment of their own.

Run it as ``python benchmarks/_pysindy_fits.py DATA.npz FOUND.json``. It reads the times
``t|NAME``, the degree ``degree|NAME`` and the noisy states ``X|NAME|NOISE``, of shape
(2, n_rows, n_variables), and writes what every setting finds:

``stlsq``     all defaults: finite differences, STLSQ with threshold 0.1;
``weak``      WeakPDELibrary with its 100 domains, and STLSQ by default;
``weak sr3``  the same with SR3 on normalised columns, as in the example of the
              documentation for equations of motion (threshold 0.05, l1);
``weak 1000`` 1000 domains, as that example recommends more of them, and STLSQ almost
              without ridge penalty, which weighs on integrals more than on rates;
``ensemble``  EnsembleOptimizer: medians of 20 fits of STLSQ to bootstrapped rows.
"""

import json
import sys
import time
import warnings

import numpy as np
import pysindy


def main():
    """Fit all data sets."""
    source, target = sys.argv[1:]
    warnings.simplefilter("ignore")
    data = np.load(source)
    found = {}
    for key in data.files:
        if key.startswith("X|"):
            name = key.split("|")[1]
            t, degree = data[f"t|{name}"], int(data[f"degree|{name}"])
            found[key] = {s: _fit(s, data[key], t, degree) for s in SETTINGS}
    with open(target, "w") as file:
        json.dump(found, file)


def _fit(setting, X, t, degree):
    np.random.seed(0)  # noqa: NPY002 (pysindy draws from the global generator)
    polynomials = pysindy.PolynomialLibrary(degree=degree)
    names = [f"z{i}" for i in range(X.shape[2])]
    start = time.perf_counter()
    try:
        model = SETTINGS[setting](polynomials, t)
        model.fit(list(X), t=t, feature_names=names)
    except Exception as error:
        return {"error": repr(error), "seconds": time.perf_counter() - start}
    texts = model.get_feature_names()
    return {
        "coefficients": np.asarray(model.coefficients()).tolist(),
        "terms": [text.replace(" ", "*").replace("^", "**") for text in texts],
        "seconds": time.perf_counter() - start,
    }


def _stlsq(polynomials, t):
    return pysindy.SINDy(
        optimizer=pysindy.STLSQ(),
        feature_library=polynomials,
        differentiation_method=pysindy.FiniteDifference(),
    )


def _weak(polynomials, t, optimizer=None, n_domains=100):
    library = pysindy.WeakPDELibrary(
        function_library=polynomials,
        spatiotemporal_grid=t,
        is_uniform=True,
        K=n_domains,
    )
    return pysindy.SINDy(
        optimizer=optimizer or pysindy.STLSQ(), feature_library=library
    )


def _weak_sr3(polynomials, t):
    optimizer = pysindy.SR3(
        reg_weight_lam=0.05,
        regularizer="l1",
        max_iter=1000,
        normalize_columns=True,
        tol=1e-1,
    )
    return _weak(polynomials, t, optimizer)


def _weak_1000(polynomials, t):
    return _weak(polynomials, t, pysindy.STLSQ(alpha=1e-12), n_domains=1000)


def _ensemble(polynomials, t):
    return pysindy.SINDy(
        optimizer=pysindy.EnsembleOptimizer(pysindy.STLSQ(), bagging=True),
        feature_library=polynomials,
    )


SETTINGS = {
    "stlsq": _stlsq,
    "weak": _weak,
    "weak sr3": _weak_sr3,
    "weak 1000": _weak_1000,
    "ensemble": _ensemble,
}


if __name__ == "__main__":
    main()
