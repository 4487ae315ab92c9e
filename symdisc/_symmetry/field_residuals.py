"""Which maps commute with a motion, or leave labels unchanged: functions of rows.

Rates v = F(z) + noise, or labels, are fitted by least squares in functions that are
orthonormal over the rows, F = q C, with errors of C of known covariance. The residuals
DF L z - L F of a motion, and grad f . L z of labels, are linear in C for a fixed map L
and in L for fixed C. The defect of a motion divides by (|DF L z|^2 + |L F|^2)^(1/2), as
Kendiukhov's SymCert does (2026), that of labels by | |grad f| |L z| |.
"""

import numpy as np
from scipy.stats import f as f_distribution

from symdisc._data.splits import independent_blocks
from symdisc._numerics.norm_bounds import KroneckerSum, Spread
from symdisc._symmetry.function_class import choose_class, orthonormal_functions
from symdisc._symmetry.residuals import Residuals

MAX_ROWS = 4000
# Covariances of residuals are averaged over as many rows as that many products allow.
MOST_PRODUCTS = 1e9
# Level of the test of whether noise is equally large in all rows.
LEVEL_OF_UNEQUAL_NOISE = 0.01


class FittedFunctions:
    """Functions of white data, by least squares in functions orthonormal over the rows.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    v : ndarray of shape (n, m)
    function_class : FunctionClass
    groups : array-like of shape (n,), optional

    Attributes
    ----------
    function_class, data
        As given; the data are (z, v, groups).
    values : ndarray of shape (n, p)
        The orthonormal functions, q.
    slopes : ndarray of shape (n, p, k)
    vanishing, faint : ndarray of shape (n, p0, k)
        Slopes of functions that are zero on all rows, sums of squares 1 of functions
        of mean square 1: data do not tell how what is fitted goes on along them.
    coefficients : ndarray of shape (p, m)
    errors : ndarray of shape (q, p, m)
        The sum of their outer products is the covariance of the coefficients.
    dof : float
    root : ndarray of shape (m, m) or None
        Where rows have independent noise of equal size: `errors` are the products of
        its rows and single functions.
    """

    root = None

    def __init__(self, z, v, function_class, groups=None):
        self.function_class, self.data, n = function_class, (z, v, groups), len(z)
        found = orthonormal_functions(z, function_class)
        self.values, self.slopes, self.vanishing, self.faint = found
        self.coefficients = self.values.T @ v / n
        residual = v - self.values @ self.coefficients
        if n < 2 * self.values.shape[1]:
            residual = v  # too few rows to tell a function from noise
        self.errors, self.dof = self._errors(residual, groups)

    def _errors(self, residual, groups):
        n, p = self.values.shape
        m = residual.shape[1]
        blocks = independent_blocks(residual, groups)
        n_blocks = int(blocks.max()) + 1
        if n_blocks == 1 or (n_blocks == n and not self._is_unequal(residual)):
            # Rows of one piece count as one row.
            dof = max(n_blocks - p, 1)
            covariance = residual.T @ residual / n / dof
            scale = np.trace(covariance) / m
            root = np.linalg.cholesky(covariance + 1e-14 * (scale + 1e-30) * np.eye(m))
            self.root = root.T
            errors = np.einsum("jl,im->lmji", np.eye(p), root)
            return errors.reshape(p * m, p, m), dof
        flat = self._clustered(residual, blocks, n_blocks).reshape(n_blocks, p * m)
        if n_blocks > p * m:
            # As many columns as coefficients have the same sum of outer products.
            flat = np.linalg.qr(flat, mode="r")
        return flat.reshape(-1, p, m), n_blocks - 1

    def _is_unequal(self, residual):
        """Test whether squares of residuals depend on the rows (1 %)."""
        n, p = self.values.shape
        squares = np.sum(residual**2, axis=1)
        squares = squares - squares.mean()
        total = np.sum(squares**2)
        if n <= 2 * p or total == 0:
            return False
        explained = np.sum((self.values.T @ squares / n) ** 2) * n
        left = max(total - explained, np.finfo(float).tiny)
        statistic = explained / (p - 1) / (left / (n - p)) if p > 1 else 0.0
        return f_distribution.sf(statistic, p - 1, n - p) < LEVEL_OF_UNEQUAL_NOISE

    def _clustered(self, residual, blocks, n_blocks):
        """Return the contribution of each block to the error of the coefficients.

        Residuals of a block are enlarged by what the fit took from them (bias-reduced
        linearisation: Bell and McCaffrey, Survey Methodology 28 (2002), 169-181).
        """
        n, p = self.values.shape
        if n_blocks == n:
            leverage = np.sum(self.values**2, axis=1) / n
            shares = residual / np.sqrt(np.maximum(1 - leverage, 0.01))[:, None] / n
            return self.values[:, :, None] * shares[:, None]
        parts = np.empty((n_blocks, p, residual.shape[1]))
        for block, rows in enumerate(_rows_of(blocks, n_blocks)):
            q = self.values[rows]
            taken, turn = np.linalg.eigh(q @ q.T / n)
            enlarged = (
                turn.T @ residual[rows] / np.sqrt(np.maximum(1 - taken, 0.01))[:, None]
            )
            parts[block] = q.T @ (turn @ enlarged) / n
        return parts

    def fitted(self):
        """Fitted values at the rows, of shape (n, m)."""
        return self.values @ self.coefficients


def _rows_of(blocks, n_blocks):
    order = np.argsort(blocks, kind="stable")
    return np.split(order, np.searchsorted(blocks[order], np.arange(1, n_blocks)))


class FieldResiduals(Residuals):
    """Residuals of maps of a fitted function.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    functions : FittedFunctions
    turns : bool
        Whether a map also turns the values, as it turns rates, or leaves them, as it
        leaves labels.
    weights : ndarray of shape (n, m), optional
        Of the residuals.
    poorer : FittedFunctions, optional
        A fit that lacks what the other added last, where that may lack as much.
    """

    def __init__(self, z, functions, *, turns, weights=None, poorer=None):
        step = -(-len(z) // MAX_ROWS)
        self.z = np.hstack([z, np.ones((len(z), 1))])[::step]
        self.q, self.slopes = functions.values[::step], functions.slopes[::step]
        n, m = len(self.z), functions.coefficients.shape[1]
        self.weights = np.ones((n, m)) if weights is None else weights[::step]
        self.turns, self.errors = turns, functions.errors
        self.root = functions.root
        k = z.shape[1]
        values = self.q @ functions.coefficients
        jacobian = np.matmul(functions.coefficients.T, self.slopes)
        moved, turned = self._changes(values, jacobian)
        residual = moved - turned
        if turns:
            size = moved @ moved.T + turned @ turned.T
        else:
            steep = np.sum((self.weights[..., None] * jacobian) ** 2, axis=(1, 2))
            size = np.kron(np.eye(k), np.einsum("n,nb,nc->bc", steep, self.z, self.z))
        noise = self._noise_in_forms()
        self.faint = functions.faint[::step]
        beyond = self._beyond(functions.vanishing[::step], np.mean(values**2))
        residual = np.hstack([residual / np.sqrt(n), beyond])
        rest = functions.dof, self.z[:, :k], *noise
        super().__init__(residual, size / n, (k, k + 1), *rest)
        if turns:
            self.largest = 2.0
        if poorer is not None:
            added = values - (poorer.values @ poorer.coefficients)[::step]
            slopes = np.matmul(poorer.coefficients.T, poorer.slopes[::step])
            moved, turned = self._changes(added, jacobian - slopes)
            self.missed = (moved - turned) / np.sqrt(n)

    def _changes(self, values, jacobian):
        """Return what each elementary map makes of a function, and of its values."""
        n, m, k = jacobian.shape
        moved = np.einsum("ni,nia,nb->niab", self.weights, jacobian, self.z)
        moved = moved.reshape(n * m, -1).T
        if not self.turns:
            return moved, 0.0
        turned = np.zeros((n, k, k, k + 1))
        turned[..., :k] = np.einsum("ia,nb->niab", np.eye(k), values)
        return moved, turned.reshape(n * k, -1).T

    def _beyond(self, vanishing, scale):
        """Residuals of what the data do not tell: a factor of their quadratic form."""
        k = self.z.shape[1] - 1
        if not vanishing.shape[1]:
            return np.zeros((k * (k + 1), 0))
        factors = vanishing, vanishing, self.z, self.z
        form = np.einsum("npa,npc,nb,nd->abcd", *factors, optimize=True)
        form = form.reshape((k * (k + 1),) * 2)
        values, vectors = np.linalg.eigh(form / len(self.z) * scale)
        return vectors * np.sqrt(np.maximum(values, 0.0))

    def _noise_in_forms(self):
        """Return what noise adds on average to the forms of sizes and of changes."""
        k, n = self.z.shape[1] - 1, len(self.z)
        if not self.turns:
            noise = noise_of_slopes(self.slopes, self.errors)
            steep = np.sum(self.weights**2 * noise, axis=1)
            moved = np.einsum("n,nb,nc->bc", steep, self.z, self.z) / n
            return np.kron(np.eye(k), moved), self._noise_of_labels()
        flat = self.errors.transpose(1, 0, 2)
        root = _root(np.einsum("jsi,lsi->jl", flat, flat, optimize=True))
        slopes = np.einsum("nja,jl->nla", self.slopes, root, optimize=True)
        pushed = np.einsum("nla,nb->nlab", slopes, self.z).reshape(-1, k * (k + 1))
        size = pushed.T @ pushed / n
        ck = np.einsum("sji,sjl->il", self.errors, self.errors, optimize=True)
        turned = np.zeros((k, k + 1, k, k + 1))
        turned[:, :k, :, :k] = np.einsum("ac,bd->abcd", np.eye(k), ck)
        size = size + turned.reshape(size.shape)
        cross = np.zeros((k, k + 1, k, k + 1))
        cross[..., :k] = self._cross_noise()
        cross = cross.reshape(size.shape)
        return size, size - cross - cross.T

    def _cross_noise(self):
        """Sum over errors of the products of DF z_b and F_d, (k, k + 1, k, k)."""
        n, p, k = self.slopes.shape
        rows = int(np.clip(MOST_PRODUCTS / (len(self.errors) * p * k * k), 50, n))
        rows = slice(None, None, -(-n // rows))
        q, slopes, z = self.q[rows], self.slopes[rows], self.z[rows]
        total = np.zeros((k, k + 1, k, k))
        for error in self.errors:
            moved = np.einsum("nja,jc->nac", slopes, error, optimize=True)
            products = np.einsum("nb,nd->nbd", z, q @ error).reshape(len(z), -1)
            product = moved.reshape(len(z), -1).T @ products
            total += product.reshape(k, k, k + 1, k).transpose(0, 2, 1, 3)
        return total / len(z)

    def _noise_of_labels(self):
        """Mean square of the noise of grad f . L z, as a form of L."""
        k, n = self.z.shape[1] - 1, len(self.z)
        total = np.zeros((k, k + 1, k, k + 1))
        for i, weight in enumerate(self.weights.T):
            own = self.errors[:, :, i]
            slopes = self.slopes.transpose(0, 2, 1) @ _root(own.T @ own)
            slopes = slopes * weight[:, None, None]
            form = (slopes @ slopes.transpose(0, 2, 1)).reshape(n, -1)
            pairs = np.einsum("nb,nd->nbd", self.z, self.z).reshape(n, -1)
            product = (form.T @ pairs).reshape(k, k, k + 1, k + 1)
            total += product.transpose(0, 2, 1, 3)
        return total.reshape(k * (k + 1), -1) / n

    def noise(self, flat, removed):
        """See `Residuals.noise`."""
        n, k, m = len(self.z), self.shape[0], self.errors.shape[2]
        matrix = flat.reshape(self.shape)
        moved = (self.slopes @ (self.z @ matrix.T)[:, :, None])[..., 0]
        removed = removed[:, : n * m].reshape(len(removed), n, m) / np.sqrt(n)
        if np.ptp(self.weights) > 0:
            return self._noise_of_weighted(moved, removed)
        turn = matrix[:, :k] if self.turns else None
        return noise_of_change(moved, self.q, turn, self, removed)

    def _noise_of_weighted(self, moved, removed):
        """Return noise of outputs with weights of their own, such as classes."""
        n = len(self.weights)
        own = [moved * weight[:, None] for weight in self.weights.T]
        columns = self.errors.reshape(len(self.errors), -1)
        pairs = zip(np.moveaxis(self.errors, 2, 0), own, strict=True)
        total = sum(e @ (x.T @ x / n) @ e.T for e, x in pairs)
        inner = np.stack([removed[:, :, i] @ x for i, x in enumerate(own)], axis=2)
        inner = inner.reshape(len(removed), columns.shape[1]) @ columns.T
        return Spread.of(total - inner.T @ inner), inner


def noise_of_change(moved, q, turn, functions, removed):
    """Noise of the residual ``moved C - q C turn^T`` of a map, for fitted C.

    Parameters
    ----------
    moved, q : ndarray of shape (n, p)
        What the map makes of the functions, and these.
    turn : ndarray of shape (m, m) or None
        What it makes of the values; None where they stay as they are.
    functions : FittedFunctions
        Its `errors` and `root` are read.
    removed : ndarray of shape (r, n, m)
        Orthonormal residuals, over the root of n.

    Returns
    -------
    outside, inside
        See `Residuals.noise`.
    """
    n, m = len(moved), functions.errors.shape[2]
    terms = [(moved.T @ moved, np.eye(m))]
    inner = np.einsum("rni,nj->rji", removed, moved, optimize=True)
    if turn is not None:
        cross = moved.T @ q
        terms += [(-cross, turn), (-cross.T, turn.T)]
        terms.append((q.T @ q, turn.T @ turn))
        inner -= np.einsum("rnl,nj,li->rji", removed, q, turn, optimize=True)
    if functions.root is not None:
        p, root = inner.shape[1], functions.root
        inner = (inner @ root.T).reshape(len(inner), p * m)
        terms = [(a / n, root @ b @ root.T) for a, b in terms]
        return KroneckerSum(terms).spread(inner), inner
    columns = functions.errors.reshape(len(functions.errors), -1)
    gram = sum(np.kron(a / n, b) for a, b in terms)
    inner = inner.reshape(len(removed), columns.shape[1]) @ columns.T
    return Spread.of(columns @ gram @ columns.T - inner.T @ inner), inner


def noise_of_slopes(slopes, errors):
    """Variance of the gradient of each output at each row, of shape (n, m).

    Parameters
    ----------
    slopes : ndarray of shape (n, p, k)
    errors : ndarray of shape (q, p, m)
        See `FittedFunctions`.
    """
    covariances = np.einsum("sji,sli->ijl", errors, errors, optimize=True)
    roots = (slopes.transpose(0, 2, 1) @ _root(c) for c in covariances)
    return np.stack([np.sum(root**2, axis=(1, 2)) for root in roots], axis=1)


def _root(form):
    values, vectors = np.linalg.eigh(form)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def motion_residuals(z, z_dot, groups=None, function_class=None):
    """Residuals of affine maps of a motion.

    Parameters
    ----------
    z, z_dot : ndarray of shape (n, k) each
        White data and rates of unit mean square.
    groups : array-like of shape (n,), optional
    function_class : FunctionClass, optional
        By default chosen by cross-validation.

    Returns
    -------
    FieldResiduals
        With what was fitted as `functions`.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.field_residuals import motion_residuals
    >>> z = np.random.default_rng(0).uniform(-1.7, 1.7, (1000, 2))
    >>> hopf = (1 - (z**2).sum(1, keepdims=True)) * z + z @ [[0, 1], [-1, 0]]
    >>> errors, maps = motion_residuals(z, hopf / hopf.std()).solve()
    >>> (errors < 0.01).tolist()
    [True, False, False, False, False, False]
    """
    if function_class is None:
        function_class = choose_class(z, z_dot, groups)
    functions = FittedFunctions(z, z_dot, function_class, groups)
    poorer = None
    if function_class.is_last:
        poorer = FittedFunctions(z, z_dot, function_class.poorer(), groups)
    found = FieldResiduals(z, functions, turns=True, poorer=poorer)
    found.functions = functions
    return found
