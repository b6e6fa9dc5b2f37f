"""Lesson 12: images from a few numbers, an alarm for strangers, a teacher's soft targets and their
gradient, fewer, coarser and low-rank weights, a brake on forgetting, class means, calibration."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "12"


# --- 12.1 -----------------------------------------------------------------------------------------


def rebuild(X, k):
    mean = X.mean(axis=0)
    directions = np.linalg.svd(X - mean, full_matrices=False)[2][:k]
    codes = (X - mean) @ directions.T
    return mean + codes @ directions


def _directions(X):
    return np.linalg.svd(X, full_matrices=False)[2]


def _around(centre, X, V):
    return centre + (X - centre) @ V.T @ V


def _eigenvectors(X):
    """Return the matrix that `eigh` gives: a direction a column, the least important first."""
    return np.linalg.eigh((X - X.mean(axis=0)).T @ (X - X.mean(axis=0)))[1]


def _of_length_1(X, k):
    U, _, V = np.linalg.svd(X, full_matrices=False)
    return U[:, :k] @ V[:k]


def _standardised(X, k):
    deviation = np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
    return rebuild(X / deviation, k) * deviation


def _tables(random):
    cases = [(np.array([[0.0, 1.0], [2.0, 2.0], [4.0, 6.0]]), 1), (np.full((4, 3), 2.0), 2)]
    for (n, d), k in zip(((5, 3), (6, 4), (9, 5), (8, 6)), (1, 2, 3, 2), strict=True):
        spread = np.linspace(3, 1, d)
        cases.append(((random.normal(0, 1, (n, d)) * spread + spread).round(1), k))
    return cases


REBUILD = Exercise(
    key="12.1",
    title="an image from k numbers",
    task=(
        "X has an image a row. Return the images rebuilt from their k principal components: the "
        "mean, and what lies in the k most important directions around it."
    ),
    solution=rebuild,
    inputs=_tables,
    slips={
        "the mean is not subtracted: the first direction then only leads to the mean.": (
            lambda X, k: _around(0, X, _directions(X)[:k])
        ),
        "the mean is not added again.": lambda X, k: rebuild(X, k) - X.mean(axis=0),
        "the directions come from X; they must come from X less its mean.": (
            lambda X, k: _around(X.mean(axis=0), X, _directions(X)[:k])
        ),
        "the codes are made of X; they must be made of X less its mean.": (
            lambda X, k: X.mean(axis=0) + _around(0, X, _directions(X - X.mean(axis=0))[:k])
        ),
        "the mean is added, but was never subtracted: X already holds it.": (
            lambda X, k: X.mean(axis=0) + _around(0, X, _directions(X)[:k])
        ),
        "these are the k *least* important directions: `svd` puts the largest first, `eigh` "
        "last.": lambda X, k: _around(X.mean(axis=0), X, _directions(X - X.mean(axis=0))[-k:]),
        "these are the codes, k numbers an image; multiply them by the directions.": (
            lambda X, k: (X - X.mean(axis=0)) @ _directions(X - X.mean(axis=0))[:k].T
        ),
        "the directions are the *rows* of what `svd` returns as its third part.": (
            lambda X, k: _around(X.mean(axis=0), X, _directions(X - X.mean(axis=0))[:, :k].T)
        ),
        "`eigh` has a direction a *column*; these are its last k rows: take the last k columns.": (
            lambda X, k: _around(X.mean(axis=0), X, _eigenvectors(X)[-k:])
        ),
        "`eigh` has a direction a *column*, the most important last; these are its first k rows: "
        "take the last k columns.": lambda X, k: _around(X.mean(axis=0), X, _eigenvectors(X)[:k]),
        "the columns of `eigh` are in the right order now, but rows were taken: take the first k "
        "columns.": lambda X, k: _around(X.mean(axis=0), X, _eigenvectors(X)[:, ::-1][:k]),
        "nothing was left out: only k directions may stay.": lambda X, k: X.copy(),
        "only the k-th direction is there; all of the first k belong to it.": (
            lambda X, k: _around(X.mean(axis=0), X, _directions(X - X.mean(axis=0))[k - 1 : k])
        ),
        "one direction is missing: [:k] are the first k.": (
            lambda X, k: _around(X.mean(axis=0), X, _directions(X - X.mean(axis=0))[: k - 1])
        ),
        "one direction too many: [:k] are the first k.": (
            lambda X, k: _around(X.mean(axis=0), X, _directions(X - X.mean(axis=0))[: k + 1])
        ),
        "the singular values are missing: U holds the codes divided by them.": lambda X, k: (
            X.mean(axis=0) + _of_length_1(X - X.mean(axis=0), k)
        ),
        "each pixel is divided by its deviation, so that all vary alike; that is another plane.": (
            _standardised
        ),
        "this is what gets *lost*; what stays is wanted.": lambda X, k: X - rebuild(X, k),
        "the mean is taken along each image; it is the mean image, axis=0.": (
            lambda X, k: _around(
                X.mean(axis=1, keepdims=True),
                X,
                _directions(X - X.mean(axis=1, keepdims=True))[:k],
            )
        ),
        "the mean is one number for all pixels; each pixel has its own, axis=0.": (
            lambda X, k: _around(X.mean(), X, _directions(X - X.mean())[:k])
        ),
    },
    hints=(
        "Centre, find the directions V with np.linalg.svd, code with Vᵀ, decode with V, and put "
        "the mean back.",
        "V = np.linalg.svd(X − mean, full_matrices=False)[2][:k]; mean + (X − mean) @ V.T @ V.",
    ),
)


# --- 12.2 -----------------------------------------------------------------------------------------


def detected(known, unknown, false_alarms):
    threshold = np.quantile(known, 1 - false_alarms)
    return np.mean(unknown > threshold)


def _two_groups(random):
    cases = [
        (np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([3.5, 1.0, 9.0]), 0.25),
        (np.zeros(6), np.array([0.0, 0.0, 0.3, 2.0]), 0.1),
    ]
    for n, m, rate in ((21, 8, 0.1), (41, 10, 0.05), (31, 25, 0.2)):  # every quantile is a score
        known = random.gamma(2, 1, n).round(2)
        cases.append((known, (random.gamma(2, 1.5, m) + 0.5).round(2), rate))
    return cases


DETECTED = Exercise(
    key="12.2",
    title="how many strangers are noticed?",
    task=(
        "Scores are larger for what looks stranger. Take the threshold that the share "
        "`false_alarms` of the known scores exceeds (np.quantile), and return the share of the "
        "unknown scores above it."
    ),
    solution=detected,
    inputs=_two_groups,
    slips={
        "this threshold lets nearly all known ones give a false alarm: take the quantile "
        "1 − false_alarms.": lambda known, unknown, false_alarms: np.mean(
            unknown > np.quantile(known, false_alarms)
        ),
        "the threshold comes from the strangers; nobody has seen them when it is set.": (
            lambda known, unknown, false_alarms: np.mean(
                unknown > np.quantile(unknown, 1 - false_alarms)
            )
        ),
        "the threshold comes from both groups together; only the known ones are there when it is "
        "set.": lambda known, unknown, false_alarms: np.mean(
            unknown > np.quantile(np.r_[known, unknown], 1 - false_alarms)
        ),
        "these are the false alarms, the share of the *known* ones above the threshold.": (
            lambda known, unknown, false_alarms: np.mean(
                known > np.quantile(known, 1 - false_alarms)
            )
        ),
        "this is the share *below* the threshold: those that are missed.": (
            lambda known, unknown, false_alarms: np.mean(
                unknown < np.quantile(known, 1 - false_alarms)
            )
        ),
        "np.percentile counts in percent: it wants 100 · (1 − false_alarms).": (
            lambda known, unknown, false_alarms: np.mean(
                unknown > np.percentile(known, 1 - false_alarms)
            )
        ),
        "the roles are swapped: known scores set the threshold, unknown ones are counted.": (
            lambda known, unknown, false_alarms: detected(unknown, known, false_alarms)
        ),
        "this is the share that is missed.": (
            lambda known, unknown, false_alarms: 1 - detected(known, unknown, false_alarms)
        ),
        "this is a number of strangers; their share is wanted.": (
            lambda known, unknown, false_alarms: (
                detected(known, unknown, false_alarms) * len(unknown)
            )
        ),
        "divided by how many *known* ones there are; it is a share of the strangers.": (
            lambda known, unknown, false_alarms: (
                detected(known, unknown, false_alarms) * len(unknown) / len(known)
            )
        ),
        "this is in percent; a share is wanted.": lambda known, unknown, false_alarms: (
            100 * detected(known, unknown, false_alarms)
        ),
        "this threshold is a share of the largest known score; how many lie above it nobody "
        "knows.": lambda known, unknown, false_alarms: np.mean(
            unknown > (1 - false_alarms) * known.max()
        ),
        "this threshold, the largest known score, gives no false alarm at all; some are allowed.": (
            lambda known, unknown, false_alarms: np.mean(unknown > known.max())
        ),
        "a score that is equal to the threshold does not exceed it: > and not ≥.": (
            lambda known, unknown, false_alarms: np.mean(
                unknown >= np.quantile(known, 1 - false_alarms)
            )
        ),
        "the threshold is the mean of the known scores; how many exceed it nobody chose.": (
            lambda known, unknown, false_alarms: np.mean(unknown > known.mean())
        ),
        "the share itself was taken for the threshold.": (
            lambda known, unknown, false_alarms: np.mean(unknown > 1 - false_alarms)
        ),
        "this is the threshold; how many strangers lie above it?": (
            lambda known, unknown, false_alarms: np.quantile(known, 1 - false_alarms)
        ),
    },
    hints=(
        "Only the known scores decide where the threshold is; the unknown ones are judged by it.",
        "np.quantile(known, 1 − false_alarms) is the threshold; the mean of a comparison is a "
        "share.",
    ),
)


# --- 12.3 -----------------------------------------------------------------------------------------


def soft_targets(Z, T):
    e = np.exp((Z - Z.max(axis=1, keepdims=True)) / T)
    return e / e.sum(axis=1, keepdims=True)


def _unguarded(Z, T):
    with np.errstate(all="ignore"):
        e = np.exp(Z / T)
        return e / e.sum(axis=1, keepdims=True)


def _maximum_undivided(Z, T):
    with np.errstate(all="ignore"):
        e = np.exp(Z / T - Z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


def _less_the_maximum_of_all(Z, T):
    with np.errstate(all="ignore"):
        e = np.exp((Z - Z.max()) / T)
        return e / e.sum(axis=1, keepdims=True)


def _shares_of_logits(Z, T):
    with np.errstate(all="ignore"):
        return Z / T / np.sum(Z / T, axis=1, keepdims=True)


def _log(p):
    with np.errstate(divide="ignore"):
        return np.log(p)


def _logits_and_temperatures(random):
    cases = [
        (np.array([[2.0, 0.0]]), 2.0),
        (np.array([[0.0, 0.0, 0.0], [3.0, 1.0, -2.0]]), 4.0),
        (np.array([[3000.0, 2998.0, 2990.0], [5.0, 1.0, -1.0]]), 3.0),
        (np.array([[400.0, 399.0, 396.0]]), 0.5),
    ]
    for n, k, T in ((3, 3, 2.0), (4, 5, 8.0), (3, 10, 0.5)):
        cases.append((random.normal(0, 3, (n, k)).round(1), T))
    return cases


SOFT_TARGETS = Exercise(
    key="12.3",
    title="soft targets",
    task="Return the softmax of each row of Z, logits, at temperature T.",
    solution=soft_targets,
    inputs=_logits_and_temperatures,
    slips={
        "logits are *divided* by T; multiplied they give harder targets.": (
            lambda Z, T: soft_targets(Z, 1 / T)
        ),
        "T is not there: this is the usual softmax.": lambda Z, T: soft_targets(Z, 1.0),
        "the probabilities are divided by T; divide the logits, before the softmax.": (
            lambda Z, T: soft_targets(Z, 1.0) / T
        ),
        "a row must add up to 1 again; the largest is 1 here.": (
            lambda Z, T: soft_targets(Z, T) / soft_targets(Z, T).max(axis=1, keepdims=True)
        ),
        "p^(1/T) is the right shape, but a row no longer adds up to 1.": (
            lambda Z, T: soft_targets(Z, 1.0) ** (1 / T)
        ),
        "the sum goes down the columns: a row is an image, axis=1.": (
            lambda Z, T: soft_targets(Z.T, T).T
        ),
        "the sum goes over all images together: each row adds up to 1 by itself.": (
            lambda Z, T: soft_targets(Z.reshape(1, -1), T).reshape(Z.shape)
        ),
        "the factor T belongs to the loss: a row of probabilities adds up to 1.": (
            lambda Z, T: T * soft_targets(Z, T)
        ),
        "the factor T² belongs to the loss: a row of probabilities adds up to 1.": (
            lambda Z, T: T**2 * soft_targets(Z, T)
        ),
        "divided by T twice.": lambda Z, T: soft_targets(Z, T**2),
        "the exponential is missing: logits are divided by their sum.": _shares_of_logits,
        "this is a sigmoid: each class by itself. The classes share a sum of 1.": (
            lambda Z, T: 1 / (1 + np.exp(-np.clip(Z / T, -700, None)))
        ),
        "the maximum is subtracted undivided: (Z − max)/T, not Z/T − max. With very large logits "
        "all exponentials become 0.": _maximum_undivided,
        "the exponential of a large logit is infinite: subtract the row's largest logit first.": (
            _unguarded
        ),
        "each row has its own maximum: less the maximum of *all*, the exponentials of a row far "
        "below it are all 0, and 0/0 is no number.": _less_the_maximum_of_all,
        "the sign is turned: the largest logit must get the largest probability.": (
            lambda Z, T: soft_targets(-Z, T)
        ),
        "this is the logarithm of what is wanted.": lambda Z, T: _log(soft_targets(Z, T)),
        "this is hard: 1 for the largest logit, and what else the teacher knows is lost.": (
            lambda Z, T: np.isclose(Z, Z.max(axis=1, keepdims=True)).astype(float)
        ),
        "the temperature is T, not its root.": lambda Z, T: soft_targets(Z, np.sqrt(T)),
    },
    hints=(
        "Divide first, then it is the softmax of lesson 04, row by row.",
        "E = np.exp((Z − row's maximum) / T), divided by E.sum(axis=1, keepdims=True).",
    ),
)


# --- 12.4 -----------------------------------------------------------------------------------------


def _softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def distillation_gradient(z, v, T):
    return T * (_softmax(z / T) - _softmax(v / T))


def _students_and_teachers(random):
    cases = [
        (np.array([0.0, 0.0]), np.array([2.0, 0.0]), 2.0),
        (np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), 3.0),
        (np.zeros(3), np.array([6.0, 3.0, -3.0]), 20.0),
    ]
    for k, T in ((3, 1.0), (4, 4.0), (10, 2.0)):
        cases.append((random.normal(0, 2, k).round(1), random.normal(0, 4, k).round(1), T))
    return cases


DISTILLATION_GRADIENT = Exercise(
    key="12.4",
    title="what the student feels",
    task=(
        "z are the student's logits, v the teacher's. With p = softmax(v/T), q = softmax(z/T) "
        "return the gradient of −T² Σ p ln q by z."
    ),
    solution=distillation_gradient,
    inputs=_students_and_teachers,
    slips={
        "the sign is wrong: where the student says more than the teacher, z must fall.": (
            lambda z, v, T: -distillation_gradient(z, v, T)
        ),
        "T² is missing: it was there so that the gradient does not fade as T grows.": (
            lambda z, v, T: distillation_gradient(z, v, T) / T**2
        ),
        "the inner derivative is missing: z is divided by T, which brings 1/T.": (
            lambda z, v, T: distillation_gradient(z, v, T) * T
        ),
        "T² · 1/T is T: here the factor is gone.": (
            lambda z, v, T: distillation_gradient(z, v, T) / T
        ),
        "both softmaxes are without T.": lambda z, v, T: T * (_softmax(z) - _softmax(v)),
        "both softmaxes are without T, and the factor T is missing.": (
            lambda z, v, T: _softmax(z) - _softmax(v)
        ),
        "the logits are compared, which the limit for large T does (less their means, over K).": (
            lambda z, v, T: z - v
        ),
        "the logits are compared, as for large T, but not less their means.": (
            lambda z, v, T: (z - v) / len(z)
        ),
        "the logits are compared, divided by T; their softmaxes are to be.": (
            lambda z, v, T: (z - v) / T
        ),
        "each q_k depends on *all* z, as the sum of the softmax holds them all: −p/q is not yet "
        "the end.": lambda z, v, T: -T * _softmax(v / T) / _softmax(z / T),
        "only the derivative of q_k by its own z_k is there; each q_k depends on all z.": (
            lambda z, v, T: -T * _softmax(v / T) * (1 - _softmax(z / T))
        ),
        "the logarithms are compared; the gradient compares the probabilities themselves.": (
            lambda z, v, T: T * (np.log(_softmax(z / T)) - np.log(_softmax(v / T)))
        ),
        "both softmaxes are without T, and the factor is T²: divide z and v by T; then the inner "
        "derivative 1/T makes it T.": lambda z, v, T: T**2 * (_softmax(z) - _softmax(v)),
        "this is the derivative by q; q depends on z: go on through the softmax.": (
            lambda z, v, T: -(T**2) * _softmax(v / T) / _softmax(z / T)
        ),
        "only the teacher is softened; the student is read at the same temperature.": (
            lambda z, v, T: T * (_softmax(z) - _softmax(v / T))
        ),
        "only the student is softened; the targets have the same temperature.": (
            lambda z, v, T: T * (_softmax(z / T) - _softmax(v))
        ),
        "this is the limit for large T; at this T there are still softmaxes in it.": (
            lambda z, v, T: ((z - z.mean()) - (v - v.mean())) / len(z)
        ),
        "the target is the teacher's first choice alone; his other answers count, too.": (
            lambda z, v, T: T * (_softmax(z / T) - (np.arange(len(v)) == v.argmax()))
        ),
        "this is the loss itself; its gradient has a number for each logit.": (
            lambda z, v, T: -(T**2) * np.sum(_softmax(v / T) * np.log(_softmax(z / T)))
        ),
        "divided by the number of classes; the sum in the loss is not a mean.": (
            lambda z, v, T: distillation_gradient(z, v, T) / len(z)
        ),
    },
    hints=(
        "Cross-entropy after a softmax has the gradient q − p by what goes into the softmax; and "
        "that is z/T.",
        "T² · (1/T) · (q − p).",
    ),
)


# --- 12.5 -----------------------------------------------------------------------------------------


def prune(w, share):
    number = int(share * w.size)
    least = np.argsort(np.abs(w), axis=None)[:number]
    pruned = w.copy()
    pruned.flat[least] = 0
    return pruned


def _pruned_in_order(w, order, number):
    pruned = w.copy()
    pruned.flat[order[:number]] = 0
    return pruned


def _with_index_before(w, share):
    """At k = 0 the index k − 1 is the last: then everything goes."""
    last = np.sort(np.abs(w), axis=None)[int(share * w.size) - 1]
    return np.where(np.abs(w) <= last, 0, w)


def _with_index_after(w, share):
    """At share = 1 the index k is one too far."""
    return np.where(np.abs(w) < np.sort(np.abs(w), axis=None)[int(share * w.size)], 0, w)


def _with_index_after_and_itself(w, share):
    return np.where(np.abs(w) <= np.sort(np.abs(w), axis=None)[int(share * w.size)], 0, w)


def _weights_and_shares(random):
    cases = [
        (np.array([0.5, -0.1, -2.0, 0.3]), 0.5),
        (np.array([[0.0, -3.0], [0.2, 0.0], [1.0, -0.4]]), 0.7),
        (np.zeros((2, 3)), 0.4),
        (np.array([[1.0, -2.0, 0.5], [-0.7, 3.0, 0.1]]), 0.0),
        (np.array([[1.0, -2.0, 0.5], [-0.7, 3.0, 0.1]]), 1.0),
    ]
    for shape, share in (((3, 4), 0.3), ((4, 5), 0.77), ((6, 6), 0.9)):
        cases.append((random.normal(0, 1, shape).round(4), share))
    return cases


PRUNE = Exercise(
    key="12.5",
    title="prune by size",
    task=(
        "Return w with a share of its entries set to 0, those that are smallest in size: "
        "int(share · number of entries) of them."
    ),
    solution=prune,
    inputs=_weights_and_shares,
    slips={
        "the smallest *numbers* went, large negative weights among them: compare their sizes, |w|.":
            lambda w, share: _pruned_in_order(
                w, np.argsort(w, axis=None), int(share * w.size)
            ),
        "the *largest* weights went.": lambda w, share: _pruned_in_order(
            w, np.argsort(-np.abs(w), axis=None), int(share * w.size)
        ),
        "this share of the weights *stayed*; it is the share that goes.": lambda w, share: (
            _pruned_in_order(w, np.argsort(np.abs(w), axis=None), w.size - int(share * w.size))
        ),
        "the threshold is a share of the largest weight; how many lie below it, nobody knows.": (
            lambda w, share: np.where(np.abs(w) < share * np.abs(w).max(), 0, w)
        ),
        "np.quantile lays the threshold between two weights: how many are below it is not always "
        "int(share · size). Sort, and count.": lambda w, share: (
            np.where(np.abs(w) < np.quantile(np.abs(w), share), 0, w)
        ),
        "np.quantile lies between two weights, and with ≤ one goes even at share 0. Sort, and "
        "count.": lambda w, share: np.where(np.abs(w) <= np.quantile(np.abs(w), share), 0, w),
        "the threshold is the share itself.": lambda w, share: np.where(np.abs(w) < share, 0, w),
        "each row lost this share; all weights compete with each other.": lambda w, share: (
            np.array([prune(row, share) for row in np.atleast_2d(w)]).reshape(w.shape)
        ),
        "at share 0 nothing may go: with k = 0 the index k − 1 means the last, the largest.": (
            _with_index_before
        ),
        "at share 1 all go: the index k is then one too far.": _with_index_after,
        "k + 1 weights go: places count from 0, so k sizes stand before place k. With its size "
        "as the threshold, ≤ takes that one, too.": _with_index_after_and_itself,
        "rounded to the nearest whole number, sometimes one too many: int(…) rounds down.": (
            lambda w, share: _pruned_in_order(
                w, np.argsort(np.abs(w), axis=None), round(share * w.size)
            )
        ),
        "len(w) counts the rows of a matrix; the number of its entries is w.size.": (
            lambda w, share: _pruned_in_order(
                w, np.argsort(np.abs(w), axis=None), int(share * len(w))
            )
        ),
        "without axis=None `argsort` sorts each row by itself; its places are then not those of "
        "w.flat.": lambda w, share: _pruned_in_order(
            w, np.argsort(np.abs(w)).ravel(), int(share * w.size)
        ),
        "nothing went: `flatten()` makes a copy. Write to the copy's `.flat`, or reshape at the "
        "end.": lambda w, share: w.copy(),
        "np.percentile counts in percent, and lies between two weights: sort, and count.": (
            lambda w, share: np.where(np.abs(w) < np.percentile(np.abs(w), share), 0, w)
        ),
        "all became smaller; those that are smallest go to 0, the others stay.": (
            lambda w, share: w * (1 - share)
        ),
        "this says which weights stay; multiply w by it.": lambda w, share: (
            (prune(np.where(w == 0, 1e-9, w), share) != 0).astype(float)
        ),
        "these are the sizes |w|; the weights that stay keep their sign.": (
            lambda w, share: np.abs(prune(w, share))
        ),
        "one too many where the share is no whole number of weights: int(…) rounds down.": (
            lambda w, share: _pruned_in_order(
                w, np.argsort(np.abs(w), axis=None), int(np.ceil(round(share * w.size, 9)))
            )
        ),
        "all weights became smaller by the threshold (soft thresholding); those that stay stay "
        "as they are.": lambda w, share: (
            np.sign(w)
            * np.maximum(
                np.abs(w) - np.r_[0, np.sort(np.abs(w), axis=None)][int(share * w.size)], 0
            )
        ),
        "the weights came back in one long row.": lambda w, share: prune(w.ravel(), share),
    },
    hints=(
        "Sort the sizes |w| of all weights together; the first int(share · size) places go.",
        "np.argsort(np.abs(w), axis=None)[:number] are places for w.flat, in a copy of w.",
    ),
)  # fmt: skip


# --- 12.6 -----------------------------------------------------------------------------------------


def quantize(w, bits):
    largest = np.abs(w).max()
    if largest == 0:
        return w.copy()
    step = largest / (2 ** (bits - 1) - 1)
    return np.round(w / step) * step


def _in_steps(w, step, integers=np.round):
    return integers(w / step) * step if step > 0 else w.copy()


def _zero_by_zero(w, bits):
    with np.errstate(all="ignore"):
        step = np.abs(w).max() / (2 ** (bits - 1) - 1)
        return np.round(w / step) * step


def _between_least_and_largest(w, bits):
    step = np.ptp(w) / (2**bits - 1)
    return w.min() + _in_steps(w - w.min(), step)


def _all_levels(w, bits):
    """2^bits levels from −max to max: 0 is none of them."""
    largest = np.abs(w).max()
    return _in_steps(w + largest, 2 * largest / (2**bits - 1)) - largest


def _in_powers(w, steps):
    """Steps as `^` gives them, which may be 0 or negative."""
    with np.errstate(all="ignore"):
        step = np.abs(w).max() / np.float64(steps)
        return np.round(w / step) * step if w.any() else w.copy()


def _weights_and_bits(random):
    cases = [
        (np.array([3.0, -0.7, 1.2]), 3),
        (np.zeros(4), 4),
        (np.array([0.2, -1.5, 0.4, 0.9]), 2),
    ]
    for shape, bits in (((5,), 3), ((2, 4), 4), ((3, 5), 8)):
        cases.append((random.normal(0.3, 1, shape).round(4), bits))
    return cases


QUANTIZE = Exercise(
    key="12.6",
    title="fewer bits",
    task=(
        "Return w rounded to whole steps, −(2^(bits−1) − 1) to 2^(bits−1) − 1 of them, where the "
        "last one is at the largest |w|. All zeros stay as they are."
    ),
    solution=quantize,
    inputs=_weights_and_bits,
    slips={
        "one bit is the sign: there are 2^(bits−1) − 1 steps on each side, not 2^bits − 1.": (
            lambda w, bits: _in_steps(w, np.abs(w).max() / (2**bits - 1))
        ),
        "one step is missing: with 0 in the middle there are 2^(bits−1) − 1 on each side.": (
            lambda w, bits: _in_steps(w, np.abs(w).max() / 2 ** (bits - 1))
        ),
        "0/0: where all weights are 0, the step is 0; return them as they are.": _zero_by_zero,
        "rounded down, not to the nearest step.": (
            lambda w, bits: _in_steps(w, np.abs(w).max() / (2 ** (bits - 1) - 1), np.floor)
        ),
        "cut off towards 0 (an int?); round to the nearest step.": (
            lambda w, bits: _in_steps(w, np.abs(w).max() / (2 ** (bits - 1) - 1), np.trunc)
        ),
        "2^bits steps on each side are more than twice as many as fit: 2^(bits−1) − 1.": (
            lambda w, bits: _in_steps(w, np.abs(w).max() / 2**bits)
        ),
        "the step comes from the distance of least and largest; it is the largest |w|, divided by "
        "2^(bits−1) − 1.": lambda w, bits: _in_steps(w, np.ptp(w) / (2**bits - 1)),
        "the step comes from the distance of least and largest; the largest |w| sets it, so that "
        "both sides reach as far.": lambda w, bits: _in_steps(w, np.ptp(w) / (2**bits - 2)),
        "rounded up, not to the nearest step.": (
            lambda w, bits: _in_steps(w, np.abs(w).max() / (2 ** (bits - 1) - 1), np.ceil)
        ),
        "rounded before the division: divide by the step, round, and multiply again.": (
            lambda w, bits: np.round(w) * np.abs(w).max() / (2 ** (bits - 1) - 1)
        ),
        "each row has a step of its own; here one step serves all of w.": lambda w, bits: (
            np.array([quantize(row, bits) for row in np.atleast_2d(w)]).reshape(w.shape)
        ),
        "the signs are lost.": lambda w, bits: np.abs(quantize(w, bits)),
        "these are the numbers of steps, which is what one stores; multiply them by the step.": (
            lambda w, bits: quantize(w, bits)
            / (np.abs(w).max() / (2 ** (bits - 1) - 1) or 1)
        ),
        "the largest weight sets the range; it may be a negative one: np.abs(w).max().": (
            lambda w, bits: _in_steps(w, w.max() / (2 ** (bits - 1) - 1))
        ),
        "the steps go from the least to the largest weight; here they lie on both sides of 0, "
        "and 0 stays 0.": _between_least_and_largest,
        "2^bits levels are used, and 0 lies between two of them; here 0 is a level, and there are "
        "2^bits − 1.": _all_levels,
        "2·max is 2^bits − 2 steps, not 2^bits − 1: 0 is a level, with equally many on both sides.":
            lambda w, bits: _in_steps(w, 2 * np.abs(w).max() / (2**bits - 1)),
        "^ is no power in Python: write 2 ** (bits − 1) − 1.": (
            lambda w, bits: _in_powers(w, 2 ^ (bits - 1) - 1)
        ),
        "^ is no power in Python, but compares bits: 2 ^ 2 is 0, and 2 ** 2 is 4.": (
            lambda w, bits: _in_powers(w, (2 ^ (bits - 1)) - 1)
        ),
        "the steps have the size 1/(2^(bits−1) − 1) whatever the weights are.": (
            lambda w, bits: _in_steps(w, 1 / (2 ** (bits - 1) - 1))
        ),
        "this is what is lost by rounding; the rounded weights are wanted.": (
            lambda w, bits: w - quantize(w, bits)
        ),
        "this rounds to so many decimals; bits make steps of one size, from the largest |w|.": (
            lambda w, bits: np.round(w, bits)
        ),
    },
    hints=(
        "How long is a step, if so many of them reach from 0 to the largest |w|?",
        "step = np.abs(w).max() / (2 ** (bits − 1) − 1); then round w / step, and multiply again.",
    ),
)  # fmt: skip


# --- 12.7 -----------------------------------------------------------------------------------------


def largest_rank(m, n):
    return (m * n - 1) // (m + n)


def _shapes(random):
    cases = [(6, 3), (1, 5), (2, 2), (100, 1250), (784, 100), (10, 90)]
    return cases + [tuple(int(side) for side in random.integers(2, 400, 2)) for _ in range(4)]


LARGEST_RANK = Exercise(
    key="12.7",
    title="when is low rank smaller?",
    task=(
        "A weight matrix of m × n is replaced by a product, m × r times r × n. Return the largest "
        "whole r for which the two factors together have fewer numbers than the matrix."
    ),
    solution=largest_rank,
    inputs=_shapes,
    slips={
        "fewer, not as many: where r(m + n) is just m·n, nothing is saved.": (
            lambda m, n: m * n // (m + n)
        ),
        "that is the full rank; two factors of that rank have more numbers than the matrix.": min,
        "one too many: this is the first rank that saves nothing, m·n / (m + n) rounded up.": (
            lambda m, n: -(-m * n // (m + n))
        ),
        "r is a whole number.": lambda m, n: m * n / (m + n),
        "the singular values need no room of their own: they are multiplied into one factor.": (
            lambda m, n: (m * n - 1) // (m + n + 1)
        ),
        "one less than the full rank is few enough only if the matrix is very long: how many "
        "numbers have the two factors?": lambda m, n: min(m, n) - 1,
        "half the full rank: nearly right for a square; a long matrix allows nearly its full rank.":
            lambda m, n: min(m, n) // 2,
        "one too few, unless m + n divides m·n: only then is 1 to be taken off.": (
            lambda m, n: m * n // (m + n) - 1
        ),
        "these are the numbers that are left in the two factors; their rank is wanted.": (
            lambda m, n: (m * n - 1) // (m + n) * (m + n)
        ),
        "m + n is the price of *one* rank: divide m·n by it.": lambda m, n: m * n - m - n,
        "rounded to the nearest: half of the time that is too large.": (
            lambda m, n: round(m * n / (m + n))
        ),
    },
    hints=(
        "How many numbers have the two factors together? It must be less than m·n.",
        "r(m + n) < m·n; in whole numbers r(m + n) ≤ m·n − 1.",
    ),
)  # fmt: skip


# --- 12.8 -----------------------------------------------------------------------------------------


def elastic_penalty(theta, old, fisher, strength):
    return strength / 2 * np.sum(fisher * (theta - old) ** 2)


def _divided_by_fisher(theta, old, fisher, strength):
    with np.errstate(all="ignore"):
        return strength / 2 * np.sum((theta - old) ** 2 / fisher)


def _two_parameter_vectors(random):
    cases = [
        (np.array([1.0, 2.0]), np.array([0.0, 5.0]), np.array([4.0, 0.5]), 2.0),
        (np.array([1.0, -2.0, 0.5]), np.array([1.0, -2.0, 0.5]), np.ones(3), 10.0),
        (np.array([3.0, 1.0, -1.0]), np.array([1.0, 1.0, 2.0]), np.zeros(3), 5.0),
    ]
    for n in (3, 5, 8):
        theta, old = random.normal(0, 2, (2, n)).round(2)
        cases.append((theta, old, random.gamma(1, 1, n).round(2), float(random.integers(1, 50))))
    return cases


ELASTIC = Exercise(
    key="12.8",
    title="the elastic penalty",
    task=(
        "Return λ/2 · Σ F_i (θ_i − θ*_i)²: theta are the parameters now, old those after task A, "
        "fisher says how much task A needs each of them, strength is λ."
    ),
    solution=elastic_penalty,
    inputs=_two_parameter_vectors,
    slips={
        "the ½ is missing.": lambda theta, old, fisher, strength: (
            2 * elastic_penalty(theta, old, fisher, strength)
        ),
        "λ/2 is missing.": lambda theta, old, fisher, strength: elastic_penalty(
            theta, old, fisher, 2
        ),
        "it is λ/2, not 2λ.": lambda theta, old, fisher, strength: (
            4 * elastic_penalty(theta, old, fisher, strength)
        ),
        "each F belongs to *its* parameter: multiply first, then add.": (
            lambda theta, old, fisher, strength: (
                strength / 2 * np.sum(fisher) * np.sum((theta - old) ** 2)
            )
        ),
        "F is under a root; it counts once.": lambda theta, old, fisher, strength: elastic_penalty(
            theta, old, np.sqrt(fisher), strength
        ),
        "λ is missing.": lambda theta, old, fisher, strength: elastic_penalty(
            theta, old, fisher, 1
        ),
        "F is missing: all parameters are held alike, needed or not.": (
            lambda theta, old, fisher, strength: elastic_penalty(theta, old, 1, strength)
        ),
        "this is the mean; the sum is wanted.": lambda theta, old, fisher, strength: (
            elastic_penalty(theta, old, fisher, strength) / len(theta)
        ),
        "F is inside the square: it counts once.": lambda theta, old, fisher, strength: (
            elastic_penalty(theta, old, fisher**2, strength)
        ),
        "the sizes of the differences are added; square them.": (
            lambda theta, old, fisher, strength: strength / 2 * np.sum(fisher * np.abs(theta - old))
        ),
        "the squares are missing: steps up and down cancel.": (
            lambda theta, old, fisher, strength: strength / 2 * np.sum(fisher * (theta - old))
        ),
        "it pulls to 0, as weight decay does; it must pull to θ*.": (
            lambda theta, old, fisher, strength: elastic_penalty(theta, 0 * old, fisher, strength)
        ),
        "θ² − θ*² is not (θ − θ*)².": lambda theta, old, fisher, strength: (
            strength / 2 * np.sum(fisher * (theta**2 - old**2))
        ),
        "F says how much a parameter is *needed*: it multiplies, where it is large θ may move "
        "least.": _divided_by_fisher,
        "a penalty grows with the distance: the sign is wrong.": (
            lambda theta, old, fisher, strength: -elastic_penalty(theta, old, fisher, strength)
        ),
        "this is the root, a norm; the penalty is the square.": (
            lambda theta, old, fisher, strength: np.sqrt(
                elastic_penalty(theta, old, fisher, strength)
            )
        ),
        "the sum is under a root, as in a norm; the penalty grows with the *square* of the "
        "distance.": lambda theta, old, fisher, strength: (
            strength / 2 * np.sqrt(np.sum(fisher * (theta - old) ** 2))
        ),
        "the sum over the parameters is missing.": lambda theta, old, fisher, strength: (
            strength / 2 * fisher * (theta - old) ** 2
        ),
        "this is its gradient.": lambda theta, old, fisher, strength: (
            strength * fisher * (theta - old)
        ),
        "the whole sum is squared; square each difference.": (
            lambda theta, old, fisher, strength: strength / 2 * np.sum(fisher * (theta - old)) ** 2
        ),
    },
    hints=(
        "Each parameter hangs on a spring at its old place, and F is the spring's stiffness.",
        "strength / 2 * np.sum(fisher * (theta − old) ** 2).",
    ),
)


# --- 12.9 -----------------------------------------------------------------------------------------


def nearest_class_mean(X, y, queries):
    classes = np.unique(y)
    means = np.array([X[y == k].mean(axis=0) for k in classes])
    squares = np.sum((queries[:, None] - means) ** 2, axis=2)
    return classes[squares.argmin(axis=1)]


def _by_means(X, y, queries, distance=None, middle=None):
    middle = middle or (lambda rows: rows.mean(axis=0))
    distance = distance or (lambda apart: np.sum(apart**2, axis=2))
    means = np.array([middle(X[y == k]) for k in np.unique(y)])
    return np.unique(y)[distance(queries[:, None] - means).argmin(axis=1)]


def _most_similar(X, y, queries, normalised):
    means = np.array([X[y == k].mean(axis=0) for k in np.unique(y)])
    sizes = np.linalg.norm(means, axis=1) if normalised else 1
    return np.unique(y)[(queries @ means.T / sizes).argmax(axis=1)]


def _scored(X, y, queries, bias):
    """Return the class with the largest μ·x + b, where b = bias(μ, the class's rows)."""
    parts = [X[y == k] for k in np.unique(y)]
    scores = [queries @ rows.mean(axis=0) + bias(rows.mean(axis=0), rows) for rows in parts]
    return np.unique(y)[np.argmax(scores, axis=0)]


def _few_examples(random):
    X = np.array([[0.0, 0.0], [0.0, 9.0], [5.0, 1.0]])
    cases = [(X, np.array([3, 3, 8]), np.array([[0.5, 0.0], [4.0, 1.0]]))]
    X = np.array([[0.0, 0.0], [0.0, 6.0], [4.0, 1.0], [4.0, 1.2]])
    cases.append((X, np.array([2, 2, 5, 5]), np.array([[1.0, -0.5], [2.0, 0.0], [0.2, 3.0]])))
    X = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [2.0, 0.0]])  # mean 1, median 0; 3 against 1
    cases.append((X, np.array([1, 1, 1, 4]), np.array([[1.6, 0.0], [1.4, 0.0]])))
    for counts, d, shift in (((1, 1, 1), 3, 5), ((2, 4, 1), 2, 0), ((5, 3, 9), 4, 3)):
        names = random.permutation(10)[: len(counts)]
        y = np.repeat(names, counts)
        centres = random.normal(shift, 2, (10, d)) * random.choice([1, 3], (10, 1))
        wide = random.choice([0.5, 3.0], (10, 1))
        X = (centres[y] + wide[y] * random.normal(0, 1, (len(y), d))).round(1)
        near = np.repeat(names, 8)
        cases.append((X, y, (centres[near] + 2 * random.normal(0, 1, (len(near), d))).round(1)))
    return cases


NEAREST_MEAN = Exercise(
    key="12.9",
    title="nearest class mean",
    task=(
        "X holds a few examples, a row each, y their classes (any whole numbers). Return for each "
        "row of `queries` the class whose mean is nearest (as a vector)."
    ),
    solution=nearest_class_mean,
    inputs=_few_examples,
    slips={
        "this is the place of the class among the means; return its name, such as 7.": (
            lambda X, y, queries: np.searchsorted(np.unique(y), nearest_class_mean(X, y, queries))
        ),
        "this is the class of the nearest *example*; take the mean of each class first.": (
            lambda X, y, queries: y[
                np.sum((queries[:, None] - X) ** 2, axis=2).argmin(axis=1)
            ]
        ),
        "this is the *farthest* mean.": lambda X, y, queries: _by_means(
            X, y, queries, lambda apart: -np.sum(apart**2, axis=2)
        ),
        "this is the mean with the largest product; a long mean then wins too often.": (
            lambda X, y, queries: _most_similar(X, y, queries, False)
        ),
        "this compares directions (angles); how far away it is counts.": (
            lambda X, y, queries: _most_similar(X, y, queries, True)
        ),
        "the sizes of the differences are added (L1); the distance as a vector squares them.": (
            lambda X, y, queries: _by_means(
                X, y, queries, lambda apart: np.abs(apart).sum(axis=2)
            )
        ),
        "half of ‖μ‖² is too much: b is −‖μ‖²/2 (the 2 comes from expanding the square).": (
            lambda X, y, queries: _scored(X, y, queries, lambda mean, rows: -np.sum(mean**2))
        ),
        "the sign of ‖μ‖²/2 is turned: a long mean has a *smaller* bias.": (
            lambda X, y, queries: _scored(X, y, queries, lambda mean, rows: np.sum(mean**2) / 2)
        ),
        "‖μ‖ is to be squared: b is −‖μ‖²/2.": lambda X, y, queries: _scored(
            X, y, queries, lambda mean, rows: -np.linalg.norm(mean) / 2
        ),
        "the squared distances to the *examples* are averaged; average the examples. A wide class "
        "is at a disadvantage here.": lambda X, y, queries: _scored(
            X, y, queries, lambda mean, rows: -np.mean(np.sum(rows**2, axis=1)) / 2
        ),
        "this is the largest single difference; the distance as a vector takes them all.": (
            lambda X, y, queries: _by_means(
                X, y, queries, lambda apart: np.abs(apart).max(axis=2)
            )
        ),
        "numbers that are no class have a mean here, too: only those of np.unique(y) exist.": (
            lambda X, y, queries: np.argmin(
                [
                    np.sum((queries - (X[y == k].mean(axis=0) if k in y else 0)) ** 2, axis=1)
                    for k in range(y.max() + 1)
                ],
                axis=0,
            )
        ),
        "ln of the class's share is added, as in the Gaussian of lesson 03; here only distance "
        "counts.": lambda X, y, queries: _scored(
            X, y, queries, lambda mean, rows: np.log(len(rows) / len(X)) - np.sum(mean**2) / 2
        ),
        "this is the median of each class; the mean is wanted.": (
            lambda X, y, queries: _by_means(
                X, y, queries, middle=lambda rows: np.median(rows, axis=0)
            )
        ),
        "only the *sums* of the numbers are compared: is axis=0 missing in the mean, or are "
        "differences added with their signs?": (
            lambda X, y, queries: _by_means(
                X, y, queries, lambda apart: np.abs(apart.sum(axis=2))
            )
        ),
        "these are sums of the examples; divide by how many there are of the class.": (
            lambda X, y, queries: _by_means(
                X, y, queries, middle=lambda rows: rows.sum(axis=0)
            )
        ),
        "this is the first example of each class; take the mean of all of them.": (
            lambda X, y, queries: _by_means(X, y, queries, middle=lambda rows: rows[0])
        ),
        "all sums are divided by the number of *all* examples: each class has its own number.": (
            lambda X, y, queries: _by_means(
                X, y, queries, middle=lambda rows: rows.sum(axis=0) / len(X)
            )
        ),
        "these are the distances; whose is the smallest?": lambda X, y, queries: np.sum(
            (queries[:, None] - np.array([X[y == k].mean(axis=0) for k in np.unique(y)])) ** 2,
            axis=2,
        ),
    },
    hints=(
        "One mean for each of np.unique(y); then the distances of all queries to all means.",
        "classes[squares.argmin(axis=1)], with squares of the shape (queries, classes).",
    ),
)  # fmt: skip


# --- 12.10 ----------------------------------------------------------------------------------------


def calibration_error(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for b in np.unique(place):
        here = place == b
        error += here.mean() * abs(right[here].mean() - confidence[here].mean())
    return error


def _gaps(confidence, right, bins):
    """Return the gap right − confidence and the share of the answers, of each bin in use."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    used = [place == b for b in np.unique(place)]
    return (
        np.array([right[here].mean() - confidence[here].mean() for here in used]),
        np.array([here.mean() for here in used]),
    )


def _bins(confidence, edges):
    """Return which answers are in each bin that is not empty; the last edge belongs to it."""
    place = np.minimum(np.searchsorted(edges, confidence, side="right"), len(edges) - 1)
    return [place == b for b in np.unique(place)]


def _empty_bins_too(confidence, right, bins):
    with np.errstate(all="ignore"):
        place = np.minimum((confidence * bins).astype(int), bins - 1)
        counts = np.bincount(place, minlength=bins)
        gaps = np.bincount(place, right - confidence, bins) / counts
        return float(np.sum(counts / len(right) * np.abs(gaps)))


def _from_the_middle(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return sum(
        np.mean(place == b) * abs(right[place == b].mean() - (b + 0.5) / bins)
        for b in np.unique(place)
    )


def _last_bin_forgotten(confidence, right, bins):
    gaps, shares = _gaps(confidence[confidence < 1], right[confidence < 1], bins)
    return np.sum(shares * np.abs(gaps)) * np.mean(confidence < 1)


def _answers(random):
    cases = [
        (np.array([0.9, 0.6, 0.95, 1.0]), np.array([1.0, 0.0, 1.0, 0.0]), 5),
        (np.array([1.0, 1.0, 1.0, 1.0, 0.33]), np.array([1.0, 1.0, 1.0, 1.0, 0.0]), 10),
    ]
    for n, bins in ((12, 4), (30, 10), (60, 7)):
        confidence = np.minimum(random.beta(4, 1.5, n).round(3), 0.999) + 0.0005  # on no edge
        confidence[0] = 1.0
        cases.append((confidence, (random.random(n) < confidence - 0.1).astype(float), bins))
    return cases


CALIBRATION = Exercise(
    key="12.10",
    title="how far from honest?",
    task=(
        "Sort answers by their confidence into `bins` bins of equal width from 0 to 1 (1 belongs "
        "to the last). Return Σ (share of the answers in the bin) · |share that is right − mean "
        "confidence| over the bins that are not empty. `right` holds 1 and 0."
    ),
    solution=calibration_error,
    inputs=_answers,
    slips={
        "the bins count alike; each counts by its share of the answers.": (
            lambda confidence, right, bins: np.abs(_gaps(confidence, right, bins)[0]).mean()
        ),
        "the gaps of the bins are added without their shares.": (
            lambda confidence, right, bins: np.abs(_gaps(confidence, right, bins)[0]).sum()
        ),
        "the sum of the gaps is divided by `bins`, so that all bins count alike, the empty ones, "
        "too; each counts by its share of the answers.": lambda confidence, right, bins: (
            np.abs(_gaps(confidence, right, bins)[0]).sum() / bins
        ),
        "the shares add up to 1, so this is a mean already: it is not divided by `bins`.": (
            lambda confidence, right, bins: calibration_error(confidence, right, bins) / bins
        ),
        "each gap is multiplied by the *number* of answers in its bin: divide by how many there "
        "are in all.": lambda confidence, right, bins: (
            calibration_error(confidence, right, bins) * len(right)
        ),
        "rounding makes bins + 1 bins, the first and the last half as wide: cut the decimals off, "
        ".astype(int).": lambda confidence, right, bins: sum(
            here.mean() * abs(right[here].mean() - confidence[here].mean())
            for b in range(bins + 1)
            if (here := np.round(confidence * bins) == b).any()
        ),
        "too sure here and too shy there cancel: the absolute value of each bin is missing.": (
            lambda confidence, right, bins: np.mean(right - confidence)
        ),
        "this is |share right − mean confidence| of all answers together: either there is one bin, "
        "or the absolute value comes after the sum; each bin has its own.": (
            lambda confidence, right, bins: abs(np.mean(right - confidence))
        ),
        "these are sums in the bin; take its means.": lambda confidence, right, bins: sum(
            here.mean() * abs(right[here].sum() - confidence[here].sum())
            for here in _bins(confidence, np.linspace(0, 1, bins + 1))
        ),
        "np.linspace(0, 1, bins) gives so many *edges*, and one bin fewer: bins + 1 of them.": (
            lambda confidence, right, bins: sum(
                here.mean() * abs(right[here].mean() - confidence[here].mean())
                for here in _bins(confidence, np.linspace(0, 1, bins))
            )
        ),
        "the bins reach from the least to the largest confidence; they must reach from 0 to 1.": (
            lambda confidence, right, bins: sum(
                here.mean() * abs(right[here].mean() - confidence[here].mean())
                for here in _bins(confidence, np.histogram_bin_edges(confidence, bins))
            )
        ),
        "each bin has as many answers as any other; here the bins are equally *wide*.": (
            lambda confidence, right, bins: sum(
                len(here) / len(right) * abs(right[here].mean() - confidence[here].mean())
                for here in np.array_split(np.argsort(confidence, kind="stable"), bins)
                if len(here)
            )
        ),
        "the root of the mean square of the gaps; their sizes are wanted.": (
            lambda confidence, right, bins: np.sqrt(
                np.sum(_gaps(confidence, right, bins)[1] * _gaps(confidence, right, bins)[0] ** 2)
            )
        ),
        "an empty bin has no mean (0/0): leave it out.": _empty_bins_too,
        "this is the largest gap of a bin; the mean over the answers is wanted.": (
            lambda confidence, right, bins: np.abs(_gaps(confidence, right, bins)[0]).max()
        ),
        "the gaps are squared; their sizes are wanted.": lambda confidence, right, bins: np.sum(
            _gaps(confidence, right, bins)[1] * _gaps(confidence, right, bins)[0] ** 2
        ),
        "each answer is a bin of its own here: |right − confidence|, and no honest forecast could "
        "reach 0.": lambda confidence, right, bins: np.mean(np.abs(right - confidence)),
        "the middle of the bin stands for its answers; take their mean confidence.": (
            _from_the_middle
        ),
        "answers of confidence 1 are left out: they belong to the last bin.": _last_bin_forgotten,
        "answers of confidence 1 have a bin of their own: they belong to the last one.": (
            lambda confidence, right, bins: sum(
                here.mean() * abs(right[here].mean() - confidence[here].mean())
                for b in range(bins + 1)
                if (here := (confidence * bins).astype(int) == b).any()
            )
        ),
        "this is the share that is right, without its distance from the confidence.": (
            lambda confidence, right, bins: np.mean(right)
        ),
    },
    hints=(
        "Inside a bin: the mean of `right`, the mean of `confidence`, and the distance of the two.",
        "place = np.minimum((confidence * bins).astype(int), bins − 1); then a loop over "
        "np.unique(place).",
    ),
)


EXERCISES = [
    REBUILD, DETECTED, SOFT_TARGETS, DISTILLATION_GRADIENT, PRUNE, QUANTIZE, LARGEST_RANK, ELASTIC,
    NEAREST_MEAN, CALIBRATION,
]  # fmt: skip
