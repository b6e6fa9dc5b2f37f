"""Lesson 03: Bayes' rule, likelihood, mean and covariance, w and b, naive Bayes, F1."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "03"


# --- 03.1 ------------------------------------------------------------------------------------


def posterior(likelihood_1, likelihood_2, prior_1):
    joint_1 = likelihood_1 * prior_1
    joint_2 = likelihood_2 * (1 - prior_1)
    return joint_1 / (joint_1 + joint_2)


def _likelihoods(random):
    """Return P(x | C1), P(x | C2) and P(C1), the marbles first."""
    cases = [(0.8, 0.4, 2 / 3), (0.002, 0.0005, 0.3)]
    return cases + [tuple(map(float, random.uniform(0.05, 0.95, 3))) for _ in range(4)]


POSTERIOR = Exercise(
    key="03.1",
    title="the posterior",
    task="Return P(C1 | x) from P(x | C1), P(x | C2) and P(C1), by Bayes' rule.",
    solution=posterior,
    inputs=_likelihoods,
    slips={
        "the prior is left out: each likelihood is multiplied by the prior of its class.": (
            lambda likelihood_1, likelihood_2, prior_1: likelihood_1 / (likelihood_1 + likelihood_2)
        ),
        "the prior is missing above: the numerator is P(x | C1) P(C1).": (
            lambda likelihood_1, likelihood_2, prior_1: (
                posterior(likelihood_1, likelihood_2, prior_1) / prior_1
            )
        ),
        "parentheses are missing: … * 1 - p subtracts p at the end; write … * (1 - p).": (
            lambda likelihood_1, likelihood_2, prior_1: (
                likelihood_1 * prior_1 / (likelihood_1 * prior_1 + likelihood_2 - prior_1)
            )
        ),
        "parentheses are missing: a / a + b divides first; write a / (a + b).": (
            lambda likelihood_1, likelihood_2, prior_1: 1 + likelihood_2 * (1 - prior_1)
        ),
        "parentheses are missing: a * p / a * p is a·p²/a, and the second term is added to it; "
        "write a * p / (a * p + …).": (
            lambda likelihood_1, likelihood_2, prior_1: prior_1**2 + likelihood_2 * (1 - prior_1)
        ),
        "parentheses are missing: 1 - p * b multiplies first; write (1 - p) * b.": (
            lambda likelihood_1, likelihood_2, prior_1: (
                likelihood_1 * prior_1 / (likelihood_1 * prior_1 + 1 - prior_1 * likelihood_2)
            )
        ),
        "1 − P(x | C1) is no P(x | C2): it is the chance of another x in C1. P(x | C2) is given.": (
            lambda likelihood_1, likelihood_2, prior_1: posterior(
                likelihood_1, 1 - likelihood_1, prior_1
            )
        ),
        "the denominator is P(x | C2) alone: it is the sum of both P(x | C) P(C).": (
            lambda likelihood_1, likelihood_2, prior_1: likelihood_1 * prior_1 / likelihood_2
        ),
        "these are both posteriors; P(C1 | x) alone is wanted.": (
            lambda *case: (posterior(*case), 1 - posterior(*case))
        ),
        "this is only the numerator, P(x | C1) P(C1): divide it by P(x).": (
            lambda likelihood_1, likelihood_2, prior_1: likelihood_1 * prior_1
        ),
        "this is P(x), the denominator: how probable x is in all.": (
            lambda likelihood_1, likelihood_2, prior_1: (
                likelihood_1 * prior_1 + likelihood_2 * (1 - prior_1)
            )
        ),
        "the priors have changed places: P(C1) goes with P(x | C1).": (
            lambda likelihood_1, likelihood_2, prior_1: posterior(
                likelihood_1, likelihood_2, 1 - prior_1
            )
        ),
        "this is P(C2 | x), the posterior of the other class.": lambda *case: 1 - posterior(*case),
        "these are the odds of C1 against C2: the denominator is the sum of both terms.": (
            lambda likelihood_1, likelihood_2, prior_1: (
                likelihood_1 * prior_1 / (likelihood_2 * (1 - prior_1))
            )
        ),
        "the priors are missing below: P(x) is the sum of both P(x | C) P(C).": (
            lambda likelihood_1, likelihood_2, prior_1: (
                likelihood_1 * prior_1 / (likelihood_1 + likelihood_2)
            )
        ),
        "the second term below lacks its prior, P(C2) = 1 − P(C1).": (
            lambda likelihood_1, likelihood_2, prior_1: (
                likelihood_1 * prior_1 / (likelihood_1 * prior_1 + likelihood_2)
            )
        ),
    },
    hints=(
        "Of all the x that occur, which part comes from class 1? The part above, all x below.",
        "P(x | C1) P(C1) / (P(x | C1) P(C1) + P(x | C2) P(C2)), and P(C2) = 1 − P(C1).",
    ),
)


# --- 03.2 ------------------------------------------------------------------------------------


def log_likelihood(x, mean, sigma):
    squares = (x - mean) ** 2 / (2 * sigma**2)
    return np.sum(-squares - np.log(sigma * np.sqrt(2 * np.pi)))


def _samples(random):
    cases = [(np.array([1.0]), 0.0, 2.0)]
    for n in (2, 5, 400):
        mean, sigma = random.normal(50, 10), random.uniform(3, 20)
        cases.append((random.normal(mean, sigma, n), float(mean + 1), float(sigma)))
    return cases


def _densities(x, mean, sigma):
    return np.exp(-((x - mean) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def _log_with(square_factor, normaliser):
    """Return a log likelihood with this factor on the squares and this logarithm a point."""
    return lambda x, mean, sigma: np.sum(
        -square_factor(sigma) * (x - mean) ** 2 - normaliser(sigma)
    )


def _right_factor(sigma):
    return 1 / (2 * sigma**2)


def _right_normaliser(sigma):
    return np.log(sigma * np.sqrt(2 * np.pi))


LOG_LIKELIHOOD = Exercise(
    key="03.2",
    title="the log likelihood",
    task="Return ln L(μ, σ) = ∑ ln N(xₙ; μ, σ²) of a sample x.",
    solution=log_likelihood,
    inputs=_samples,
    slips={
        "the sign is flipped: this is −ln L, the loss that one would minimise.": (
            lambda *case: -log_likelihood(*case)
        ),
        "these are the terms, one a point: ln L is their sum.": (
            lambda x, mean, sigma: (
                -((x - mean) ** 2) / (2 * sigma**2) - np.log(sigma * np.sqrt(2 * np.pi))
            )
        ),
        "parentheses are missing: / 2 * sigma**2 multiplies by σ²; write / (2 * sigma**2).": (
            _log_with(lambda sigma: sigma**2 / 2, _right_normaliser)
        ),
        "the exponent lacks its minus: −(x − μ)²/(2σ²).": (
            _log_with(lambda sigma: -1 / (2 * sigma**2), _right_normaliser)
        ),
        "the logarithm of 1/(σ√(2π)) is negative: subtract ln(σ√(2π)).": (
            _log_with(_right_factor, lambda sigma: -_right_normaliser(sigma))
        ),
        "ln √(2πσ²) is half of ln(2πσ²): the 1/2 is missing.": (
            _log_with(_right_factor, lambda sigma: np.log(2 * np.pi * sigma**2))
        ),
        "this is the logarithm to base 10; np.log is the natural one.": (
            lambda *case: log_likelihood(*case) / np.log(10)
        ),
        "this is L itself, the product of the densities: of 400 points it is too small for a "
        "computer, and comes out as 0; take the logarithm of each factor and add.": (
            lambda x, mean, sigma: np.prod(_densities(x, mean, sigma))
        ),
        "right for few points, but the product of 400 small numbers comes out as 0, and ln 0 is "
        "−∞: take the logarithm of each factor, then add.": (
            lambda x, mean, sigma: np.log(np.prod(_densities(x, mean, sigma)))
        ),
        "this is the sum of the densities; ln L is the sum of their logarithms.": (
            lambda x, mean, sigma: np.sum(_densities(x, mean, sigma))
        ),
        "parentheses are missing: 1 / σ * √(2π) multiplies by √(2π); write 1 / (σ * √(2π)).": (
            _log_with(_right_factor, lambda sigma: np.log(sigma / np.sqrt(2 * np.pi)))
        ),
        "(2 * σ)**2 is 4σ²; the exponent has 2 * σ**2.": (
            _log_with(lambda sigma: 1 / (2 * sigma) ** 2, _right_normaliser)
        ),
        "σ is taken for the variance: σ² is the variance, in the exponent and in the factor.": (
            _log_with(lambda sigma: 1 / (2 * sigma), lambda sigma: np.log(2 * np.pi * sigma) / 2)
        ),
        "the deviation is not squared: the exponent is −(x − μ)²/(2σ²).": (
            lambda x, mean, sigma: np.sum(-(x - mean) / (2 * sigma**2) - _right_normaliser(sigma))
        ),
        "these are the factors 1/(σ√(2π)) alone: the exponents −(x − μ)²/(2σ²) are missing.": (
            _log_with(lambda sigma: 0.0, _right_normaliser)
        ),
        "the deviations are added before they are squared; the sum is over the squares.": (
            lambda x, mean, sigma: (
                -(np.sum(x - mean) ** 2) / (2 * sigma**2) - len(x) * _right_normaliser(sigma)
            )
        ),
        "μ is the argument `mean`; here it is the average of x.": (
            lambda x, mean, sigma: log_likelihood(x, x.mean(), sigma)
        ),
        "μ and σ are the arguments; here they are the average and the spread of x.": (
            lambda x, mean, sigma: log_likelihood(x, x.mean(), x.std())
        ),
        "σ is the argument `sigma`; here it is the spread of x.": (
            lambda x, mean, sigma: log_likelihood(x, mean, x.std())
        ),
        "this is the logarithm of the sum; it is the product whose logarithm is wanted.": (
            lambda x, mean, sigma: np.log(np.sum(_densities(x, mean, sigma)))
        ),
        "this is the mean of the log densities; ln L is their sum.": (
            lambda x, mean, sigma: log_likelihood(x, mean, sigma) / len(x)
        ),
        "the factor 1/(σ√(2π)) of the density is missing: without it a wide curve would cost "
        "nothing.": _log_with(_right_factor, lambda sigma: 0.0),
        "the √(2π) of the density is missing.": _log_with(_right_factor, np.log),
        "the factor in front of the exponential is 1/(σ√(2π)); here it is 1/(σ²√(2π)).": (
            _log_with(_right_factor, lambda sigma: np.log(sigma**2 * np.sqrt(2 * np.pi)))
        ),
        "the exponent lacks its 1/2: it is (x − μ)²/(2σ²).": (
            _log_with(lambda sigma: 1 / sigma**2, _right_normaliser)
        ),
        "σ is not squared in the exponent: it is (x − μ)²/(2σ²).": (
            _log_with(lambda sigma: 1 / (2 * sigma), _right_normaliser)
        ),
        "the factor 1/(σ√(2π)) belongs to every point; here it is counted once.": (
            lambda x, mean, sigma: (
                -np.sum((x - mean) ** 2) / (2 * sigma**2) - _right_normaliser(sigma)
            )
        ),
    },
    hints=(
        "ln of a product is the sum of the ln; ln of e to a power is that power.",
        "For each point −(x − μ)²/(2σ²) − ln(σ√(2π)); then np.sum.",
    ),
)


# --- 03.3 ------------------------------------------------------------------------------------


def fit_gaussian(X):
    mean = X.mean(axis=0)
    deviations = X - mean
    return mean, deviations.T @ deviations / len(X)


def _tables(random):
    cases = [(np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 1.0]]),)]  # three rows, two columns
    return cases + [(random.normal(3, 2, (n, d)),) for n, d in ((4, 2), (6, 3), (10, 4))]


def _mean_and(second):
    """Return the right mean with another second part, a function of X."""
    return lambda X: (X.mean(axis=0), second(X))


FIT_GAUSSIAN = Exercise(
    key="03.3",
    title="mean and covariance",
    task="Return the pair (μ, Σ) of maximum likelihood for the rows of X, shapes (d,) and (d, d).",
    solution=fit_gaussian,
    inputs=_tables,
    slips={
        "this Σ divides by n − 1: right on average, but maximum likelihood divides by n.": (
            _mean_and(lambda X: np.cov(X.T))
        ),
        "Σ is still to be divided by n.": _mean_and(lambda X: np.cov(X.T) * (len(X) - 1)),
        "the mean is not subtracted: Σ is about the deviations x − μ.": (
            _mean_and(lambda X: X.T @ X / len(X))
        ),
        "Σ has only variances: off its diagonal are the covariances of two features.": (
            _mean_and(lambda X: np.diag(X.var(axis=0)))
        ),
        "these are the variances alone, d numbers; Σ is a matrix, (d, d).": (
            _mean_and(lambda X: X.var(axis=0))
        ),
        "these are correlations: the covariances are not divided by the standard deviations.": (
            _mean_and(lambda X: np.corrcoef(X.T))
        ),
        "this compares the rows with each other: one sample is a row, so Σ is (X − μ)ᵀ(X − μ)/n.": (
            _mean_and(lambda X: (X - X.mean(axis=0)) @ (X - X.mean(axis=0)).T / len(X))
        ),
        "np.cov takes the features as rows: hand it X.T, and bias=True for 1/n.": _mean_and(np.cov),
        "np.cov takes the features as rows: hand it X.T. With X it compares the samples.": (
            _mean_and(lambda X: np.cov(X, bias=True))
        ),
        "Σ is divided by the number of features, X.shape[1]; the number of samples is len(X).": (
            _mean_and(lambda X: np.cov(X.T, bias=True) * len(X) / X.shape[1])
        ),
        "on the diagonal of Σ are variances, not standard deviations; beside it, covariances.": (
            _mean_and(lambda X: np.diag(X.std(axis=0)))
        ),
        "these are the standard deviations, d numbers; Σ is a matrix, (d, d).": (
            _mean_and(lambda X: X.std(axis=0))
        ),
        "one μ is subtracted, not two: Xᵀ X / n − μ μᵀ (np.outer) would be right.": (
            _mean_and(lambda X: X.T @ X / len(X) - X.mean(axis=0))
        ),
        "the sums are not divided by n yet: μ and Σ are averages.": (
            lambda X: (X.sum(axis=0), np.cov(X.T, bias=True) * len(X))
        ),
        "this μ is a sum: divide it by n.": lambda X: (X.sum(axis=0), fit_gaussian(X)[1]),
        "X.mean() is one number for the whole table; μ has one a feature, axis=0.": (
            lambda X: (X.mean(), fit_gaussian(X)[1])
        ),
        "X.mean() is one number for the whole table, and so the deviations are wrong, too: "
        "axis=0.": lambda X: (X.mean(), (X - X.mean()).T @ (X - X.mean()) / len(X)),
        "this is μ alone: a pair is wanted, (μ, Σ).": lambda X: X.mean(axis=0),
        "this is Σ alone: a pair is wanted, (μ, Σ).": lambda X: fit_gaussian(X)[1],
        "these are means of the rows: μ has one number a feature, axis=0.": (
            lambda X: (X.mean(axis=1), fit_gaussian(X)[1])
        ),
        "these are means of the rows, and they do not fit to X: μ has one number a feature, "
        "axis=0.": (
            lambda X: (X.mean(axis=1), (X - X.mean(axis=1)).T @ (X - X.mean(axis=1)) / len(X))
        ),
        "the pair is the wrong way round: μ comes first.": lambda X: fit_gaussian(X)[::-1],
    },
    hints=(
        "μ is X.mean(axis=0); Σ is built of the deviations X − μ, shape (n, d).",
        "(1/n) ∑ (x − μ)(x − μ)ᵀ over all rows is deviations.T @ deviations / n.",
    ),
)


# --- 03.4 ------------------------------------------------------------------------------------


def shared_covariance(X_1, X_2):
    n_1, n_2 = len(X_1), len(X_2)
    covariance_1, covariance_2 = np.cov(X_1.T, bias=True), np.cov(X_2.T, bias=True)
    return (n_1 * covariance_1 + n_2 * covariance_2) / (n_1 + n_2)


def _two_tables(random):
    tables = [[0.0, 0.0], [2.0, 4.0], [4.0, 2.0]], [[5.0, 1.0], [6.0, 1.0], [7.0, 4.0]]
    cases = [tuple(map(np.array, tables))]  # of one length, so that np.cov(X_1) shows its shape
    for n_1, n_2, d in ((4, 7, 2), (9, 5, 3), (6, 12, 4)):
        cases.append((random.normal(0, 1, (n_1, d)), random.normal(2, 3, (n_2, d))))
    return cases


def _shared(weight_1, weight_2, divisor, ddof=0):
    """Return the shared covariance with other weights, functions of n_1 and n_2."""

    def answer(X_1, X_2):
        n = len(X_1), len(X_2)
        parts = np.cov(X_1.T, ddof=ddof), np.cov(X_2.T, ddof=ddof)
        return (weight_1(*n) * parts[0] + weight_2(*n) * parts[1]) / divisor(*n)

    return answer


SHARED_COVARIANCE = Exercise(
    key="03.4",
    title="one Σ for both classes",
    task="Return the shared Σ: the covariances of X_1 and X_2 (with 1/n), weighted by n_1 and n_2.",
    solution=shared_covariance,
    inputs=_two_tables,
    slips={
        "this is the covariance of all samples around one mean; each class keeps its own μ.": (
            lambda X_1, X_2: np.cov(np.concatenate([X_1, X_2]).T, bias=True)
        ),
        "this is the plain average of the two; the larger class counts more.": (
            _shared(lambda a, b: 1, lambda a, b: 1, lambda a, b: 2)
        ),
        "this is the plain average, of covariances with 1/(n − 1): take bias=True in np.cov, and "
        "weights n_1 and n_2.": _shared(lambda a, b: 1, lambda a, b: 1, lambda a, b: 2, ddof=1),
        "the weights have changed places: Σ₁ has the weight n_1 / (n_1 + n_2).": (
            _shared(lambda a, b: b, lambda a, b: a, lambda a, b: a + b)
        ),
        "this is the sum of the two covariances, without weights.": (
            _shared(lambda a, b: 1, lambda a, b: 1, lambda a, b: 1)
        ),
        "the weighted sum is still to be divided by n_1 + n_2.": (
            _shared(lambda a, b: a, lambda a, b: b, lambda a, b: 1)
        ),
        "this divides by n_1 + n_2 − 2: right on average; maximum likelihood divides by all.": (
            _shared(lambda a, b: a, lambda a, b: b, lambda a, b: a + b - 2)
        ),
        "the two covariances divide by n − 1 here (np.cov does, unless bias=True).": (
            _shared(lambda a, b: a, lambda a, b: b, lambda a, b: a + b, ddof=1)
        ),
        "this is the covariance of all samples around one mean, with 1/(n − 1); each class keeps "
        "its own μ, and maximum likelihood divides by n.": (
            lambda X_1, X_2: np.cov(np.concatenate([X_1, X_2]).T)
        ),
        "the means are not subtracted: Σ is about deviations, each from the μ of its class.": (
            lambda X_1, X_2: (X_1.T @ X_1 + X_2.T @ X_2) / (len(X_1) + len(X_2))
        ),
        "parentheses are missing: only the second term is divided by n_1 + n_2.": (
            lambda X_1, X_2: (
                len(X_1) * np.cov(X_1.T, bias=True)
                + len(X_2) * np.cov(X_2.T, bias=True) / (len(X_1) + len(X_2))
            )
        ),
        "np.cov takes the features as rows: hand it X_1.T and X_2.T.": (
            lambda X_1, X_2: (
                (len(X_1) * np.cov(X_1, bias=True) + len(X_2) * np.cov(X_2, bias=True))
                / (len(X_1) + len(X_2))
            )
        ),
        "np.cov of two tables takes them as more features of the same samples: call it once for "
        "each class.": lambda X_1, X_2: np.cov(X_1.T, X_2.T, bias=True),
        "this is the sum of the two covariances, with 1/(n − 1) and without weights.": (
            _shared(lambda a, b: 1, lambda a, b: 1, lambda a, b: 1, ddof=1)
        ),
    },
    hints=(
        "np.cov(X_1.T, bias=True) is the covariance of the first class, with 1/n.",
        "n_1/(n_1 + n_2) · Σ₁ + n_2/(n_1 + n_2) · Σ₂.",
    ),
)


# --- 03.5 ------------------------------------------------------------------------------------


def linear_form(mean_1, mean_2, covariance, prior_1):
    inverse = np.linalg.inv(covariance)
    w = inverse @ (mean_1 - mean_2)
    b = -mean_1 @ inverse @ mean_1 / 2 + mean_2 @ inverse @ mean_2 / 2
    return w, b + np.log(prior_1 / (1 - prior_1))


def _gaussians(random):
    cases = [(np.array([2.0, 1.0]), np.array([0.0, 1.0]), np.array([[1.0, 0.5], [0.5, 2.0]]), 0.6)]
    for d in (2, 3, 4):
        root = random.normal(size=(d, d))
        means = random.normal(1, 2, (2, d))
        cases.append((*means, root @ root.T + np.eye(d), float(random.uniform(0.2, 0.45))))
    return cases


def _log_odds(prior):
    return np.log(prior / (1 - prior))


def _form_of(matrix_w=np.linalg.inv, matrix_b=np.linalg.inv, prior=_log_odds):
    """Return the linear form with another matrix than Σ⁻¹ in w or in b, or another prior term."""

    def answer(mean_1, mean_2, covariance, prior_1):
        A = matrix_b(covariance)
        b = -mean_1 @ A @ mean_1 / 2 + mean_2 @ A @ mean_2 / 2
        return matrix_w(covariance) @ (mean_1 - mean_2), b + prior(prior_1)

    return answer


def _form_with_w(w):
    """Return the linear form with another w, a function of μ₁, μ₂ and Σ⁻¹."""
    return lambda m_1, m_2, S, p: (w(m_1, m_2, np.linalg.inv(S)), linear_form(m_1, m_2, S, p)[1])


def _form_with_b(quadratic, prior=_log_odds):
    """Return the linear form with another quadratic part of b, a function of μ₁, μ₂ and Σ⁻¹."""

    def answer(mean_1, mean_2, covariance, prior_1):
        w, _ = linear_form(mean_1, mean_2, covariance, prior_1)
        return w, quadratic(mean_1, mean_2, np.linalg.inv(covariance)) + prior(prior_1)

    return answer


def _same(S):
    return S


def _entry_by_entry(S):
    return 1 / S


def _variances_alone(S):
    return np.diag(1 / np.diag(S))


def _none(S):
    return np.eye(len(S))


LINEAR_FORM = Exercise(
    key="03.5",
    title="w and b",
    task="Return (w, b) with P(C1 | x) = σ(w·x + b), from μ₁, μ₂, the shared Σ and P(C1).",
    solution=linear_form,
    inputs=_gaussians,
    slips={
        "this is the form of C2: all signs are flipped.": (
            lambda *case: tuple(-part for part in linear_form(*case))
        ),
        "the pair is the wrong way round: w comes first.": (lambda *case: linear_form(*case)[::-1]),
        "w is flipped: it is Σ⁻¹(μ₁ − μ₂), from class 2 towards class 1.": (
            _form_with_w(lambda m_1, m_2, A: A @ (m_2 - m_1))
        ),
        "w is flipped, and b was built from it, so its quadratic terms are flipped, too: "
        "w = Σ⁻¹(μ₁ − μ₂).": (
            lambda m_1, m_2, S, p: (
                np.linalg.inv(S) @ (m_2 - m_1),
                2 * _log_odds(p) - linear_form(m_1, m_2, S, p)[1],
            )
        ),
        "w takes the sum of the means; it is Σ⁻¹(μ₁ − μ₂).": (
            _form_with_w(lambda m_1, m_2, A: A @ (m_1 + m_2))
        ),
        "Σ⁻¹ * (…) multiplies entry by entry; a matrix times a vector is Σ⁻¹ @ (μ₁ − μ₂).": (
            _form_with_w(lambda m_1, m_2, A: A * (m_1 - m_2))
        ),
        "Σ is not inverted in w: it is Σ⁻¹(μ₁ − μ₂).": _form_of(matrix_w=_same),
        "Σ is not inverted in b: both quadratic terms have Σ⁻¹ in the middle.": (
            _form_of(matrix_b=_same)
        ),
        "Σ is inverted neither in w nor in b: take np.linalg.inv(Σ).": _form_of(_same, _same),
        "w lacks Σ⁻¹: μ₁ − μ₂ alone is right for round clouds of size 1 only.": (
            _form_of(matrix_w=_none)
        ),
        "b lacks Σ⁻¹: its terms are −½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂.": _form_of(matrix_b=_none),
        "w and b lack Σ⁻¹: without it they are right for round clouds of size 1 only.": (
            _form_of(_none, _none)
        ),
        "1 / Σ divides entry by entry in w; the inverse matrix is np.linalg.inv(Σ).": (
            _form_of(matrix_w=_entry_by_entry)
        ),
        "1 / Σ (and Σ ** -1) divides entry by entry; the inverse matrix is np.linalg.inv(Σ).": (
            _form_of(_entry_by_entry, _entry_by_entry)
        ),
        "w divides by the variances alone: that is naive Bayes, which drops the covariances.": (
            _form_of(matrix_w=_variances_alone)
        ),
        "w and b divide by the variances alone: that is naive Bayes, without the covariances.": (
            _form_of(_variances_alone, _variances_alone)
        ),
        "the prior is missing in b: add ln(P(C1) / P(C2)).": _form_of(prior=lambda p: 0.0),
        "the prior's term is upside down: it is ln(P(C1) / P(C2)).": (
            _form_of(prior=lambda p: -_log_odds(p))
        ),
        "the prior's term is ln P(C1) alone; divide by P(C2) = 1 − P(C1) inside the ln.": (
            _form_of(prior=np.log)
        ),
        "the prior's term lacks its logarithm.": _form_of(prior=lambda p: p / (1 - p)),
        "the prior is added as it is; its term is ln(P(C1) / P(C2)).": _form_of(prior=lambda p: p),
        "parentheses are missing: np.log(p) / (1 - p) divides after the ln; write "
        "np.log(p / (1 - p)).": _form_of(prior=lambda p: np.log(p) / (1 - p)),
        "the ln of a quotient is a difference: ln P(C1) − ln P(C2), not ln P(C1) / ln P(C2).": (
            _form_of(prior=lambda p: np.log(p) / np.log(1 - p))
        ),
        "the ln of a quotient is a difference: ln P(C1) − ln P(C2), not their sum.": (
            _form_of(prior=lambda p: np.log(p) + np.log(1 - p))
        ),
        "the prior's term has the logarithm to base 10; np.log is the natural one.": (
            _form_of(prior=lambda p: np.log10(p / (1 - p)))
        ),
        "b has the priors alone: −½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂ is missing.": (
            _form_with_b(lambda m_1, m_2, A: 0.0)
        ),
        "b takes the square of the difference; it is the difference of two squares, "
        "−½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂.": _form_with_b(
            lambda m_1, m_2, A: -(m_1 - m_2) @ A @ (m_1 - m_2) / 2
        ),
        "the second quadratic term of b has a plus: − ½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂.": _form_with_b(
            lambda m_1, m_2, A: -m_1 @ A @ m_1 / 2 - m_2 @ A @ m_2 / 2
        ),
        "the second quadratic term of b is missing, + ½ μ₂ᵀΣ⁻¹μ₂.": _form_with_b(
            lambda m_1, m_2, A: -m_1 @ A @ m_1 / 2
        ),
        "the factors 1/2 are missing in b.": _form_with_b(
            lambda m_1, m_2, A: -m_1 @ A @ m_1 + m_2 @ A @ m_2
        ),
        "b lacks the factors 1/2, and the prior: + ln(P(C1) / P(C2)).": _form_with_b(
            lambda m_1, m_2, A: -m_1 @ A @ m_1 + m_2 @ A @ m_2, prior=lambda p: 0.0
        ),
        "the quadratic terms of b have the wrong signs: −½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂.": _form_with_b(
            lambda m_1, m_2, A: m_1 @ A @ m_1 / 2 - m_2 @ A @ m_2 / 2
        ),
    },
    hints=(
        "w = Σ⁻¹(μ₁ − μ₂); b has two quadratic terms and the logarithm of the priors' ratio.",
        "b = −½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂ + ln(P(C1)/P(C2)); v @ A @ v is vᵀAv.",
    ),
)


# --- 03.6 ------------------------------------------------------------------------------------


def yes_no_likelihood(x, p):
    return np.prod(np.where(x == 1, p, 1 - p))


def _answers(random):
    cases = [(np.array([1.0, 0.0]), np.array([0.9, 0.2]))]
    for n in (3, 4, 6):
        x = random.permutation(np.arange(n) % 2).astype(float)
        cases.append((x, random.uniform(0.1, 0.45, n)))
    return cases


YES_NO_LIKELIHOOD = Exercise(
    key="03.6",
    title="the likelihood of naive Bayes",
    task="Return P(x | C) of independent yes/no features: x holds 1 and 0, p the P(xᵢ = 1 | C).",
    solution=yes_no_likelihood,
    inputs=_answers,
    slips={
        "only the features that are 1 count here; a 0 has the probability 1 − p and counts, too.": (
            lambda x, p: np.prod(p**x)
        ),
        "yes and no have changed places: the factor is p where x is 1, and 1 − p where it is 0.": (
            lambda x, p: np.prod(np.where(x == 1, 1 - p, p))
        ),
        "parentheses are missing: (1 - p)**1 - x; write (1 - p)**(1 - x).": (
            lambda x, p: np.prod(p**x * (1 - p) - x)
        ),
        "x is not looked at: where it is 0 the factor is 1 − p.": lambda x, p: np.prod(p),
        "the factors are added; independent means that they are multiplied.": (
            lambda x, p: np.sum(np.where(x == 1, p, 1 - p))
        ),
        "this is the average of the factors; independent means that they are multiplied.": (
            lambda x, p: np.mean(np.where(x == 1, p, 1 - p))
        ),
        "this is the logarithm of the likelihood.": lambda x, p: np.log(yes_no_likelihood(x, p)),
        "these are the factors, one a feature: multiply them, np.prod.": (
            lambda x, p: np.where(x == 1, p, 1 - p)
        ),
        "x · p is 0 wherever x is 0, and so is the product; there the factor is 1 − p.": (
            lambda x, p: np.prod(x * p)
        ),
        "each feature counts twice here, once as yes and once as no: the factor is p or 1 − p.": (
            lambda x, p: np.prod(p) * np.prod(1 - p)
        ),
        "1 - p lacks its power: it counts only where x is 0, (1 - p)**(1 - x).": (
            lambda x, p: np.prod(p**x * (1 - p))
        ),
        "the second power is 1 - x: with (1 - p)**x the zeros do not count.": (
            lambda x, p: np.prod((p * (1 - p)) ** x)
        ),
        "the product of the ones and that of the zeros are added; multiply them.": (
            lambda x, p: np.prod(p[x == 1]) + np.prod(1 - p[x == 0])
        ),
        "x @ p adds the p of the features that are 1; the likelihood is a product.": (
            lambda x, p: x @ p
        ),
        "this is −ln of the likelihood; the likelihood itself is wanted.": (
            lambda x, p: -np.log(yes_no_likelihood(x, p))
        ),
        "only the features that are 0 count here; a 1 has the probability p and counts, too.": (
            lambda x, p: np.prod((1 - p) ** (1 - x))
        ),
        "only the first factors are multiplied: np.prod must go around both, "
        "np.prod(p**x * (1 - p)**(1 - x)).": lambda x, p: np.prod(p**x) * (1 - p) ** (1 - x),
    },
    hints=(
        "One factor a feature: p where x is 1, and 1 − p where x is 0. Then the product.",
        "np.prod(np.where(x == 1, p, 1 - p)), or the product of p**x * (1 - p)**(1 - x).",
    ),
)


# --- 03.7 ------------------------------------------------------------------------------------


def rates(y, prediction):
    true_positives = np.sum(y & prediction)
    precision = true_positives / np.sum(prediction)
    recall = true_positives / np.sum(y)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _yes_no(random):
    y, prediction = np.array([1, 1, 1, 1, 0, 0]), np.array([1, 1, 1, 0, 1, 1])
    cases = [(y.astype(bool), prediction.astype(bool))]
    for n in (12, 25, 40):
        y = np.arange(n) < n // 3
        cases.append((y, y ^ (random.uniform(size=n) < 0.3) | (np.arange(n) < 2)))
    return cases


def _rates_with(precision=None, recall=None, f1=None):
    """Return the three rates with another one in its place; each a function of the others."""

    def answer(y, prediction):
        p, r, f = rates(y, prediction)
        p = precision(y, prediction) if precision else p
        r = recall(y, prediction) if recall else r
        return p, r, (f1 or (lambda p, r: 2 * p * r / (p + r)))(p, r)

    return answer


def _hits(y, prediction):
    return np.sum(y & prediction)


def _with_f1(precision, recall):
    return precision, recall, 2 * precision * recall / (precision + recall)


def _rates_of(above, below_precision=None, below_recall=None):
    """Return the rates with another numerator or other denominators, and the F1 that follows."""

    def answer(y, prediction):
        p = below_precision(y, prediction) if below_precision else np.sum(prediction)
        r = below_recall(y, prediction) if below_recall else np.sum(y)
        return _with_f1(above(y, prediction) / p, above(y, prediction) / r)

    return answer


RATES = Exercise(
    key="03.7",
    title="precision, recall, F1",
    task="Return (precision, recall, F1); y and prediction hold True (positive) and False.",
    solution=rates,
    inputs=_yes_no,
    slips={
        "precision and recall have changed places: precision looks at those *called* positive.": (
            lambda y, prediction: rates(prediction, y)
        ),
        "F1 is the harmonic mean, 2pr/(p + r); this is the plain average.": (
            _rates_with(f1=lambda p, r: (p + r) / 2)
        ),
        "F1 is the harmonic mean, 2pr/(p + r); this is the geometric one.": (
            _rates_with(f1=lambda p, r: np.sqrt(p * r))
        ),
        "the 2 is missing in F1 = 2pr/(p + r).": _rates_with(f1=lambda p, r: p * r / (p + r)),
        "this is the accuracy in place of the precision: true negatives do not count there.": (
            _rates_with(precision=lambda y, prediction: np.mean(y == prediction))
        ),
        "this recall is about the negatives (it is the specificity): recall is TP / (TP + FN).": (
            _rates_with(recall=lambda y, prediction: np.mean(~prediction[~y]))
        ),
        "both are divided by the number of all samples: precision by those called positive, recall "
        "by those that are.": (_rates_with(*[lambda y, prediction: np.mean(y & prediction)] * 2)),
        "positive and negative have changed places: True is positive.": (
            lambda y, prediction: rates(~y, ~prediction)
        ),
        "y == prediction counts true negatives, too; TP = np.sum(y & prediction).": (
            _rates_of(lambda y, prediction: np.sum(y == prediction))
        ),
        "parentheses are missing: 2 * p * r / p + r divides by p alone; write (p + r).": (
            _rates_with(f1=lambda p, r: 2 * r + r)
        ),
        "parentheses are missing: TP / TP + FP is 1 + FP; write TP / (TP + FP).": (
            lambda y, prediction: _with_f1(1 + np.sum(~y & prediction), 1 + np.sum(y & ~prediction))
        ),
        "true negatives are in the denominators: precision = TP / (TP + FP), recall = TP / "
        "(TP + FN).": _rates_of(
            _hits,
            lambda y, prediction: _hits(y, prediction) + _hits(~y, ~prediction),
            lambda y, prediction: _hits(y, prediction) + _hits(~y, ~prediction),
        ),
        "the precision's denominator has the true negatives: it is TP + FP.": _rates_of(
            _hits, lambda y, prediction: _hits(y, prediction) + _hits(~y, ~prediction)
        ),
        "the recall's denominator has the true negatives: it is TP + FN.": _rates_of(
            _hits, below_recall=lambda y, prediction: _hits(y, prediction) + _hits(~y, ~prediction)
        ),
        "y != prediction counts both kinds of errors; FP is np.sum(~y & prediction), FN is "
        "np.sum(y & ~prediction).": _rates_of(
            _hits, *[lambda y, prediction: np.sum(y | prediction)] * 2
        ),
        "np.sum(~y) counts all negatives, found or not; FP is np.sum(~y & prediction).": _rates_of(
            _hits, lambda y, prediction: _hits(y, prediction) + np.sum(~y)
        ),
        "np.sum(~y) and np.sum(~prediction) count all negatives; FP is np.sum(~y & prediction), "
        "FN is np.sum(y & ~prediction).": _rates_of(
            _hits,
            lambda y, prediction: _hits(y, prediction) + np.sum(~y),
            lambda y, prediction: _hits(y, prediction) + np.sum(~prediction),
        ),
        "F1 is 2/(1/p + 1/r), which is 2pr/(p + r); here it is 2/(p + r).": (
            _rates_with(f1=lambda p, r: 2 / (p + r))
        ),
        "F1 = 2 TP / (2 TP + FP + FN); here it is TP / (TP + FP + FN).": (
            _rates_with(f1=lambda p, r: 1 / (1 / p + 1 / r - 1))
        ),
        "the accuracy comes first here; the three are precision, recall, F1.": (
            lambda y, prediction: (np.mean(y == prediction), *rates(y, prediction)[:2])
        ),
        "F1 is missing: three values are wanted, precision, recall, F1.": (
            lambda y, prediction: rates(y, prediction)[:2]
        ),
    },
    hints=(
        "np.sum(y & prediction) counts the true positives; & is “and”, ~ is “not” for arrays.",
        "precision = TP / np.sum(prediction), recall = TP / np.sum(y), F1 = 2pr/(p + r).",
    ),
)


EXERCISES = [
    POSTERIOR,
    LOG_LIKELIHOOD,
    FIT_GAUSSIAN,
    SHARED_COVARIANCE,
    LINEAR_FORM,
    YES_NO_LIKELIHOOD,
    RATES,
]
