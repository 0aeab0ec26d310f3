"""Closed-form fits of one network's features to another's, in NumPy: how the slim VGG-19 starts and is read out.

Feature maps are float32 (k, h, w, n): n features of k pictures. `rows` are indices into their k * h * w positions.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

RIDGE = 1e-4  # penalty, as a share of the mean square of the columns


def ridge(x: np.ndarray, y: np.ndarray, intercept: bool = True) -> np.ndarray:
    """Ridge regression: the linear map from rows of x to rows of y with the least squared error and a small penalty.

    Parameters
    ----------
    x : ndarray, shape (r, n)
    y : ndarray, shape (r, m)
    intercept : bool
        Whether to fit a constant, too.

    Returns
    -------
    ndarray of float32, shape (n, m), or (n + 1, m) with an intercept, which is the last row
        Solved from the normal equations in float64.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0]], np.float32)
    >>> ridge(x, 3 * x + 1).round(2).tolist()
    [[3.0], [1.0]]
    """
    if intercept:
        x = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)
    square = x.T.astype(np.float64) @ x
    square[np.diag_indices_from(square)] += RIDGE * np.trace(square) / len(square)
    return scipy.linalg.solve(square, x.T.astype(np.float64) @ y, assume_a="pos").astype(np.float32)


def ranking(features: np.ndarray) -> np.ndarray:
    """The columns of features (r, n) in the order in which each adds most to the span of those before it: (n,).

    The order of QR with column pivoting.

    Examples
    --------
    >>> ranking(np.array([[3.0, 2.9, 0.0], [0.0, 0.0, 1.0]])).tolist()
    [0, 2, 1]
    """
    gram = features.T.astype(np.float64) @ features
    # The Cholesky factor is the triangle of a QR decomposition, from a much smaller matrix: pivoting chooses the same columns.
    triangle = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) * np.eye(len(gram))).T
    return scipy.linalg.qr(triangle, mode="r", pivoting=True)[-1]


def readout(projection: np.ndarray) -> np.ndarray:
    """The L (n, n) that measures features x as a projection P (n, N) does: |x L| = |x P|, as L L' = P P' (Cholesky).

    Examples
    --------
    >>> matrix = readout(np.array([[3.0, 4.0], [0.0, 1.0]]))
    >>> (matrix @ matrix.T).round(3).tolist()
    [[25.0, 4.0], [4.0, 1.0]]
    """
    metric = projection @ projection.T
    return np.linalg.cholesky(metric + 1e-7 * np.trace(metric) / len(metric) * np.eye(len(metric)))


def pool(maps: np.ndarray) -> np.ndarray:
    """Average pooling, 2x2 with stride 2: (k, h, w, n) to (k, h/2, w/2, n); h and w are even."""
    return (maps[:, ::2, ::2] + maps[:, 1::2, ::2] + maps[:, ::2, 1::2] + maps[:, 1::2, 1::2]) / 4


def patches(maps: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The zero-padded 3x3 neighborhoods of some positions: (k, h, w, n) to (r, 9 n), in the order of a kernel (3, 3, n, m)."""
    k, h, w, _ = maps.shape
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    picture, y, x = np.unravel_index(rows, (k, h, w))
    return np.concatenate([padded[picture, y + i, x + j] for i in range(3) for j in range(3)], axis=1)
