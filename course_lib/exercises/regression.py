"""Lesson 01: the loss of a line, its gradient, one step, indicators, ridge, estimators, folds."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "01"


def points(random):
    """Return a few sets of points (x, y), the smallest first."""
    sets = [(np.array([1.0, 2.0]), np.array([3.0, 5.0]))]
    for n in (3, 5, 8):
        x = random.normal(2, 1, n)
        sets.append((x, 1 + 2 * x + random.normal(0, 1, n)))
    return sets


def lines_and_points(random):
    """Return a few lines (w, b), each with its points."""
    slopes = [(1.0, 0.5), *random.normal([2, 1], 1, (3, 2))]
    return [
        (float(w), float(b), x, y) for (w, b), (x, y) in zip(slopes, points(random), strict=True)
    ]


# --- 01.1 ------------------------------------------------------------------------------------


def line_loss(w, b, x, y):
    return np.sum((y - (b + w * x)) ** 2)


LINE_LOSS = Exercise(
    key="01.1",
    title="the loss of a line",
    task="Return L(w, b) = Σ (y − (b + w·x))², the sum over all points.",
    solution=line_loss,
    inputs=lines_and_points,
    slips={
        "this is the mean of the squares; the loss of the lecture is their sum, without 1/n.": (
            lambda w, b, x, y: line_loss(w, b, x, y) / len(x)
        ),
        "this is half of the sum; the loss of the lecture is the whole sum, without 1/2.": (
            lambda w, b, x, y: line_loss(w, b, x, y) / 2
        ),
        "this is the root of the sum; the loss is the sum itself.": (
            lambda w, b, x, y: np.sqrt(line_loss(w, b, x, y))
        ),
        "parentheses are missing: the residual is y − (b + w·x); y − b + w·x adds w·x to y.": (
            lambda w, b, x, y: line_loss(-w, b, x, y)
        ),
        "the residuals are summed without being squared, so that errors up and down cancel.": (
            lambda w, b, x, y: np.sum(y - (b + w * x))
        ),
        "these are absolute values; the loss takes squares.": (
            lambda w, b, x, y: np.sum(np.abs(y - (b + w * x)))
        ),
        "the sum was squared; square each residual first, then sum.": (
            lambda w, b, x, y: np.sum(y - (b + w * x)) ** 2
        ),
        "w and b have changed places: the line is b + w·x.": (
            lambda w, b, x, y: np.sum((y - (w + b * x)) ** 2)
        ),
        "the bias b is missing from the line.": lambda w, b, x, y: np.sum((y - w * x) ** 2),
    },
    hints=(
        "First the predictions b + w * x, all at once: x is an array.",
        "Then the residuals y − prediction, squared with ** 2, and np.sum over them.",
    ),
)


# --- 01.2 ------------------------------------------------------------------------------------


def line_gradient(w, b, x, y):
    residuals = y - (b + w * x)
    return -2 * np.sum(residuals * x), -2 * np.sum(residuals)


def _gradient_times(factor_w, factor_b):
    """Return the gradient with a factor on each part: the slips of sign and size."""
    factors = np.array([factor_w, factor_b])
    return lambda w, b, x, y: factors * line_gradient(w, b, x, y)


LINE_GRADIENT = Exercise(
    key="01.2",
    title="the two partial derivatives",
    task="Return the pair (∂L/∂w, ∂L/∂b) of L(w, b) = Σ (y − (b + w·x))².",
    solution=line_gradient,
    inputs=lines_and_points,
    slips={
        "this is the gradient with its sign flipped: the inner derivative of −w·x is −x.": (
            _gradient_times(-1, -1)
        ),
        "the minus is missing in ∂L/∂w, as in the lecture's notes: the inner derivative is −x.": (
            _gradient_times(-1, 1)
        ),
        "the minus is missing in ∂L/∂b: the inner derivative of −b is −1.": _gradient_times(1, -1),
        "the factor 2 from the square is missing.": _gradient_times(0.5, 0.5),
        "this is the gradient of the mean; the loss is the sum, so there is no 1/n.": (
            lambda w, b, x, y: np.array(line_gradient(w, b, x, y)) / len(x)
        ),
        "parentheses are missing: the residual is y − (b + w·x); y − b + w·x adds w·x to y.": (
            lambda w, b, x, y: line_gradient(-w, b, x, y)
        ),
        "the pair is the wrong way round: ∂L/∂w comes first.": (
            lambda w, b, x, y: line_gradient(w, b, x, y)[::-1]
        ),
        "the inner derivative is missing in ∂L/∂w: each residual is multiplied by its x.": (
            lambda w, b, x, y: (line_gradient(w, b, x, y)[1], line_gradient(w, b, x, y)[1])
        ),
    },
    hints=(
        "Chain rule: outer derivative 2·residual, inner derivative −x for w and −1 for b.",
        "∂L/∂w = Σ 2 (y − (b + w·x)) (−x); ∂L/∂b is the same with (−1) in place of (−x).",
    ),
)


# --- 01.3 ------------------------------------------------------------------------------------


def descent_step(w, b, x, y, learning_rate):
    slope_w, slope_b = line_gradient(w, b, x, y)
    return w - learning_rate * slope_w, b - learning_rate * slope_b


def _step_with_new_w(w, b, x, y, learning_rate):
    w = w - learning_rate * line_gradient(w, b, x, y)[0]
    return w, b - learning_rate * line_gradient(w, b, x, y)[1]


def _step_with_new_b(w, b, x, y, learning_rate):
    b = b - learning_rate * line_gradient(w, b, x, y)[1]
    return w - learning_rate * line_gradient(w, b, x, y)[0], b


def _change(w, b, x, y, learning_rate):
    return -learning_rate * np.array(line_gradient(w, b, x, y))


DESCENT_STEP = Exercise(
    key="01.3",
    title="one step of gradient descent",
    task="Return the pair (w, b) after one step with this learning rate.",
    solution=descent_step,
    inputs=lambda random: [
        (*case, float(random.choice([0.1, 0.02, 0.005]))) for case in lines_and_points(random)
    ],
    slips={
        "you used the updated w for b: take both derivatives first, then both steps.": (
            _step_with_new_w
        ),
        "you used the updated b for w: take both derivatives first, then both steps.": (
            _step_with_new_b
        ),
        "this step walks uphill: subtract the gradient.": (
            lambda w, b, x, y, learning_rate: descent_step(w, b, x, y, -learning_rate)
        ),
        "the learning rate is missing: the step is as long as the gradient itself.": (
            lambda w, b, x, y, learning_rate: descent_step(w, b, x, y, 1.0)
        ),
        "this is only the change of w and b: add it to the old w and b.": _change,
        "this is the learning rate times the gradient: subtract it from the old w and b.": (
            lambda *case: -_change(*case)
        ),
        "w and b have changed places: the new w comes first.": (
            lambda *case: descent_step(*case)[::-1]
        ),
        "this is the gradient of the mean; the loss is the sum, so there is no 1/n.": (
            lambda w, b, x, y, learning_rate: descent_step(w, b, x, y, learning_rate / len(x))
        ),
    },
    hints=(
        "Both derivatives at once: your line_gradient, or linear_models.squared_error_gradient.",
        "new w = w − learning_rate · ∂L/∂w, new b = b − learning_rate · ∂L/∂b, at the old w, b.",
    ),
)


# --- 01.4 ------------------------------------------------------------------------------------


def species_columns(x, is_pidgey, is_eevee):
    return np.column_stack([is_pidgey, is_eevee, x * is_pidgey, x * is_eevee])


def _species_inputs(random):
    cases = [(np.array([10.0, 20.0, 30.0]), np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]))]
    for n in (4, 6, 9):
        is_pidgey = random.permutation(np.arange(n) % 2).astype(float)
        cases.append((random.uniform(10, 500, n).round(), is_pidgey, 1 - is_pidgey))
    return cases


def _columns(*picked):
    """Return the design matrix with these of its columns, in this order."""
    return lambda x, is_pidgey, is_eevee: species_columns(x, is_pidgey, is_eevee)[:, picked]


SPECIES_COLUMNS = Exercise(
    key="01.4",
    title="one line a species, one linear model",
    task="Return the design matrix, shape (n, 4): δ(Pidgey), δ(Eevee), x·δ(Pidgey), x·δ(Eevee).",
    solution=species_columns,
    inputs=_species_inputs,
    slips={
        "the matrix lies on its side: one row a Pokémon, one column a feature.": (
            lambda x, is_pidgey, is_eevee: species_columns(x, is_pidgey, is_eevee).T
        ),
        "all species share one slope here: x must be multiplied by each indicator.": (
            lambda x, is_pidgey, is_eevee: np.column_stack([is_pidgey, is_eevee, x, x])
        ),
        "the lines have no bias: the indicators themselves are columns, too.": _columns(2, 3),
        "Pidgey and Eevee have changed places.": _columns(1, 0, 3, 2),
        "the columns are right, their order is not: both δ come first, then both x·δ.": (
            _columns(0, 2, 1, 3)
        ),
        "the two halves have changed places: the δ come first, then the x·δ.": (
            _columns(2, 3, 0, 1)
        ),
    },
    hints=(
        "Where the indicator is 1, x·δ is x; elsewhere it is 0. Multiply the arrays.",
        "np.column_stack([…, …, …, …]) puts four arrays of length n side by side.",
    ),
)


# --- 01.5 ------------------------------------------------------------------------------------


def ridge_loss(w, b, X, y, penalty):
    return np.sum((y - (X @ w + b)) ** 2) + penalty * np.sum(w**2)


def _ridge_inputs(random):
    cases = [(np.array([2.0]), 1.0, np.array([[1.0], [3.0]]), np.array([2.0, 8.0]), 0.5)]
    for n, d in ((3, 2), (5, 3), (8, 4)):
        X, w, y = random.normal(size=(n, d)), random.normal(size=d), random.normal(size=n)
        cases.append((w, float(random.normal(1, 1)), X, y, float(random.uniform(0.1, 10))))
    return cases


def _ridge_with(size):
    """Return the loss with another measure of the weights in place of Σ wᵢ²."""
    return lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, 0.0) + penalty * size(w)


RIDGE_LOSS = Exercise(
    key="01.5",
    title="the regularised loss",
    task="Return L = Σ (y − (X w + b))² + λ Σ wᵢ²; λ is called penalty.",
    solution=ridge_loss,
    inputs=_ridge_inputs,
    slips={
        "the bias is penalised, too: b moves the curve up and down, it does not make it rough.": (
            lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, penalty) + penalty * b**2
        ),
        "the penalty is subtracted: it must make the loss larger, + λ Σ wᵢ².": (
            lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, -penalty)
        ),
        "parentheses are missing: the residual is y − (X w + b); y − X w + b adds b to y.": (
            lambda w, b, X, y, penalty: ridge_loss(w, -b, X, y, penalty)
        ),
        "w * X multiplies entry by entry; the prediction X @ w is one number for each sample.": (
            lambda w, b, X, y, penalty: np.sum((y - (w * X + b)) ** 2) + penalty * np.sum(w**2)
        ),
        "the penalty is missing.": lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, 0.0),
        "the weights are not squared in the penalty: Σ wᵢ² is wanted, this is Σ |wᵢ| (lasso).": (
            _ridge_with(lambda w: np.sum(np.abs(w)))
        ),
        "the weights are summed without being squared.": _ridge_with(np.sum),
        "the sum of the weights was squared; square each weight first, then sum.": (
            _ridge_with(lambda w: np.sum(w) ** 2)
        ),
        "this is the length ‖w‖, not its square: leave the root out.": _ridge_with(np.linalg.norm),
        "λ is squared here.": lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, penalty**2),
        "the penalty is inside the sum over the samples, so that it counts n times.": (
            lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, len(y) * penalty)
        ),
        "the squared residuals are averaged; the loss is their sum, without 1/n.": (
            lambda w, b, X, y, penalty: ridge_loss(w, b, X, y, len(y) * penalty) / len(y)
        ),
    },
    hints=(
        "Two terms: the squared residuals, as in 01.1 but with X @ w, and the squared weights.",
        "The second term is penalty * np.sum(w ** 2). The bias b is in the first term only.",
    ),
)


# --- 01.6 ------------------------------------------------------------------------------------


def unbiased_variance(x):
    return np.sum((x - x.mean()) ** 2) / (len(x) - 1)


UNBIASED_VARIANCE = Exercise(
    key="01.6",
    title="a variance that is right on average",
    task="From a sample x, return an estimate of σ² whose expected value is exactly σ².",
    solution=unbiased_variance,
    inputs=lambda random: [
        (np.array([1.0, 3.0]),),
        *((random.normal(5, 3, n),) for n in (3, 6, 20)),
    ],
    slips={
        "this is s² with 1/N: on average it is (N − 1)/N·σ², too small.": np.var,
        "this is a standard deviation: leave the root out.": lambda x: np.std(x, ddof=1),
        "the correction goes the other way: this makes s² smaller still.": (
            lambda x: np.var(x) * (len(x) - 1) / len(x)
        ),
        "this divides by N + 1; one number was used up by the mean, so N − 1 remain.": (
            lambda x: np.sum((x - x.mean()) ** 2) / (len(x) + 1)
        ),
        "this is the sum of the squared deviations: it is still to be divided by N − 1.": (
            lambda x: np.sum((x - x.mean()) ** 2)
        ),
        "parentheses are missing: … / N - 1 divides first; write … / (N - 1).": (
            lambda x: np.var(x) - 1
        ),
    },
    hints=(
        "E[s²] = (N − 1)/N · σ². What must s² be multiplied by?",
        "Divide the sum of squared deviations from the mean by N − 1 instead of N.",
    ),
)


# --- 01.7 ------------------------------------------------------------------------------------


def diagnose(training_error, test_error, noise):
    if training_error > 2 * noise:
        return "redesign the model"
    if test_error > 2 * training_error:
        return "more data or regularise"
    return "done"


def _errors(random):
    cases = [(200, 210, 20), (15, 300, 20), (22, 25, 20), (90, 400, 20)]
    cases += [(10, 30, 20), (5, 15, 20), (30, 50, 20)]  # 2·noise would judge these otherwise
    cases = [tuple(map(float, case)) for case in cases]
    for _ in range(4):
        noise = float(random.uniform(10, 50))
        training = noise * float(random.choice([0.5, 1.2, 4.0]))
        cases.append((training, training * float(random.choice([1.2, 5.0])), noise))
    return cases


def _test_error_against_noise(training_error, test_error, noise):
    if training_error > 2 * noise:
        return "redesign the model"
    return "more data or regularise" if test_error > 2 * noise else "done"


DIAGNOSE = Exercise(
    key="01.7",
    title="bias or variance?",
    task=(
        'Return "redesign the model", "more data or regularise" or "done". Call the training error '
        "large when it is above 2·noise, and the gap large when test error > 2·training error. "
        "Look at the training error first."
    ),
    solution=diagnose,
    inputs=_errors,
    slips={
        "a large training error is not cured by more data: even these few points are not fitted.": (
            lambda training_error, test_error, noise: (
                "more data or regularise"
                if training_error > 2 * noise
                else diagnose(training_error, test_error, noise)
            )
        ),
        "the two cures have changed places: bias → redesign, variance → more data.": (
            lambda training_error, test_error, noise: {
                "redesign the model": "more data or regularise",
                "more data or regularise": "redesign the model",
                "done": "done",
            }[diagnose(training_error, test_error, noise)]
        ),
        "look at the training error first: with a large bias the gap says nothing yet.": (
            lambda training_error, test_error, noise: (
                "more data or regularise"
                if test_error > 2 * training_error
                else diagnose(training_error, test_error, noise)
            )
        ),
        "the training error is compared with the noise itself: large means above 2·noise.": (
            lambda training_error, test_error, noise: diagnose(
                training_error, test_error, noise / 2
            )
        ),
        "every gap counts as large here; large means test error > 2·training error.": (
            lambda training_error, test_error, noise: diagnose(
                training_error, 2 * test_error, noise
            )
        ),
        "the gap between training and test error is never looked at: that is the variance.": (
            lambda training_error, test_error, noise: (
                "redesign the model" if training_error > 2 * noise else "done"
            )
        ),
        "compare the test error with the training error, not with the noise.": (
            _test_error_against_noise
        ),
    },
    hints=(
        "Cannot even fit the training data: large bias. Fits it and fails on new data: variance.",
        "Three lines: if training_error > 2 * noise: … ; if test_error > 2 * training_error: … ; …",
    ),
)


# --- 01.8 ------------------------------------------------------------------------------------


def folds(n, k):
    return [list(range(i * n // k, (i + 1) * n // k)) for i in range(k)]


def _training_part(n, k):
    return [[j for j in range(n) if j not in fold] for fold in folds(n, k)]


FOLDS = Exercise(
    key="01.8",
    title="k folds",
    task=(
        "Return the k validation sets of k-fold cross-validation: lists of consecutive indices "
        "that hold 0 … n−1 once each (n is a multiple of k)."
    ),
    solution=folds,
    inputs=lambda random: [
        (4, 2),
        (6, 3),
        *((int(k * m), int(k)) for k, m in random.integers(2, 6, (3, 2))),
    ],  # fmt: skip
    slips={
        "these are the training parts: a fold is what is held out.": _training_part,
        "this deals the indices out like cards; consecutive blocks are wanted.": (
            lambda n, k: [list(range(i, n, k)) for i in range(k)]
        ),
        "k is the number of folds, not the size of one.": (
            lambda n, k: [list(range(i, i + k)) for i in range(0, n, k)]
        ),
        "the last index of each fold is missing: range stops before its end.": (
            lambda n, k: [fold[:-1] for fold in folds(n, k)]
        ),
        "the indices count from 1; Python counts from 0.": (
            lambda n, k: [[index + 1 for index in fold] for fold in folds(n, k)]
        ),
    },
    hints=(
        "A fold has n // k indices; fold i begins at i * (n // k).",
        "[list(range(i * size, (i + 1) * size)) for i in range(k)], with size = n // k.",
    ),
)


EXERCISES = [
    LINE_LOSS,
    LINE_GRADIENT,
    DESCENT_STEP,
    SPECIES_COLUMNS,
    RIDGE_LOSS,
    UNBIASED_VARIANCE,
    DIAGNOSE,
    FOLDS,
]
