"""A line through runs that are measured in several languages each: a mixed-effects model.

score = language + slope · dose + run + rest: languages have levels of their own, and each run (an arm with a seed) an effect
that its languages share, so that five languages of one training are not taken for five trainings.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def slope(scores: Array, doses: Array, alpha: float) -> tuple[float, float, float] | None:
    """Returns the slope of scores [S, A, C] over the arms' doses [A], and the ends of its 1 - `alpha` interval.

    By restricted maximum likelihood (Laird and Ware 1982), Wald's interval with Student's t and as many degrees of freedom
    as runs less two; with one column it is a plain regression over runs. None where nothing can be fitted: too few runs, or
    nothing that varies.
    """
    from scipy.stats import t
    from statsmodels.regression.linear_model import OLS
    from statsmodels.regression.mixed_linear_model import MixedLM

    n_seeds, n_arms, n_columns = scores.shape
    runs = np.repeat(np.arange(n_seeds * n_arms), n_columns)
    dose = np.broadcast_to(doses[None, :, None], scores.shape).ravel()
    language = np.broadcast_to(np.arange(n_columns), scores.shape).ravel()
    levels = (language[:, None] == np.arange(n_columns)).astype(np.float64)
    y = scores.ravel()
    if n_seeds * n_arms < 4 or not np.isfinite(y).all() or not np.ptp(y) or not np.ptp(doses):
        return None
    design = np.column_stack([dose, levels])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on the edge of the space, where runs have no effect, the fit says so
        try:
            if n_columns == 1:  # what is of the run and what is the rest cannot be told apart
                fitted = OLS(y, design).fit()
                estimate, error = float(fitted.params[0]), float(fitted.bse[0])
            else:
                fitted = MixedLM(y, design, groups=runs).fit(reml=True)
                estimate, error = float(fitted.fe_params[0]), float(fitted.bse_fe[0])
        except (np.linalg.LinAlgError, ValueError):
            return None
    if not (np.isfinite(estimate) and np.isfinite(error)):
        return None
    room = float(t.isf(alpha / 2, n_seeds * n_arms - 2)) * error
    return estimate, estimate - room, estimate + room
