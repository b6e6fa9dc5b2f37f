"""Lesson 02: one update, how large is too large, best steps, Adagrad, batches, averages, Adam."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "02"


# --- 02.1 ------------------------------------------------------------------------------------


def update(theta, gradient, learning_rate):
    return theta - learning_rate * gradient


def _updates(random):
    cases = [(np.array([1.0, 2.0]), np.array([4.0, -2.0]), 0.5)]
    for n in (2, 3, 5):
        rate = float(random.choice([0.3, 0.1, 0.01]))
        cases.append((random.normal(size=n), random.normal(0, 3, n), rate))
    return cases


UPDATE = Exercise(
    key="02.1",
    title="one update",
    task="Return the parameters θ after one step of gradient descent.",
    solution=update,
    inputs=_updates,
    slips={
        "this step walks uphill: subtract, since the gradient points up.": (
            lambda theta, gradient, learning_rate: theta + learning_rate * gradient
        ),
        "the learning rate is missing.": lambda theta, gradient, learning_rate: theta - gradient,
        "this is only the change: add it to the old θ.": (
            lambda theta, gradient, learning_rate: -learning_rate * gradient
        ),
        "this is the learning rate times the gradient: subtract it from the old θ.": (
            lambda theta, gradient, learning_rate: learning_rate * gradient
        ),
        "the gradient is divided by η here; multiply: a small η is a small step.": (
            lambda theta, gradient, learning_rate: theta - gradient / learning_rate
        ),
        "only the direction of the gradient is used: its length counts, too.": (
            lambda theta, gradient, learning_rate: (
                theta - learning_rate * gradient / np.linalg.norm(gradient)
            )
        ),
        "the gradient's entries are summed here: each parameter has its own entry.": (
            lambda theta, gradient, learning_rate: theta - learning_rate * np.sum(gradient)
        ),
        "parentheses: multiply η by the gradient first, then subtract that from θ.": (
            lambda theta, gradient, learning_rate: (theta - learning_rate) * gradient
        ),
        "only the signs of the gradient are used: their sizes count, too.": (
            lambda theta, gradient, learning_rate: theta - learning_rate * np.sign(gradient)
        ),
    },
    hints=(
        "Against the gradient, η times as far as the gradient is long.",
        "theta - learning_rate * … : all entries at once, no loop.",
    ),
)


# --- 02.2 ------------------------------------------------------------------------------------


def too_large(learning_rate, hessian):
    return bool(learning_rate >= 2 / np.linalg.eigvalsh(hessian)[-1])


def _bowls(random):
    """Turned bowls, and learning rates on both sides of every bound that one may think of."""
    cases = [(0.15, np.diag([1.0, 10.0])), (0.25, np.diag([1.0, 10.0]))]
    for d in (2, 2, 3, 3, 3):
        eigenvalues = np.sort(random.uniform(1, 12, d))
        turn = np.linalg.qr(random.normal(size=(d, d)))[0]
        hessian = turn @ np.diag(eigenvalues) @ turn.T
        bounds = [1 / eigenvalues[-1], 2 / eigenvalues[-1], 2 / hessian.diagonal().max()]
        bounds += [2 / eigenvalues.sum(), 2 / eigenvalues[0], eigenvalues[-1] / 2]
        bounds.append(2 / (eigenvalues[0] + eigenvalues[-1]))
        bounds = np.sort([bounds[0] / 2, *bounds, 2 * max(bounds)])
        between = np.sqrt(bounds[1:] * bounds[:-1])
        cases += [(float(rate), hessian) for rate in between]
    return cases


def _bound(bound):
    """Return the answer with another bound in place of 2/λ_max."""
    return lambda learning_rate, hessian: bool(learning_rate >= bound(hessian))


TOO_LARGE = Exercise(
    key="02.2",
    title="is this learning rate too large?",
    task=(
        "L(θ) = ½ θᵀ H θ, with H symmetric and positive definite: return True where gradient "
        "descent with this learning rate does not converge (from almost every start), else False."
    ),
    solution=too_large,
    inputs=_bowls,
    slips={
        "this is the other way round: True where it is too large.": (
            lambda learning_rate, hessian: not too_large(learning_rate, hessian)
        ),
        "between 1/λ_max and 2/λ_max the walk jumps across the valley, but it still converges.": (
            _bound(lambda hessian: 1 / np.linalg.eigvalsh(hessian)[-1])
        ),
        "it is the *largest* eigenvalue that decides: the steepest direction diverges first.": (
            _bound(lambda hessian: 2 / np.linalg.eigvalsh(hessian)[0])
        ),
        "the diagonal of H holds no eigenvalues if the valley lies aslant: np.linalg.eigvalsh.": (
            _bound(lambda hessian: 2 / hessian.diagonal().max())
        ),
        "the trace is the sum of all eigenvalues; only the largest one decides.": (
            _bound(lambda hessian: 2 / np.trace(hessian))
        ),
        "2/(λ_min + λ_max) is the best learning rate of all, not the largest one that converges.": (
            _bound(lambda hessian: 2 / np.linalg.eigvalsh(hessian)[[0, -1]].sum())
        ),
        "this is always False: is the absolute value missing in |1 − ηλ|?": (
            lambda learning_rate, hessian: False
        ),
        "this is always True: compare η with 2/λ_max.": lambda learning_rate, hessian: True,
        "the factor 2 belongs above: 2/λ_max, not λ_max/2.": (
            _bound(lambda hessian: np.linalg.eigvalsh(hessian)[-1] / 2)
        ),
    },
    hints=(
        "Along an eigenvector with the eigenvalue λ, each step multiplies θ by 1 − ηλ.",
        "|1 − ηλ| < 1 for all λ means η < 2/λ_max; np.linalg.eigvalsh(hessian) gives the λ.",
    ),
)


# --- 02.3 ------------------------------------------------------------------------------------


def best_step(theta, a, b):
    return abs(2 * a * theta + b) / (2 * a)


BEST_STEP = Exercise(
    key="02.3",
    title="the best step on a parabola",
    task="L(θ) = aθ² + bθ + c with a > 0: return how far θ is from the minimum (≥ 0).",
    solution=best_step,
    inputs=lambda random: [
        (3.0, 2.0, -2.0),
        (-3.0, 2.0, 4.0),
        *(
            tuple(map(float, (x, a, b)))
            for x, a, b in random.uniform([-5, 0.6, -3], [5, 3, 3], (4, 3))
        ),
    ],  # fmt: skip
    slips={
        "this is |first derivative|: it is still to be divided by the second, 2a.": (
            lambda theta, a, b: abs(2 * a * theta + b)
        ),
        "the second derivative of aθ² is 2a, not a.": (
            lambda theta, a, b: abs(2 * a * theta + b) / a
        ),
        "this is where the minimum lies; wanted is how far away it is.": (
            lambda theta, a, b: -b / (2 * a)
        ),
        "this has a sign; a distance has none: abs.": lambda theta, a, b: theta + b / (2 * a),
        "the first derivative of aθ² + bθ is 2aθ + b: the 2 is missing there.": (
            lambda theta, a, b: abs(a * theta + b) / (2 * a)
        ),
        "the first derivative is 2aθ + b: b is missing.": lambda theta, a, b: abs(theta),
        "/ 2 * a divides by 2 and then multiplies by a: write / (2 * a).": (
            lambda theta, a, b: abs(2 * a * theta + b) / 2 * a
        ),
        "the minimum is at −b/(2a): the distance is |θ + b/(2a)|, minus a minus.": (
            lambda theta, a, b: abs(theta - b / (2 * a))
        ),
        "this is the way from θ to the minimum, with its sign; a distance has none: abs.": (
            lambda theta, a, b: -b / (2 * a) - theta
        ),
        "the fraction is upside down: first derivative above, second below.": (
            lambda theta, a, b: 2 * a / abs(2 * a * theta + b)
        ),
    },
    hints=(
        "The minimum is where 2aθ + b = 0.",
        "|θ + b/(2a)| is |2aθ + b| divided by 2a: first derivative over second derivative.",
    ),
)


# --- 02.4 ------------------------------------------------------------------------------------


def adagrad_steps(gradients, learning_rate):
    return -learning_rate * gradients / np.sqrt(np.cumsum(gradients**2))


def _gradient_sequences(random):
    cases = [(np.array([3.0, 4.0]), 0.1)]
    for n in (3, 5, 8):
        cases.append((random.normal(1, 2, n), float(random.choice([1.0, 0.5, 0.05]))))
    return cases


ADAGRAD_STEPS = Exercise(
    key="02.4",
    title="Adagrad",
    task=(
        "gradients holds g⁰, g¹, … of one parameter, shape (steps,). Return the changes of the "
        "parameter, −η gᵗ / √((g⁰)² + … + (gᵗ)²), shape (steps,)."
    ),
    solution=adagrad_steps,
    inputs=_gradient_sequences,
    slips={
        "these steps go uphill: the minus is missing.": (
            lambda gradients, learning_rate: -adagrad_steps(gradients, learning_rate)
        ),
        "the root is missing: divide by √ of the sum of squares.": (
            lambda gradients, learning_rate: -learning_rate * gradients / np.cumsum(gradients**2)
        ),
        "this divides by the root *mean* square; then η must shrink as 1/√(t + 1), too.": (
            lambda gradients, learning_rate: (
                adagrad_steps(gradients, learning_rate) * np.sqrt(np.arange(1, len(gradients) + 1))
            )
        ),
        "this divides by the sum over *all* steps; at step t only g⁰ … gᵗ are known: np.cumsum.": (
            lambda gradients, learning_rate: (
                -learning_rate * gradients / np.sqrt(np.sum(gradients**2))
            )
        ),
        "the gradients are not squared: squares lose the sign, then they are summed.": (
            lambda gradients, learning_rate: (
                -learning_rate * gradients / np.sqrt(np.abs(np.cumsum(gradients)))
            )
        ),
        "these are absolute values; Adagrad adds squares and takes the root of the sum.": (
            lambda gradients, learning_rate: (
                -learning_rate * gradients / np.cumsum(np.abs(gradients))
            )
        ),
        "each step is divided by its own gradient only: the sum of the past is missing.": (
            lambda gradients, learning_rate: -learning_rate * np.sign(gradients)
        ),
        "gᵗ itself belongs to the sum: without it there is nothing to divide by at t = 0.": (
            lambda gradients, learning_rate: (
                -learning_rate * gradients / np.sqrt(np.cumsum(gradients**2) - gradients**2)
            )
        ),
        "the sum is squared here; square each gradient first, then sum.": (
            lambda gradients, learning_rate: (
                -learning_rate * gradients / np.abs(np.cumsum(gradients))
            )
        ),
        "an ε is added; libraries do so against 0/0, the task's formula has none.": (
            lambda gradients, learning_rate: (
                -learning_rate * gradients / (np.sqrt(np.cumsum(gradients**2)) + 1e-8)
            )
        ),
        "the learning rate is missing.": lambda gradients, learning_rate: adagrad_steps(
            gradients, 1.0
        ),
        "η shrinks twice: in the short form the √(t + 1) has cancelled.": (
            lambda gradients, learning_rate: (
                adagrad_steps(gradients, learning_rate) / np.sqrt(np.arange(1, len(gradients) + 1))
            )
        ),
        "gᵗ is missing above the fraction line: the step is −η gᵗ over the root.": (
            lambda gradients, learning_rate: -learning_rate / np.sqrt(np.cumsum(gradients**2))
        ),
        "these are the positions; wanted are the single changes.": (
            lambda gradients, learning_rate: np.cumsum(adagrad_steps(gradients, learning_rate))
        ),
    },
    hints=(
        "np.cumsum(gradients ** 2) holds the sums (g⁰)² + … + (gᵗ)² for all t at once.",
        "-learning_rate * gradients / np.sqrt(np.cumsum(gradients ** 2))",
    ),
)


# --- 02.5 ------------------------------------------------------------------------------------


def cut_into_batches(order, batch_size):
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


BATCHES = Exercise(
    key="02.5",
    title="mini-batches",
    task=(
        "order is a shuffled list of sample numbers. Cut it into batches, a list of lists in the "
        "same order; the last one may be smaller."
    ),
    solution=cut_into_batches,
    inputs=lambda random: [
        ([2, 0, 1, 3], 2),
        ([1, 4, 0, 2, 3], 2),
        *((random.permutation(int(n)).tolist(), int(k)) for n, k in [(7, 3), (9, 4), (6, 6)]),
    ],
    slips={
        "the samples that do not fill a batch are left out: each one must be seen once an epoch.": (
            lambda order, batch_size: [
                batch for batch in cut_into_batches(order, batch_size) if len(batch) == batch_size
            ]
        ),
        "these are sorted: cut the shuffled order itself.": (
            lambda order, batch_size: cut_into_batches(sorted(order), batch_size)
        ),
        "the samples are dealt out like cards; consecutive pieces of the order are wanted.": (
            lambda order, batch_size: [
                order[i :: -(-len(order) // batch_size)]
                for i in range(-(-len(order) // batch_size))
            ]
        ),
        "batch_size is the size of a batch, not the number of batches.": (
            lambda order, batch_size: cut_into_batches(order, -(-len(order) // batch_size))
        ),
        "an empty batch stands at the end: nothing is left where batch_size divides n.": (
            lambda order, batch_size: [
                order[i * batch_size : (i + 1) * batch_size]
                for i in range(len(order) // batch_size + 1)
            ]
        ),
        "a slice's second number is where it ends, not how long it is: i + batch_size.": (
            lambda order, batch_size: [
                order[i:batch_size] for i in range(0, len(order), batch_size)
            ]
        ),
        "this takes every batch_size-th sample; consecutive pieces of the order are wanted.": (
            lambda order, batch_size: [order[i::batch_size] for i in range(batch_size)]
        ),
        "all batches are one and the same list, which was emptied: append a copy of it.": (
            lambda order, batch_size: [[] for _ in range(0, len(order), batch_size)]
        ),
        "the last batch is missing: range stops before its end, so let that be len(order).": (
            lambda order, batch_size: cut_into_batches(order, batch_size)[:-1]
        ),
        "the batches overlap: begin each one where the one before ended.": (
            lambda order, batch_size: [order[i : i + batch_size] for i in range(len(order))]
        ),
    },
    hints=(
        "Batch i begins at i · batch_size: range(0, len(order), batch_size).",
        "order[start : start + batch_size] is one batch; a slice may end beyond the list.",
    ),
)


# --- 02.6 ------------------------------------------------------------------------------------


def corrected_average(values, beta):
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        averages.append(average / (1 - beta**t))
    return averages


def _averages(values, beta, scale):
    """Return the averages with another scale than 1/(1 − βᵗ), for t = 1, 2, …"""
    return [
        average * (1 - beta**t) * scale(t)
        for t, average in enumerate(corrected_average(values, beta), start=1)
    ]


def _from_the_first_value(values, beta):
    averages = [values[0]]
    for value in values[1:]:
        averages.append(beta * averages[-1] + (1 - beta) * value)
    return averages


def _corrected_in_place(values, beta):
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = (beta * average + (1 - beta) * value) / (1 - beta**t)
        averages.append(average)
    return averages


def _value_sequences(random):
    cases = [([10.0, 20.0, 30.0], 0.5)]
    for n, beta in ((4, 0.9), (5, 0.98), (6, 0.8)):
        cases.append((random.normal(10, 5, n).round(2).tolist(), beta))
    return cases


AVERAGE = Exercise(
    key="02.6",
    title="an exponentially weighted average, corrected",
    task=(
        "From v = 0, let v ← βv + (1 − β)x for each value x. Return the list of v/(1 − βᵗ), "
        "with t = 1 for the first value."
    ),
    solution=corrected_average,
    inputs=_value_sequences,
    slips={
        "the bias correction is missing: the first averages are far too small.": (
            lambda values, beta: _averages(values, beta, lambda t: 1.0)
        ),
        "t counts from 1: the first value is divided by 1 − β.": (
            lambda values, beta: _averages(values, beta, lambda t: 1 / (1 - beta ** (t + 1)))
        ),
        "the exponent of β is t, the number of the value, not 2 as a print in the notes says.": (
            lambda values, beta: _averages(values, beta, lambda t: 1 / (1 - beta**2))
        ),
        "every average is divided by 1 − β; the correction must fade: 1 − βᵗ.": (
            lambda values, beta: _averages(values, beta, lambda t: 1 / (1 - beta))
        ),
        "β and 1 − β have changed places: β belongs to the past.": (
            lambda values, beta: [
                average * (1 - (1 - beta) ** t) / (1 - beta**t)
                for t, average in enumerate(corrected_average(values, 1 - beta), start=1)
            ]
        ),
        "this starts from the first value; start from 0 and divide by 1 − βᵗ.": (
            _from_the_first_value
        ),
        "the corrected value is carried on: carry on v itself, and correct a copy of it.": (
            _corrected_in_place
        ),
        "is t = 0 at the first value? Then 1 − βᵗ is 0: enumerate(values, start=1).": (
            lambda values, beta: [value / (1 - beta**t) for t, value in enumerate(values)]
        ),
        "parentheses: v / 1 - beta**t divides by 1 first; write v / (1 - beta**t).": (
            lambda values, beta: [
                average * (1 - beta**t) - beta**t
                for t, average in enumerate(corrected_average(values, beta), start=1)
            ]
        ),
        "every average is divided by the last 1 − βᵗ: t is the number of its own value.": (
            lambda values, beta: _averages(values, beta, lambda t: 1 / (1 - beta ** len(values)))
        ),
        "multiplied by 1 − βᵗ, the first averages become smaller still: divide.": (
            lambda values, beta: _averages(values, beta, lambda t: 1 - beta**t)
        ),
        "the new value is not multiplied by 1 − β.": (
            lambda values, beta: [a / (1 - beta) for a in corrected_average(values, beta)]
        ),
        "this starts from the first value, and corrects as if it had started from 0.": (
            lambda values, beta: [
                average / (1 - beta**t)
                for t, average in enumerate(_from_the_first_value(values, beta), start=1)
            ]
        ),
        "these are plain averages of all values so far: older values must fade.": (
            lambda values, beta: (np.cumsum(values) / np.arange(1, len(values) + 1)).tolist()
        ),
    },
    hints=(
        "A loop: bring v up to date, then append v / (1 - beta ** t).",
        "for t, x in enumerate(values, start=1): v = beta * v + (1 - beta) * x; …",
    ),
)


# --- 02.7 ------------------------------------------------------------------------------------


def momentum_step(theta, gradient, v, learning_rate, beta):
    v = beta * v + gradient
    return theta - learning_rate * v, v


def _momentum_inputs(random):
    cases = [(np.array([1.0]), np.array([2.0]), np.array([6.0]), 0.1, 0.5)]
    for n in (2, 3, 4):
        theta, gradient, v = random.normal(0, 2, (3, n))
        cases.append((theta, gradient, v, float(random.uniform(0.01, 0.3)), 0.9))
    return cases


MOMENTUM_STEP = Exercise(
    key="02.7",
    title="momentum",
    task="Return the pair (θ, v) after one step: v ← βv + g, and then θ moves against the new v.",
    solution=momentum_step,
    inputs=_momentum_inputs,
    slips={
        "θ moves by the old v here: bring v up to date first.": (
            lambda theta, gradient, v, learning_rate, beta: (
                theta - learning_rate * v,
                beta * v + gradient,
            )
        ),
        "this is plain gradient descent: θ must move against v, not against g.": (
            lambda theta, gradient, v, learning_rate, beta: (
                theta - learning_rate * gradient,
                beta * v + gradient,
            )
        ),
        "this step walks uphill: subtract η·v.": (
            lambda theta, gradient, v, learning_rate, beta: momentum_step(
                theta, gradient, v, -learning_rate, beta
            )
        ),
        "the pair is the wrong way round: θ comes first.": (
            lambda *case: momentum_step(*case)[::-1]
        ),
        "g is multiplied by 1 − β, as in some notes; the task's form is v ← βv + g.": (
            lambda theta, gradient, v, learning_rate, beta: momentum_step(
                theta, (1 - beta) * gradient, v, learning_rate, beta
            )
        ),
        "this is Nesterov's step, g + βv: here θ moves by v itself.": (
            lambda theta, gradient, v, learning_rate, beta: (
                theta - learning_rate * (gradient + beta * (beta * v + gradient)),
                beta * v + gradient,
            )
        ),
        "η is inside v here, as in Polyak's form; the task's v holds no η: v ← βv + g.": (
            lambda theta, gradient, v, learning_rate, beta: (
                theta + beta * v - learning_rate * gradient,
                beta * v - learning_rate * gradient,
            )
        ),
        "η is inside v here; the task's v holds no η: v ← βv + g, then θ − ηv.": (
            lambda theta, gradient, v, learning_rate, beta: (
                theta - beta * v - learning_rate * gradient,
                beta * v + learning_rate * gradient,
            )
        ),
        "the old v is returned: the next step needs the new one.": (
            lambda theta, gradient, v, learning_rate, beta: (
                momentum_step(theta, gradient, v, learning_rate, beta)[0],
                v,
            )
        ),
        "the learning rate is missing: θ moves by η·v.": (
            lambda theta, gradient, v, learning_rate, beta: momentum_step(
                theta, gradient, v, 1.0, beta
            )
        ),
        "β stands before both: v ← βv + g, the gradient itself is not braked.": (
            lambda theta, gradient, v, learning_rate, beta: momentum_step(
                theta, beta * gradient, v, learning_rate, beta
            )
        ),
        "v collects the gradients, v ← βv + g; here they are taken from it.": (
            lambda theta, gradient, v, learning_rate, beta: momentum_step(
                theta, -gradient, v, learning_rate, beta
            )
        ),
        "β is missing: without friction the ball never comes to rest.": (
            lambda theta, gradient, v, learning_rate, beta: momentum_step(
                theta, gradient, v, learning_rate, 1.0
            )
        ),
    },
    hints=(
        "Two lines: the new v, then the new θ from the new v.",
        "v = beta * v + gradient, and return theta - learning_rate * v, v.",
    ),
)


# --- 02.8 ------------------------------------------------------------------------------------


def adam_step(theta, gradient, m, v, t, learning_rate, beta1, beta2):
    m = beta1 * m + (1 - beta1) * gradient
    v = beta2 * v + (1 - beta2) * gradient**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8), m, v


def _adam(
    correct1=True,
    correct2=True,
    below=lambda v: np.sqrt(v) + 1e-8,
    above=lambda m, g: m,
    square=np.square,
    share=lambda beta: 1 - beta,
    number=lambda t: t,
    sign=1,
):
    """Return Adam's step with one thing changed."""

    def step(theta, gradient, m, v, t, learning_rate, beta1, beta2):
        m = beta1 * m + share(beta1) * gradient
        v = beta2 * v + share(beta2) * square(gradient)
        m_hat = m / (1 - beta1 ** number(t)) if correct1 else m
        v_hat = v / (1 - beta2 ** number(t)) if correct2 else v
        change = sign * learning_rate * above(m_hat, gradient) / below(v_hat)
        return theta - change, m, v

    return step


def _corrected_memory(theta, gradient, m, v, t, learning_rate, beta1, beta2):
    theta, m, v = adam_step(theta, gradient, m, v, t, learning_rate, beta1, beta2)
    return theta, m / (1 - beta1**t), v / (1 - beta2**t)


def _adam_inputs(random):
    start, gradient = np.array([1.0, 1.0]), np.array([4.0, 1e-7])  # so small a g shows where ε is
    cases = [(start, gradient, np.zeros(2), np.zeros(2), 1, 0.1, 0.9, 0.999)]
    for t in (1, 3, 10):
        n = 2 if t == 1 else 3
        theta, gradient, m = random.normal(0, 2, (3, n))
        v = random.uniform(0.5, 4, n)
        cases.append((theta, gradient, m, v, t, float(random.uniform(0.01, 0.3)), 0.9, 0.99))
    return cases


ADAM_STEP = Exercise(
    key="02.8",
    title="Adam",
    task=(
        "Return (θ, m, v) after step number t (t = 1 is the first): m ← β₁m + (1 − β₁)g, "
        "v ← β₂v + (1 − β₂)g², θ ← θ − η m̂/(√v̂ + 10⁻⁸) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ)."
    ),
    solution=adam_step,
    inputs=_adam_inputs,
    slips={
        "the bias correction of both m and v is missing.": _adam(False, False),
        "m is not corrected: m̂ = m/(1 − β₁ᵗ).": _adam(correct1=False),
        "v is not corrected: v̂ = v/(1 − β₂ᵗ).": _adam(correct2=False),
        "the exponent is t, the number of the step, not 2 as a print in the notes says.": _adam(
            number=lambda t: 2
        ),
        "t is used as t + 1: t = 1 is the first step already.": _adam(number=lambda t: t + 1),
        "the root of v̂ is missing: m̂/√v̂ has no units, m̂/v̂ has.": _adam(below=lambda v: v + 1e-8),
        "ε is missing: where v̂ is 0 the step would be 0/0.": _adam(below=np.sqrt),
        "ε stands outside of the root: √v̂ + ε.": _adam(below=lambda v: np.sqrt(v + 1e-8)),
        "v must average g², not g.": _adam(square=lambda g: g),
        "v must average g², not |g|.": _adam(square=np.abs),
        "the step goes by m̂, the average, not by the gradient itself.": _adam(above=lambda m, g: g),
        "m and v are averages: the new part is multiplied by 1 − β.": _adam(share=lambda beta: 1.0),
        "β₁ and β₂ have changed places: β₁ belongs to m, β₂ to v.": (
            lambda *case: adam_step(*case[:6], case[7], case[6])
        ),
        "the old m and v are returned: the next step needs the new ones.": (
            lambda *case: (adam_step(*case)[0], case[2], case[3])
        ),
        "this step walks uphill.": _adam(sign=-1),
        "m and v must be returned as they are carried on, without the correction.": (
            _corrected_memory
        ),
        "m and v have changed places in the answer: (θ, m, v).": (
            lambda *case: tuple(adam_step(*case)[i] for i in (0, 2, 1))
        ),
    },
    hints=(
        "Four lines: the new m, the new v, the two corrected ones, and the step.",
        "Return m and v themselves: next time they are averaged on, and corrected anew.",
    ),
)


EXERCISES = [
    UPDATE,
    TOO_LARGE,
    BEST_STEP,
    ADAGRAD_STEPS,
    BATCHES,
    AVERAGE,
    MOMENTUM_STEP,
    ADAM_STEP,
]
