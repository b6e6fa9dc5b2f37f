"""Lesson 10: the bound, labelings by lines, the smallest weights, the norm of a Jacobian, two
definitions of flat, a rescaled network, one sharpness-aware step."""

from math import comb

import numpy as np

from course_lib.exercise import Exercise

LESSON = "10"


# --- 10.1 -----------------------------------------------------------------------------------------


def omega(R, M, delta):
    return np.sqrt((M * (np.log(2 * R / M) + 1) + np.log(4 / delta)) / R)


def _promises(random):
    cases = [(100, 1, 0.05), (1000, 3, 0.05)]
    for _ in range(4):
        M = int(random.integers(2, 50))
        cases.append(
            (int(M * random.integers(5, 100)), M, round(float(random.uniform(0.01, 0.3)), 3))
        )
    return cases


OMEGA = Exercise(
    key="10.1",
    title="the promise",
    task="Return Ω(R, M, δ) for R examples, VC dimension M and the risk δ (ln is np.log).",
    solution=omega,
    inputs=_promises,
    slips={
        "the square root is missing.": lambda R, M, delta: omega(R, M, delta) ** 2,
        "this takes δ for the probability that it holds; that is 1 − δ.": (
            lambda R, M, delta: omega(R, M, 1 - delta)
        ),
        "np.log10 is the logarithm to base 10; ln is np.log.": (
            lambda R, M, delta: np.sqrt((M * (np.log10(2 * R / M) + 1) + np.log10(4 / delta)) / R)
        ),
        "np.log2 is the logarithm to base 2; ln is np.log.": (
            lambda R, M, delta: np.sqrt((M * (np.log2(2 * R / M) + 1) + np.log2(4 / delta)) / R)
        ),
        "the fraction in the logarithm is 2R/M; here it is R/M.": (
            lambda R, M, delta: np.sqrt((M * (np.log(R / M) + 1) + np.log(4 / delta)) / R)
        ),
        "the + 1 is multiplied by M, too: M (ln(2R/M) + 1).": (
            lambda R, M, delta: np.sqrt((M * np.log(2 * R / M) + 1 + np.log(4 / delta)) / R)
        ),
        "the + 1 stands outside of the logarithm: ln(2R/M) + 1, not ln(2R/M + 1).": (
            lambda R, M, delta: np.sqrt((M * np.log(2 * R / M + 1) + np.log(4 / delta)) / R)
        ),
        "the fraction in the logarithm is upside down: 2R/M, not M/(2R).": (
            lambda R, M, delta: np.sqrt((M * (np.log(M / (2 * R)) + 1) + np.log(4 / delta)) / R)
        ),
        "M stands inside of the logarithm: ln(2R/M), not ln(2R)/M.": (
            lambda R, M, delta: np.sqrt((M * (np.log(2 * R) / M + 1) + np.log(4 / delta)) / R)
        ),
        "// drops what is behind the point; divide with /.": (
            lambda R, M, delta: np.sqrt((M * (np.log(2 * R // M) + 1) + np.log(4 / delta)) / R)
        ),
        "the + 1 is missing: M (ln(2R/M) + 1).": (
            lambda R, M, delta: np.sqrt((M * np.log(2 * R / M) + np.log(4 / delta)) / R)
        ),
        "only the last term is divided by R: put the whole sum in parentheses.": (
            lambda R, M, delta: np.sqrt(M * (np.log(2 * R / M) + 1) + np.log(4 / delta) / R)
        ),
        "only the first term is divided by R: put the whole sum in parentheses.": (
            lambda R, M, delta: np.sqrt(M * (np.log(2 * R / M) + 1) / R + np.log(4 / delta))
        ),
        "the term with δ is missing: ln(4/δ).": (
            lambda R, M, delta: np.sqrt(M * (np.log(2 * R / M) + 1) / R)
        ),
        "the 4 is missing: ln(4/δ), not ln(1/δ).": (
            lambda R, M, delta: np.sqrt((M * (np.log(2 * R / M) + 1) + np.log(1 / delta)) / R)
        ),
        "δ stands inside of the logarithm: ln(4/δ), not ln(4)/δ.": (
            lambda R, M, delta: np.sqrt((M * (np.log(2 * R / M) + 1) + np.log(4) / delta) / R)
        ),
        "ln(δ/4) is negative: it is ln(4/δ), the smaller δ the larger.": (
            lambda R, M, delta: np.sqrt((M * (np.log(2 * R / M) + 1) + np.log(delta / 4)) / R)
        ),
        "R and M have changed places.": (
            lambda R, M, delta: np.sqrt(abs(R * (np.log(2 * M / R) + 1) + np.log(4 / delta)) / M)
        ),
        "M is missing in front of the first parenthesis.": (
            lambda R, M, delta: np.sqrt((np.log(2 * R / M) + 1 + np.log(4 / delta)) / R)
        ),
        "only R stands under the root here; the root is of the whole fraction.": (
            lambda R, M, delta: (M * (np.log(2 * R / M) + 1) + np.log(4 / delta)) / np.sqrt(R)
        ),
        "R stands outside of the root here; the root is of the whole fraction.": (
            lambda R, M, delta: np.sqrt(M * (np.log(2 * R / M) + 1) + np.log(4 / delta)) / R
        ),
    },
    hints=(
        "Build the sum M (ln(2R/M) + 1) + ln(4/δ) first, then divide, then take the root.",
        "np.sqrt((M * (np.log(2 * R / M) + 1) + np.log(4 / delta)) / R)",
    ),
)


# --- 10.2 -----------------------------------------------------------------------------------------


def labelings(k):
    return k * k - k + 2


LABELINGS = Exercise(
    key="10.2",
    title="how many labelings?",
    task=(
        "k points lie in the plane, no three on a line. Return the number of their 2ᵏ labelings "
        "that straight lines can make; k = 1, 2, 3, 4 give 2, 4, 8, 14."
    ),
    solution=labelings,
    inputs=lambda random: [(1,), (2,), (3,), (4,), *((int(n),) for n in random.integers(5, 60, 4))],
    slips={
        "2ᵏ are all labelings; from four points on, lines cannot make some.": lambda k: 2**k,
        "this is right up to four points; for five it is 22, not 30.": lambda k: 2**k - 2 * (k > 3),
        "this takes two labelings away for each four points: right up to k = 5, by chance; for "
        "k = 6 it leaves 34, and it should be 32.": lambda k: 2**k - 2 * comb(k, 4),
        "this is Sauer's bound for VC dimension 3, the sum of C(k, i) for i ≤ 3: lines make at "
        "most so many, and 14 of four points, not 15.": lambda k: sum(comb(k, i) for i in range(4)),
        "this counts planes in three dimensions: of four points they make all 16 labelings.": (
            lambda k: 2 * sum(comb(k - 1, i) for i in range(4))
        ),
        "this stays at 14; five points have 22, and it goes on growing.": lambda k: min(2**k, 14),
        "this goes on in steps of 6; the steps grow, too: 2, 4, 6, 8, …": (
            lambda k: (2, 4, 8, 14)[k - 1] if k < 5 else 6 * k - 10
        ),
        "this has no value for five points or more: a formula is wanted, for all k.": (
            {1: 2, 2: 4, 3: 8, 4: 14}.get
        ),
        "each cut is counted once; which side is True makes it two labelings.": (
            lambda k: (k * k - k + 2) // 2
        ),
        "the two labelings with all points on one side are missing.": lambda k: k * k - k,
        "all True and all False are two labelings, not one.": lambda k: k * k - k + 1,
        "this counts the pairs of points; a new point adds 2(k − 1) labelings.": (
            lambda k: k * (k - 1) // 2
        ),
        "these are the pieces of the plane that k lines make; 14 labelings of four, not 11.": (
            lambda k: 1 + k + k * (k - 1) // 2
        ),
        "this goes up by 2k with a new point; it should be 2(k − 1), with k the new count.": (
            lambda k: k * k + k
        ),
        "2k labelings are those of points on one line; in the plane there are more.": (
            lambda k: 2 * k
        ),
        "this is the labelings of k + 1 points.": lambda k: (k + 1) * k + 2,
        "this is k² − k − 2: the last sign is wrong.": lambda k: k * k - k - 2,
        "the − k is missing: k² − k + 2.": lambda k: k * k + 2,
    },
    hints=(
        "Look at the differences: 2, 4, 8, 14 go up by 2, 4, 6. Lines through a new point label "
        "the k − 1 others in 2(k − 1) ways; in each of these the new point may go to either side.",
        "2 + 2·(1 + 2 + … + (k − 1)).",
    ),
)


# --- 10.3 -----------------------------------------------------------------------------------------


def smallest_weights(X, y):
    return X.T @ np.linalg.solve(X @ X.T, y)


def _wide(random):
    cases = [(np.array([[3.0, 4.0]]), np.array([5.0]))]
    for n, features in ((2, 3), (2, 5), (3, 6), (4, 9)):
        cases.append((random.normal(size=(n, features)).round(2), random.normal(size=n).round(2)))
    return cases


def _first_columns(X, y):
    c = np.zeros(X.shape[1])
    c[: len(y)] = np.linalg.solve(X[:, : len(y)], y)
    return c


SMALLEST = Exercise(
    key="10.3",
    title="the smallest weights",
    task=(
        "X has fewer rows (examples) than columns (features), so many c make X @ c equal to y. "
        "Return the one with the smallest ‖c‖; X @ X.T has an inverse."
    ),
    solution=smallest_weights,
    inputs=_wide,
    tolerance=1e-7,
    slips={
        "this fits y, but uses the first features only; others with smaller ‖c‖ fit, too.": (
            _first_columns
        ),
        "X @ X.T is missing: X.T @ y points the right way and does not fit.": (
            lambda X, y: X.T @ y
        ),
        "these are the weights of the examples; multiply by X.T to get those of the features.": (
            lambda X, y: np.linalg.solve(X @ X.T, y)
        ),
        "this multiplies by X @ X.T; it should be its inverse (np.linalg.solve).": (
            lambda X, y: X.T @ (X @ X.T @ y)
        ),
        "there is a ridge of 1 in it: this does not fit y exactly.": (
            lambda X, y: X.T @ np.linalg.solve(X @ X.T + np.eye(len(y)), y)
        ),
        "this needs a square matrix that has an inverse: neither X nor X.T @ X is one, with more "
        "features than examples; X @ X.T is.": lambda X, y: np.linalg.solve(X, y),
        "np.linalg.lstsq returns four things; the weights are the first of them: [0].": (
            lambda X, y: np.linalg.lstsq(X, y)
        ),
        "these are weights for the first features only; c has one for each column of X, and the "
        "smallest c uses them all.": lambda X, y: np.linalg.solve(X[:, : len(y)], y),
        "this is X @ c, which is y again; c itself is asked for.": (
            lambda X, y: X @ smallest_weights(X, y)
        ),
        "this is the length ‖c‖; c itself is asked for.": (
            lambda X, y: np.linalg.norm(smallest_weights(X, y))
        ),
        "this divides each entry of X.T @ y by a diagonal entry; X @ X.T must be solved for.": (
            lambda X, y: X.T @ (y / np.diag(X @ X.T))
        ),
        "the sign is flipped.": lambda X, y: -smallest_weights(X, y),
    },
    hints=(
        "The smallest c has no part that X does not see: it is a combination of the rows of X, "
        "c = X.T @ a. Put that into X @ c = y, and solve for a.",
        "a = np.linalg.solve(X @ X.T, y); then X.T @ a.",
    ),
)


# --- 10.4 -----------------------------------------------------------------------------------------


def jacobian_norm(x, W1, b1, W2):
    on = W1 @ x + b1 > 0
    return np.linalg.norm((W2 * on) @ W1)


def _networks(random):
    cases = []
    for d, hidden, outputs in ((2, 2, 1), (2, 3, 2), (3, 5, 2), (4, 6, 3), (3, 8, 4)):
        shapes = (hidden, d), d, (outputs, hidden)
        W1, x, W2 = (random.normal(size=shape).round(2) for shape in shapes)
        every_other = np.where(np.arange(hidden) % 2, -1, 1)  # on, off, on, … whatever x is
        cases.append((x, W1, every_other * (np.abs(W1 @ x) + 0.5).round(2), W2))
    return cases


def _norm(x, W1, b1, W2, kind):
    return np.linalg.norm((W2 * (W1 @ x + b1 > 0)) @ W1, kind)


def _of_probabilities(x, W1, b1, W2):
    p = np.exp(W2 @ np.maximum(W1 @ x + b1, 0))
    p /= p.sum()
    return np.linalg.norm((np.diag(p) - np.outer(p, p)) @ (W2 * (W1 @ x + b1 > 0)) @ W1)


SENSITIVITY = Exercise(
    key="10.4",
    title="sensitivity",
    task=(
        "A network has the outputs y = W2 @ np.maximum(W1 @ x + b1, 0). Return how sensitive they "
        "are at x (leave the softmax out here): the Frobenius norm of the Jacobian ∂y/∂x."
    ),
    solution=jacobian_norm,
    inputs=_networks,
    slips={
        "this is W2 @ W1, as if all ReLUs were on; those that are off pass nothing.": (
            lambda x, W1, b1, W2: np.linalg.norm(W2 @ W1)
        ),
        "the square root is missing: the norm is the root of the sum of squares.": (
            lambda x, W1, b1, W2: jacobian_norm(x, W1, b1, W2) ** 2
        ),
        "this is the sum of the sizes of the entries; take squares, and the root.": (
            lambda x, W1, b1, W2: np.abs((W2 * (W1 @ x + b1 > 0)) @ W1).sum()
        ),
        "this is the largest singular value (np.linalg.norm(J, 2)), not the Frobenius norm.": (
            lambda x, W1, b1, W2: _norm(x, W1, b1, W2, 2)
        ),
        "this is the sum of the singular values (the nuclear norm), not the Frobenius norm.": (
            lambda x, W1, b1, W2: _norm(x, W1, b1, W2, "nuc")
        ),
        "this is of the probabilities, after a softmax; here it is of the outputs y.": (
            _of_probabilities
        ),
        "this is the sum of the squared entries divided by their number, under the root.": (
            lambda x, W1, b1, W2: np.sqrt(np.mean(((W2 * (W1 @ x + b1 > 0)) @ W1) ** 2))
        ),
        "the bias is missing where it is asked which ReLUs are on.": (
            lambda x, W1, b1, W2: np.linalg.norm((W2 * (W1 @ x > 0)) @ W1)
        ),
        "the ReLUs that are off are taken for those that are on.": (
            lambda x, W1, b1, W2: np.linalg.norm((W2 * (W1 @ x + b1 <= 0)) @ W1)
        ),
        "this multiplies by the values of the hidden layer; its slopes are 1 or 0.": (
            lambda x, W1, b1, W2: np.linalg.norm((W2 * np.maximum(W1 @ x + b1, 0)) @ W1)
        ),
        "this is the norm of the output, not of its derivative.": (
            lambda x, W1, b1, W2: np.linalg.norm(W2 @ np.maximum(W1 @ x + b1, 0))
        ),
        "this is the product of the norms of the layers, a bound, mostly far too large, and the "
        "ReLUs are missing.": lambda x, W1, b1, W2: np.linalg.norm(W2) * np.linalg.norm(W1),
        "this is a product of two norms, a bound, mostly far too large: first multiply the "
        "matrices, then take the norm.": (
            lambda x, W1, b1, W2: (
                np.linalg.norm(W2) * np.linalg.norm((W1 @ x + b1 > 0)[:, None] * W1)
            )
        ),
        "the ReLU is of W1 @ x + b1, not of the weights W1: it says which rows of W1 count.": (
            lambda x, W1, b1, W2: np.linalg.norm(W2 @ np.maximum(W1, 0))
        ),
        "which ReLUs are on has an entry a hidden neuron: it belongs to the columns of W2 (or the "
        "rows of W1), before they are multiplied.": (
            lambda x, W1, b1, W2: np.linalg.norm(W2 @ W1 * (W1 @ x + b1 > 0))
        ),
        "W1 is missing: the chain rule goes through both layers.": (
            lambda x, W1, b1, W2: np.linalg.norm(W2 * (W1 @ x + b1 > 0))
        ),
        "this is the Jacobian times x; the norm is of the Jacobian alone.": (
            lambda x, W1, b1, W2: np.linalg.norm((W2 * (W1 @ x + b1 > 0)) @ W1 @ x)
        ),
        "this is the Jacobian itself; its norm is asked for.": (
            lambda x, W1, b1, W2: (W2 * (W1 @ x + b1 > 0)) @ W1
        ),
    },
    hints=(
        "A ReLU that is on has slope 1, one that is off has slope 0. Which are on at x?",
        "on = W1 @ x + b1 > 0; the Jacobian is (W2 * on) @ W1; np.linalg.norm of a matrix is "
        "the Frobenius norm.",
    ),
)


# --- 10.5 -----------------------------------------------------------------------------------------


def flatness(h, height, radius):
    return 2 * np.sqrt(2 * height / h), h * radius**2 / 2


FLATNESS = Exercise(
    key="10.5",
    title="two definitions of flat",
    task=(
        "The loss is L(θ) = ½ h θ². Return a pair: how wide the valley is at `height` above its "
        "lowest point, and how much the loss rises at most within `radius` of it."
    ),
    solution=flatness,
    inputs=lambda random: [
        (2.0, 1.0, 1.0),
        *(tuple(map(float, random.uniform(0.3, 6, 3).round(2))) for _ in range(4)),
    ],
    slips={
        "half as wide as it is: the width goes from −√(2ξ/h) to +√(2ξ/h).": (
            lambda h, height, radius: (np.sqrt(2 * height / h), h * radius**2 / 2)
        ),
        "the ½ of L = ½hθ² is forgotten in both: ½hθ² = ξ gives θ² = 2ξ/h, and the rise is ½hε².": (
            lambda h, height, radius: (2 * np.sqrt(height / h), h * radius**2)
        ),
        "half as wide as it is (there is the other side, too), and in the rise the ½ is missing.": (
            lambda h, height, radius: (np.sqrt(2 * height / h), h * radius**2)
        ),
        "in the width the ½ of L = ½hθ² is forgotten, and the other side: it is 2√(2ξ/h).": (
            lambda h, height, radius: (np.sqrt(height / h), h * radius**2 / 2)
        ),
        "2ξ/h is θ² where the height is reached: take the root, and both sides.": (
            lambda h, height, radius: (2 * height / h, h * radius**2 / 2)
        ),
        "h multiplies in the width; ½hθ² = ξ gives θ² = 2ξ/h: it divides.": (
            lambda h, height, radius: (2 * np.sqrt(2 * height * h), h * radius**2 / 2)
        ),
        "height and radius have changed places.": (
            lambda h, height, radius: (2 * np.sqrt(2 * radius / h), h * height**2 / 2)
        ),
        "the root is missing in the width: ½hθ² = ξ gives θ² = 2ξ/h.": (
            lambda h, height, radius: (4 * height / h, h * radius**2 / 2)
        ),
        "the ½ is forgotten in the width: ½hθ² = ξ gives θ² = 2ξ/h.": (
            lambda h, height, radius: (2 * np.sqrt(height / h), h * radius**2 / 2)
        ),
        "the fraction is upside down: the sharper (h large), the narrower.": (
            lambda h, height, radius: (2 * np.sqrt(2 * h / height), h * radius**2 / 2)
        ),
        "the ½ is missing in the rise, ½hε².": (
            lambda h, height, radius: (2 * np.sqrt(2 * height / h), h * radius**2)
        ),
        "the radius is not squared in the rise, ½hε².": (
            lambda h, height, radius: (2 * np.sqrt(2 * height / h), h * radius / 2)
        ),
        "the radius is doubled: from the lowest point it is ε to either side.": (
            lambda h, height, radius: (2 * np.sqrt(2 * height / h), 2 * h * radius**2)
        ),
        "this is the slope at the radius, hε; the rise is ½hε².": (
            lambda h, height, radius: (2 * np.sqrt(2 * height / h), h * radius)
        ),
        "the two have changed places: the width first.": (
            lambda h, height, radius: (h * radius**2 / 2, 2 * np.sqrt(2 * height / h))
        ),
        "2 * height stands outside of the root: only √h is under it.": (
            lambda h, height, radius: (2 * height * 2 / np.sqrt(h), h * radius**2 / 2)
        ),
    },
    hints=(
        "Where is ½ h θ² equal to the height? There are two such places. And where in the "
        "interval from −radius to radius is the loss largest?",
        "θ = ±√(2·height/h); the largest loss is at the ends, ½ h radius².",
    ),
)


# --- 10.6 -----------------------------------------------------------------------------------------


def rescale(W1, b1, W2, b2, alpha):
    return alpha * W1, alpha * b1, W2 / alpha, b2


def _layers(random):
    cases = []
    for d, hidden, outputs in ((1, 1, 1), (2, 3, 1), (2, 4, 2), (3, 5, 2)):
        shapes = (hidden, d), hidden, (outputs, hidden), outputs
        weights = [random.normal(size=shape).round(2) for shape in shapes]
        cases.append((*weights, float(random.choice([0.5, 2.0, 4.0, 3.0]))))
    return cases


RESCALE = Exercise(
    key="10.6",
    title="other weights, same function",
    task=(
        "A network W2 @ np.maximum(W1 @ x + b1, 0) + b2, and a number alpha > 0. Multiply W1 by "
        "alpha, and return the four (W1, b1, W2, b2) that make the same function again."
    ),
    solution=rescale,
    inputs=_layers,
    slips={
        "b1 must be multiplied, too: ReLU(α(W1 x + b1)) = α ReLU(W1 x + b1).": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, b1, W2 / alpha, b2)
        ),
        "only W1 is changed: b1 must follow it, and W2 must take α back.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, b1, W2, b2)
        ),
        "the biases are the wrong way round: b1 belongs to the first layer and is multiplied, too; "
        "b2 stays.": lambda W1, b1, W2, b2, alpha: (alpha * W1, b1, W2 / alpha, b2 / alpha),
        "it is W2 that takes α back, not b2.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2, b2 / alpha)
        ),
        "α is subtracted from W2; a factor is taken back by dividing.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2 - alpha, b2)
        ),
        "b2 stays: it is added after the second layer, which takes α back.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2 / alpha, b2 / alpha)
        ),
        "W2 must be divided by α, to take it back; here it is multiplied.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2 * alpha, b2)
        ),
        "W2 stays as it was, and the output is α times as large: divide it.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2, b2)
        ),
        "this is the other way round: W1 is to be multiplied by α, W2 divided.": (
            lambda W1, b1, W2, b2, alpha: (W1 / alpha, b1 / alpha, alpha * W2, b2)
        ),
        "b1 is divided; it belongs to the first layer, which is multiplied.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, b1 / alpha, W2 / alpha, b2)
        ),
        "b2 is multiplied; it is added after the second layer, and stays.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2 / alpha, alpha * b2)
        ),
        "W2 is divided by α²; the first layer brings one factor α only.": (
            lambda W1, b1, W2, b2, alpha: (alpha * W1, alpha * b1, W2 / alpha**2, b2)
        ),
        "this is the same network, unchanged: W1 is to be multiplied by α.": (
            lambda W1, b1, W2, b2, alpha: (W1, b1, W2, b2)
        ),
    },
    hints=(
        "ReLU(α z) = α ReLU(z) for α > 0. What must α multiply to get α z, and who takes it back?",
        "alpha * W1, alpha * b1, W2 / alpha, b2",
    ),
)


# --- 10.7 -----------------------------------------------------------------------------------------


def sharpness_aware_step(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return theta - learning_rate * gradient(theta + radius * g / np.linalg.norm(g))


class _Bowl:
    """∇L(θ) = H θ + c |θ|θ, for a loss that is no parabola."""

    def __init__(self, random, n):
        A = random.normal(size=(n, n)).round(1)
        self.H = (A @ A.T + np.eye(n)).round(2)

    def __call__(self, theta):
        return self.H @ theta + np.abs(theta) * theta

    def __repr__(self):
        return f"gradient of ½θᵀHθ + Σ|θ|³/3, H = {self.H.tolist()}"


def _bowls(random):
    cases = []
    for n in (1, 2, 2, 3, 4):
        theta = (random.uniform(0.5, 2, n) * random.choice([-1, 1], n)).round(2)
        rate, radius = round(float(random.uniform(0.05, 0.3)), 2), 0.5
        cases.append((theta, _Bowl(random, n), rate, radius))
    return cases


def _twice(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    up = theta + radius * g / np.linalg.norm(g)
    return up - learning_rate * gradient(up)


def _down(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return theta - learning_rate * gradient(theta - radius * g / np.linalg.norm(g))


def _long(theta, gradient, learning_rate, radius):
    return theta - learning_rate * gradient(theta + radius * gradient(theta))


def _uphill(theta, gradient, learning_rate, radius):
    return 2 * theta - sharpness_aware_step(theta, gradient, learning_rate, radius)


def _squared(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return theta - learning_rate * gradient(theta + radius * g / (g @ g))


def _both(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    up = gradient(theta + radius * g / np.linalg.norm(g))
    return theta - learning_rate * (g + up)


def _no_rate(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return theta - gradient(theta + radius * g / np.linalg.norm(g))


def _normed(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    up = gradient(theta + radius * g / np.linalg.norm(g))
    return theta - learning_rate * up / np.linalg.norm(up)


def _slope_only(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return gradient(theta + radius * g / np.linalg.norm(g))


def _place_only(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return theta + radius * g / np.linalg.norm(g)


def _twice_long(theta, gradient, learning_rate, radius):
    up = theta + radius * gradient(theta)
    return up - learning_rate * gradient(up)


def _down_long(theta, gradient, learning_rate, radius):
    return theta - learning_rate * gradient(theta - radius * gradient(theta))


def _signs(theta, gradient, learning_rate, radius):
    return theta - learning_rate * gradient(theta + radius * np.sign(gradient(theta)))


def _largest(theta, gradient, learning_rate, radius):
    g = gradient(theta)
    return theta - learning_rate * gradient(theta + radius * g / np.abs(g).max())


def _shorter(theta, gradient, learning_rate, radius):
    return sharpness_aware_step(theta, gradient, learning_rate, learning_rate * radius)


def _outward(theta, gradient, learning_rate, radius):
    up = theta + radius * theta / np.linalg.norm(theta)
    return theta - learning_rate * gradient(up)


SAM = Exercise(
    key="10.7",
    title="one sharpness-aware step",
    task=(
        "gradient(theta) gives ∇L. Go uphill by a step of length radius and take the gradient "
        "there. Return theta after a step of gradient descent with that gradient, made from "
        "where you were."
    ),
    solution=sharpness_aware_step,
    inputs=_bowls,
    slips={
        "this is plain gradient descent: the gradient should be taken uphill of theta.": (
            lambda theta, gradient, learning_rate, radius: theta - learning_rate * gradient(theta)
        ),
        "the step is made from the place uphill; go back to theta first.": _twice,
        "this looks downhill; the worst place nearby is uphill.": _down,
        "the gradient gives only the direction: divide it by its length and go radius far.": _long,
        "the step goes up: subtract the gradient.": _uphill,
        "the gradient is divided by its squared length; by its length it should be.": _squared,
        "both gradients are added; only the one from uphill counts.": _both,
        "the learning rate is missing.": _no_rate,
        "the gradient from uphill is divided by its length, too; only the first one is.": _normed,
        "this is the gradient uphill; theta after the step with it is asked for.": _slope_only,
        "this is the place uphill; the step down, with the gradient of there, is missing.": (
            _place_only
        ),
        "the step is made from the place uphill, and the way there is not of length radius: divide "
        "the gradient by its length, and step from theta.": _twice_long,
        "this looks downhill, and not radius far: uphill, by the gradient over its length.": (
            _down_long
        ),
        "each entry of the gradient is divided by its own size (its sign is left), so the way is "
        "too long; divide all of it by its length, np.linalg.norm.": _signs,
        "the gradient is divided by its largest entry; its length is np.linalg.norm.": _largest,
        "learning_rate and radius have changed places.": (
            lambda theta, gradient, learning_rate, radius: sharpness_aware_step(
                theta, gradient, radius, learning_rate
            )
        ),
        "theta + radius moves each entry by radius; uphill is along the gradient.": (
            lambda theta, gradient, learning_rate, radius: (
                theta - learning_rate * gradient(theta + radius)
            )
        ),
        "the learning rate is in the way uphill, too; that has the length radius.": _shorter,
        "this goes along theta; uphill is along the gradient.": _outward,
    },
    hints=(
        "Three lines: the gradient here; the place uphill; the step from here with the gradient "
        "of there.",
        "up = theta + radius * g / np.linalg.norm(g); then theta − learning_rate · gradient(up).",
    ),
)

EXERCISES = [OMEGA, LABELINGS, SMALLEST, SENSITIVITY, FLATNESS, RESCALE, SAM]
