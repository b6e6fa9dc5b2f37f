"""Lesson 06: the recipe, scaling new data, batch norm and its memory, a highway gate, early
stopping, weight decay, dropout, and logarithmic scales."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "06"


# --- 06.1 ------------------------------------------------------------------------------------


def which_problem(training_error, dev_error, goal):
    if training_error > goal:
        return "training"
    return "new data" if dev_error > goal else "none"


def _errors(random):
    cases = [(0.01, 0.02, 0.05), (0.3, 0.32, 0.05), (0.01, 0.2, 0.05), (0.2, 0.5, 0.05)]
    cases += [(0.08, 0.09, 0.1), (0.3, 0.2, 0.25), (0.04, 0.12, 0.1)]
    return cases + [tuple(map(float, random.uniform(0, 0.4, 3))) for _ in range(6)]


RECIPE = Exercise(
    key="06.1",
    title="the recipe",
    task='Return "training", "new data" or "none": what is to be mended first, given the training '
    "error, the dev error and the goal for both.",
    solution=which_problem,
    inputs=_errors,
    slips={
        "the dev error is asked first. A network that is bad on its training data is bad on new "
        "data, too: that is not overfitting. Ask the training error first.": (
            lambda training_error, dev_error, goal: (
                "new data" if dev_error > goal else "training" if training_error > goal else "none"
            )
        ),
        "the gap between the errors is compared with the goal: it is the errors themselves that "
        "must come down to it.": (
            lambda training_error, dev_error, goal: (
                "training"
                if training_error > goal
                else "new data"
                if dev_error - training_error > goal
                else "none"
            )
        ),
        "the training error is never asked.": (
            lambda training_error, dev_error, goal: "new data" if dev_error > goal else "none"
        ),
        "the dev error is never asked: a network that knows its training data by heart may "
        "still be bad on new ones.": (
            lambda training_error, dev_error, goal: "training" if training_error > goal else "none"
        ),
        "any gap between the errors is called bad, but both may be below the goal.": (
            lambda training_error, dev_error, goal: (
                "training"
                if training_error > goal
                else "new data"
                if dev_error > training_error
                else "none"
            )
        ),
        "the comparisons are turned round: an error is bad where it is above the goal.": (
            lambda training_error, dev_error, goal: (
                "training" if training_error < goal else "new data" if dev_error < goal else "none"
            )
        ),
        "the training error alone is reason enough: it need not be bad on new data, too.": (
            lambda training_error, dev_error, goal: (
                "none" if dev_error <= goal else "training" if training_error > goal else "new data"
            )
        ),
        'the cases are told apart rightly, but by other words: "training" and "new data" are '
        "wanted.": (
            lambda training_error, dev_error, goal: {
                "training": "underfitting",
                "new data": "overfitting",
                "none": "none",
            }[which_problem(training_error, dev_error, goal)]
        ),  # fmt: skip
    },
    hints=(
        "Two questions, one after the other. Which must be asked first?",
        'If the training error is above the goal: "training". Else, if the dev error is: '
        '"new data".',
    ),
)


# --- 06.2 ------------------------------------------------------------------------------------


def scale_both(X, X_new):
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    return (X - mean) / deviation, (X_new - mean) / deviation


def _two_sets(random):
    cases = [(np.array([[0.0], [2.0]]), np.array([[3.0], [7.0]]))]
    for n, features in ((3, 2), (6, 3), (20, 4)):
        mean, scale = random.normal(0, 5, features), random.uniform(0.5, 9, features)
        cases.append(
            (
                random.normal(mean, scale, (n, features)),
                random.normal(mean + 2, scale, (5, features)),
            )
        )
    return cases


SCALING = Exercise(
    key="06.2",
    title="the same scale for new data",
    task="Return (X scaled, X_new scaled): each feature of X with mean 0 and standard deviation 1, "
    "and X_new in the same units.",
    solution=scale_both,
    inputs=_two_sets,
    slips={
        "X_new is scaled by its own mean and deviation: then the same input gives another number "
        "in training and in testing. Use those of X.": (
            lambda X, X_new: (
                (X - X.mean(axis=0)) / X.std(axis=0),
                (X_new - X_new.mean(axis=0)) / X_new.std(axis=0),
            )
        ),
        "X_new loses its own mean: it must lose that of X, and then be divided by the deviation "
        "of X.": (
            lambda X, X_new: (
                (X - X.mean(axis=0)) / X.std(axis=0),
                (X_new - X_new.mean(axis=0)) / X.std(axis=0),
            )
        ),
        "X_new is left in its old units; or X was scaled under its own name first and has mean 0 "
        "and deviation 1 by then: keep the two numbers.": (
            lambda X, X_new: ((X - X.mean(axis=0)) / X.std(axis=0), X_new)
        ),
        "the mean and deviation are those of both sets together: so the test data have leaked into "
        "training. Use X alone.": (
            lambda X, X_new: (
                (X - np.vstack([X, X_new]).mean(axis=0)) / np.vstack([X, X_new]).std(axis=0),
                (X_new - np.vstack([X, X_new]).mean(axis=0)) / np.vstack([X, X_new]).std(axis=0),
            )
        ),
        "it is divided by the variance: the standard deviation is its root.": (
            lambda X, X_new: (
                (X - X.mean(axis=0)) / X.var(axis=0),
                (X_new - X.mean(axis=0)) / X.var(axis=0),
            )
        ),
        "one mean and one deviation for all features: take axis=0, feature by feature.": (
            lambda X, X_new: ((X - X.mean()) / X.std(), (X_new - X.mean()) / X.std())
        ),
        "the deviation is divided by n − 1: X.std(axis=0), without ddof, divides by n.": (
            lambda X, X_new: (
                (X - X.mean(axis=0)) / X.std(axis=0, ddof=1),
                (X_new - X.mean(axis=0)) / X.std(axis=0, ddof=1),
            )
        ),
        "parentheses are missing: x − μ/σ divides only the mean; write (x − μ)/σ.": (
            lambda X, X_new: (
                X - X.mean(axis=0) / X.std(axis=0),
                X_new - X.mean(axis=0) / X.std(axis=0),
            )
        ),
        "the mean is not taken away.": (
            lambda X, X_new: (X / X.std(axis=0), X_new / X.std(axis=0))
        ),
        "the division by the standard deviation is missing.": (
            lambda X, X_new: (X - X.mean(axis=0), X_new - X.mean(axis=0))
        ),
    },
    hints=(
        "The mean and the deviation are learned from the training data, like weights.",
        "mean, deviation = X.mean(axis=0), X.std(axis=0), and use these two for both.",
    ),
)


# --- 06.3 ------------------------------------------------------------------------------------


def batch_norm(Z, gamma, beta, epsilon):
    mean, variance = Z.mean(axis=0), Z.var(axis=0)
    return gamma * (Z - mean) / np.sqrt(variance + epsilon) + beta


def _batches(random):
    cases = [(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([5.0]), 0.01)]
    for n, features in ((3, 2), (8, 3), (32, 4)):
        Z = random.normal(3, random.uniform(0.5, 4, features), (n, features))
        cases.append((Z, random.uniform(0.5, 2, features), random.normal(size=features), 0.1))
    return cases


def _normalised(Z, epsilon, axis=0):
    mean, variance = Z.mean(axis=axis, keepdims=True), Z.var(axis=axis, keepdims=True)
    return (Z - mean) / np.sqrt(variance + epsilon)


BATCH_NORM = Exercise(
    key="06.3",
    title="batch norm, while training",
    task="Return γ (Z − μ)/√(σ² + ε) + β, with μ and σ² of this batch. Z has shape (n, neurons).",
    solution=batch_norm,
    inputs=_batches,
    slips={
        "these are the mean and the variance of each sample: that is layer norm. Batch norm takes "
        "them over the batch, neuron by neuron: axis=0.": (
            lambda Z, gamma, beta, epsilon: gamma * _normalised(Z, epsilon, axis=1) + beta
        ),
        "the root is missing: it is divided by σ² + ε.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / (Z.var(axis=0) + epsilon) + beta
            )
        ),
        "the root is taken twice: X.std is σ already; σ² is X.var.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / np.sqrt(Z.std(axis=0) + epsilon) + beta
            )
        ),
        "parentheses are missing: z − μ is divided, not μ alone.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * Z - Z.mean(axis=0) / np.sqrt(Z.var(axis=0) + epsilon) + beta
            )
        ),
        "ε is squared: it stands under the root as it is.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / np.sqrt(Z.var(axis=0) + epsilon**2) + beta
            )
        ),
        "ε belongs under the root: √(σ² + ε), not σ + ε.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / (Z.std(axis=0) + epsilon) + beta
            )
        ),
        "ε is missing: where all values of a batch are equal, this divides by 0.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / np.maximum(Z.std(axis=0), 1e-300) + beta
            )
        ),
        "γ and β are missing: this is x̂.": (
            lambda Z, gamma, beta, epsilon: _normalised(Z, epsilon)
        ),
        "β is missing.": lambda Z, gamma, beta, epsilon: gamma * _normalised(Z, epsilon),
        "γ is missing.": lambda Z, gamma, beta, epsilon: _normalised(Z, epsilon) + beta,
        "γ multiplies β, too: it is γ x̂ + β, not γ (x̂ + β).": (
            lambda Z, gamma, beta, epsilon: gamma * (_normalised(Z, epsilon) + beta)
        ),
        "ε is added to the result: it belongs under the root, to σ².": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / np.maximum(Z.std(axis=0), 1e-300) + beta + epsilon
            )
        ),
        "γ and β have changed places.": (
            lambda Z, gamma, beta, epsilon: beta * _normalised(Z, epsilon) + gamma
        ),
        "the variance is divided by n − 1: in the formula it is the plain mean of the squares.": (
            lambda Z, gamma, beta, epsilon: (
                gamma * (Z - Z.mean(axis=0)) / np.sqrt(Z.var(axis=0, ddof=1) + epsilon) + beta
            )
        ),
        "one mean and one variance for the whole array: take them neuron by neuron, axis=0.": (
            lambda Z, gamma, beta, epsilon: gamma * _normalised(Z, epsilon, axis=None) + beta
        ),
    },
    hints=(
        "First x̂, with mean 0 and variance about 1 in each column; then stretch and shift it.",
        "Z.mean(axis=0) and Z.var(axis=0), one number a neuron; ε is added to the variance.",
    ),
)


# --- 06.4 ------------------------------------------------------------------------------------


def running_average(running, batches, momentum):
    for batch in batches:
        running = (1 - momentum) * running + momentum * np.mean(batch)
    return running


def _streams(random):
    cases = [(0.0, [np.array([1.0, 3.0])], 0.1)]
    for n in (2, 3, 5):
        batches = [random.normal(4, 1, 6) for _ in range(n)]
        cases.append((float(random.normal()), batches, float(random.uniform(0.05, 0.4))))
    return cases


def _last(running, batches, momentum):
    return np.mean(batches[-1])


def _with_sums(running, batches, momentum):
    return running_average(running, [np.sum(batch) for batch in batches], momentum)


def _without_momentum(running, batches, momentum):
    for batch in batches:
        running = (1 - momentum) * running + np.mean(batch)
    return running


RUNNING = Exercise(
    key="06.4",
    title="the mean for test time",
    task="Return the running mean of one neuron after these batches: for each batch, "
    "running ← (1 − momentum)·running + momentum·(mean of the batch).",
    solution=running_average,
    inputs=_streams,
    slips={
        "momentum and 1 − momentum have changed places: in batch norm, momentum is the share of "
        "what is new (in lesson 02, β is that of what is old).": (
            lambda running, batches, momentum: running_average(running, batches, 1 - momentum)
        ),
        "each batch begins from the first running mean again: keep the result of the last.": (
            lambda running, batches, momentum: running_average(running, batches[-1:], momentum)
        ),
        "this is the plain mean of all batches: in it every batch counts alike, "
        "and the old value not at all.": (
            lambda running, batches, momentum: np.mean([np.mean(batch) for batch in batches])
        ),
        "this is the mean of the last batch: one batch is too noisy a judge.": _last,
        "only the first batch is looked at: `return` stands inside the loop.": (
            lambda running, batches, momentum: running_average(running, batches[:1], momentum)
        ),
        "this is one step with the mean of all batches: each batch is a step of its own.": (
            lambda running, batches, momentum: running_average(running, [batches], momentum)
        ),
        "it begins at 0: the first old value is `running`, as it comes.": (
            lambda running, batches, momentum: running_average(0.0, batches, momentum)
        ),
        "this adds the sum of each batch: its mean is wanted.": _with_sums,
        "the new mean is not multiplied by momentum.": _without_momentum,
        "the batches come in the wrong order.": (
            lambda running, batches, momentum: running_average(running, batches[::-1], momentum)
        ),
        "the old value is not made smaller: it must be multiplied by 1 − momentum.": (
            lambda running, batches, momentum: (
                running + sum(momentum * np.mean(batch) for batch in batches)
            )
        ),
    },
    hints=(
        "A loop over the batches; each step mixes the old value with the new mean.",
        "for batch in batches: running = (1 - momentum) * running + momentum * batch.mean()",
    ),
)


# --- 06.5 ------------------------------------------------------------------------------------


def highway(x, h, z):
    gate = 1 / (1 + np.exp(-z))
    return gate * h + (1 - gate) * x


def _lanes(random):
    cases = [(np.array([1.0]), np.array([3.0]), np.array([0.0]))]
    return cases + [tuple(random.normal(0, 2, (3, n))) for n in (1, 4, 8)]


HIGHWAY = Exercise(
    key="06.5",
    title="a highway gate",
    task="Return t·h + (1 − t)·x with the gate t = σ(z): how far the layer's own output h goes in.",
    solution=highway,
    inputs=_lanes,
    slips={
        "the lanes have changed places: t = σ(z) = 1/(1 + e^(−z)) opens the "
        "way for h, 1 − t that for x.": (lambda x, h, z: highway(h, x, z)),
        "z itself is taken as the gate: t = σ(z) lies between 0 and 1.": (
            lambda x, h, z: z * h + (1 - z) * x
        ),
        "h has gone through a ReLU once more: it is the layer's output already.": (
            lambda x, h, z: highway(x, np.maximum(h, 0), z)
        ),
        "the gate is tanh(z), from −1 to 1: σ(z) = 1/(1 + e^(−z)) lies between 0 and 1.": (
            lambda x, h, z: np.tanh(z) * h + (1 - np.tanh(z)) * x
        ),
        "parentheses are missing in the gate: 1 / (1 + np.exp(-z)).": (
            lambda x, h, z: (1 / 1 + np.exp(-z)) * h + (1 - (1 / 1 + np.exp(-z))) * x
        ),
        "this is a residual connection, x + h: it has no gate.": lambda x, h, z: x + h,
        "x is never held back: its share is 1 − t.": (lambda x, h, z: h / (1 + np.exp(-z)) + x),
        "only the layer's part: (1 − t)·x, the way round it, is missing.": (
            lambda x, h, z: h / (1 + np.exp(-z))
        ),
    },
    tolerance=1e-8,
    hints=(
        "With t = 0 the layer is not there, with t = 1 it is an ordinary one.",
        "t = 1 / (1 + np.exp(-z)), then t * h + (1 - t) * x.",
    ),
)


# --- 06.6 ------------------------------------------------------------------------------------


def stop_early(dev_losses, patience):
    best = 0
    for epoch, loss in enumerate(dev_losses):
        if loss < dev_losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def _dev_losses(random):
    cases = [
        ([0.9, 0.5, 0.6], 2),
        ([0.9, 0.5, 0.6, 0.4], 1),
        ([0.9, 0.5, 0.6, 0.4], 2),
        ([4.0, 3.0, 2.0, 1.0], 2),
    ]
    cases += [
        ([0.9, 0.5, 0.5, 0.6, 0.4], 2),
        ([5.0, 4.0, 4.1, 3.0, 3.1, 2.5], 2),
        ([5.0, 4.0, 4.2, 4.1, 4.3, 3.0], 3),
    ]
    cases += [([5.0, 4.0, 4.2, 4.1, 4.3, 4.4, 3.0], 3)]
    for n in (8, 12, 20):
        falling = 2 / np.arange(1, n + 1) + random.normal(0, 0.3, n) + 1
        cases.append((falling.round(2).tolist(), int(random.integers(1, 4))))
    return cases


def _until_the_first_rise(dev_losses, patience):
    for epoch in range(1, len(dev_losses)):
        if dev_losses[epoch] > dev_losses[epoch - 1]:
            return epoch - 1
    return len(dev_losses) - 1


def _until_the_first_without_fall(dev_losses, patience):
    for epoch in range(1, len(dev_losses)):
        if dev_losses[epoch] >= dev_losses[epoch - 1]:
            return epoch - 1
    return len(dev_losses) - 1


def _with_ties(dev_losses, patience):
    best = 0
    for epoch, loss in enumerate(dev_losses):
        if loss <= dev_losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def _count_never_set_back(dev_losses, patience):
    best, bad = 0, 0
    for epoch, loss in enumerate(dev_losses):
        if loss < dev_losses[best]:
            best = epoch
        else:
            bad += epoch > 0
        if bad == patience:
            break
    return best


def _runs_out(dev_losses, patience):
    """Return whether training ends early, and not because no epochs are left."""
    return stop_early([*dev_losses, -1.0], patience) < len(dev_losses)


def _last_if_it_never_ends(dev_losses, patience):
    ended = _runs_out(dev_losses, patience)
    return stop_early(dev_losses, patience) if ended else len(dev_losses) - 1


def _nothing_if_it_never_ends(dev_losses, patience):
    ended = _runs_out(dev_losses, patience)
    return stop_early(dev_losses, patience) if ended else None


def _rises_in_a_row(dev_losses, patience):
    best, rises = 0, 0
    for epoch in range(1, len(dev_losses)):
        best = epoch if dev_losses[epoch] < dev_losses[best] else best
        rises = rises + 1 if dev_losses[epoch] > dev_losses[epoch - 1] else 0
        if rises >= patience:
            break
    return best


def _before_the_rises(dev_losses, patience):
    rises = 0
    for epoch in range(1, len(dev_losses)):
        rises = rises + 1 if dev_losses[epoch] >= dev_losses[epoch - 1] else 0
        if rises == patience:
            return epoch - patience
    return int(np.argmin(dev_losses))


def _where_it_ends(dev_losses, patience):
    best = stop_early(dev_losses, patience)
    return min(best + patience, len(dev_losses) - 1)


EARLY_STOPPING = Exercise(
    key="06.6",
    title="early stopping",
    task="Return the epoch (from 0) whose weights are kept: training ends once `patience` epochs "
    "in a row have brought no loss below the best so far.",
    solution=stop_early,
    inputs=_dev_losses,
    slips={
        "this is the best of all epochs: but training would not have got there.": (
            lambda dev_losses, patience: int(np.argmin(dev_losses))
        ),
        "this is the epoch at which training ends: the weights kept are those of the best epoch, "
        "some epochs before.": _where_it_ends,
        "this stops at the first rise: one bad epoch may be chance; wait for `patience` of them.": (
            _until_the_first_rise
        ),
        "this stops at the first epoch that is not better: it may be chance; wait for `patience` "
        "of them.": _until_the_first_without_fall,
        "an equal loss is taken for a better one: below the best means <, not <=.": _with_ties,
        "the count of bad epochs is not set back to 0 when a better one comes.": (
            _count_never_set_back
        ),
        "where patience never runs out, the best epoch is wanted, not the last.": (
            _last_if_it_never_ends
        ),
        "where patience never runs out, nothing is returned: return the best epoch after the "
        "loop, too.": _nothing_if_it_never_ends,
        "it counts rises in a row, from one epoch to the next: count the epochs since the best "
        "one.": _rises_in_a_row,
        "it counts rises in a row, from one epoch to the next, and steps back so many: remember "
        "the best epoch, and count from there.": _before_the_rises,
        "this is the last epoch: nothing is stopped.": (
            lambda dev_losses, patience: len(dev_losses) - 1
        ),
        "one epoch more of patience than asked for: end as soon as epoch − best = patience.": (
            lambda dev_losses, patience: stop_early(dev_losses, patience + 1)
        ),
        "the epochs count from 0 here.": (
            lambda dev_losses, patience: stop_early(dev_losses, patience) + 1
        ),
        "this is the loss: the number of the epoch is wanted.": (
            lambda dev_losses, patience: dev_losses[stop_early(dev_losses, patience)]
        ),
    },
    hints=(
        "Walk through the losses and remember where the best one was.",
        "for epoch, loss in enumerate(dev_losses): if it is below the best, best = epoch; else, if "
        "epoch − best is the patience, break.",
    ),
)


# --- 06.7 ------------------------------------------------------------------------------------


def decayed(w, gradient, learning_rate, penalty, m):
    return (1 - learning_rate * penalty / m) * w - learning_rate * gradient


def _weights(random):
    cases = [(1.0, 0.0, 0.5, 2.0, 4)]
    for n in (1, 3, 6):
        w, gradient = random.normal(size=n), random.normal(size=n)
        rate, penalty = float(random.uniform(0.1, 0.9)), float(random.uniform(1, 5))
        cases.append((w, gradient, rate, penalty, int(random.integers(5, 50))))
    return cases


DECAY = Exercise(
    key="06.7",
    title="weight decay",
    task="Return w after one step of gradient descent on C + λ/(2m) w². `gradient` is ∂C/∂w, "
    "`penalty` λ, `m` the number of examples.",
    solution=decayed,
    inputs=_weights,
    slips={
        "the weights grow: the penalty's step is −ηλ/m · w, so the factor is 1 minus ηλ/m.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 + learning_rate * penalty / m) * w - learning_rate * gradient
            )
        ),
        "m is missing: the penalty is λ/(2m) w².": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - learning_rate * penalty) * w - learning_rate * gradient
            )
        ),
        "η is missing in the factor: the penalty is multiplied by the learning rate, too.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - penalty / m) * w - learning_rate * gradient
            )
        ),
        "a factor of 2: the derivative of λ/(2m) w² is λ/m · w.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - learning_rate * penalty / (2 * m)) * w - learning_rate * gradient
            )
        ),
        "this is the step for L1: its derivative is λ/m · sign(w), an amount, not a factor.": (
            lambda w, gradient, learning_rate, penalty, m: (
                w - learning_rate * penalty / m * np.sign(w) - learning_rate * gradient
            )
        ),
        "this subtracts η times the penalty itself: its derivative, λ/m · w, is wanted.": (
            lambda w, gradient, learning_rate, penalty, m: (
                w - learning_rate * gradient - learning_rate * penalty / (2 * m) * w**2
            )
        ),
        "the gradient of C is missing.": (
            lambda w, gradient, learning_rate, penalty, m: (1 - learning_rate * penalty / m) * w
        ),
        "the penalty is missing: this is a plain step on C.": (
            lambda w, gradient, learning_rate, penalty, m: w - learning_rate * gradient
        ),
        "it goes uphill on C: subtract η times its gradient.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - learning_rate * penalty / m) * w + learning_rate * gradient
            )
        ),
        "the factor stands on the derivative, as in one of the notes: it belongs to w.": (
            lambda w, gradient, learning_rate, penalty, m: (
                w - (1 - learning_rate * penalty / m) * learning_rate * gradient
            )
        ),
        "the penalty counts twice: the derivative of λ/(2m) w² is λ/m · w.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - 2 * learning_rate * penalty / m) * w - learning_rate * gradient
            )
        ),
        "w is still squared: the derivative of λ/(2m) w² is λ/m · w.": (
            lambda w, gradient, learning_rate, penalty, m: (
                w - learning_rate * (gradient + penalty / m * w**2)
            )
        ),
        "η is missing before the gradient of C.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - learning_rate * penalty / m) * w - gradient
            )
        ),
        "this is the gradient with its penalty: take the step, w − η times this.": (
            lambda w, gradient, learning_rate, penalty, m: gradient + penalty / m * w
        ),
        "the gradient shrinks, too: the factor belongs to w alone.": (
            lambda w, gradient, learning_rate, penalty, m: (
                (1 - learning_rate * penalty / m) * (w - learning_rate * gradient)
            )
        ),
    },
    hints=(
        "Differentiate the penalty, add it to the gradient, take the step; then collect w.",
        "(1 − ηλ/m) w − η ∂C/∂w.",
    ),
)


# --- 06.8 ------------------------------------------------------------------------------------


def inverted_dropout(a, drawn, p, training):
    if not training:
        return a
    return a * (drawn >= p) / (1 - p)


def _activations(random):
    cases = [(np.array([2.0, 4.0]), np.array([0.1, 0.9]), 0.2, True)]
    cases += [(np.array([2.0, 4.0]), np.array([0.1, 0.9]), 0.2, False)]
    for n, p in ((5, 0.3), (8, 0.6), (30, 0.5)):
        cases.append((random.normal(2, 1, n), random.random(n), p, True))
    return [*cases, (random.normal(2, 1, 4), random.random(4), 0.4, False)]


DROPOUT = Exercise(
    key="06.8",
    title="inverted dropout",
    task="Return the activations after dropout. `drawn` holds a uniform random number in [0, 1) "
    "for each; where it is below p, the neuron is dropped. When testing, nothing happens.",
    solution=inverted_dropout,
    inputs=_activations,
    slips={
        "the kept ones are not divided by 1 − p: so their mean is too small by this factor.": (
            lambda a, drawn, p, training: a * (drawn >= p) if training else a
        ),
        "it drops when testing, too.": (lambda a, drawn, p, training: a * (drawn >= p) / (1 - p)),
        "the wrong ones are kept: those with drawn < p are to be dropped.": (
            lambda a, drawn, p, training: a * (drawn < p) / (1 - p) if training else a
        ),
        "divided by p: the share that is kept is 1 − p.": (
            lambda a, drawn, p, training: a * (drawn >= p) / p if training else a
        ),
        "multiplied by 1 − p: to make up for what is dropped, the rest must grow.": (
            lambda a, drawn, p, training: a * (drawn >= p) * (1 - p) if training else a
        ),
        "with inverted dropout, training has already made up for it: when testing, multiply by "
        "nothing.": (
            lambda a, drawn, p, training: a * (drawn >= p) / (1 - p) if training else a * (1 - p)
        ),
        "this is the older dropout: kept as they are in training, times 1 − p in testing. Right on "
        "average, but inverted dropout divides while training.": (
            lambda a, drawn, p, training: a * (drawn >= p) if training else a * (1 - p)
        ),
        "the modes are swapped: the holes belong to training.": (
            lambda a, drawn, p, training: a if training else a * (drawn >= p) / (1 - p)
        ),
        "it is divided when testing: divide by 1 − p while training, where some are missing.": (
            lambda a, drawn, p, training: a * (drawn >= p) if training else a / (1 - p)
        ),
        "the dropped ones are taken out, so the array is shorter: keep their places, put 0.": (
            lambda a, drawn, p, training: a[drawn >= p] / (1 - p) if training else a
        ),
        "divided by the share that this mask happens to keep: p is given, the share that is kept "
        "on average is 1 − p.": (
            lambda a, drawn, p, training: a * (drawn >= p) / np.mean(drawn >= p) if training else a
        ),
        "p is taken for the probability to keep, as Ng's keep-prob: here p is the probability to "
        "drop.": (lambda a, drawn, p, training: a * (drawn < p) / p if training else a),
    },
    hints=(
        "A comparison makes the mask; what is left must be larger, so that the mean stays.",
        "Training: a * (drawn >= p) / (1 - p). Testing: a.",
    ),
)


# --- 06.9 ------------------------------------------------------------------------------------


def on_log_scale(u, low, high):
    return low * (high / low) ** u


def _scales(random):
    cases = [(0.5, 1e-4, 1.0), (0.25, 1e-4, 1.0)]
    for _ in range(4):
        low = float(10 ** random.uniform(-5, -2))
        cases.append((random.random(3), low, float(low * 10 ** random.uniform(1, 4))))
    return cases


LOG_SCALE = Exercise(
    key="06.9",
    title="a logarithmic scale",
    task="Turn u, uniform in [0, 1), into a number between low and high whose logarithm is "
    "uniform.",
    solution=on_log_scale,
    inputs=_scales,
    slips={
        "the range from 10⁻⁴ to 1 is built in: use low and high.": (
            lambda u, low, high: 10 ** (4 * (u - 1))
        ),
        "this is for 0.0001 to 1 alone, and runs downwards: use low and high.": (
            lambda u, low, high: 10 ** (-4 * u)
        ),
        "this runs from 1 down to low, whatever high is.": (
            lambda u, low, high: 10 ** (np.log10(low) * u)
        ),
        "the exponent runs from low to high itself: from log10(low) to log10(high).": (
            lambda u, low, high: 10 ** (low + u * (high - low))
        ),
        "this is uniform itself: most of it lies near high.": (
            lambda u, low, high: low + u * (high - low)
        ),
        "this is the exponent: 10 to the power of it is wanted.": (
            lambda u, low, high: np.log10(low) + u * (np.log10(high) - np.log10(low))
        ),
        "it runs from high down to low. As u is uniform, the numbers are spread rightly; but "
        "u = 0 should give low.": (lambda u, low, high: high * (low / high) ** u),
        "the exponents are those of base 10, but it is raised to base e (np.exp): use 10 ** ….": (
            lambda u, low, high: np.exp(np.log10(low) + u * (np.log10(high) - np.log10(low)))
        ),
        "the exponents are natural logarithms, but the base is 10: use np.exp, or np.log10.": (
            lambda u, low, high: 10 ** (np.log(low) + u * (np.log(high) - np.log(low)))
        ),
        "this begins at 1, not at low: multiply by low.": (lambda u, low, high: (high / low) ** u),
    },
    tolerance=1e-8,
    hints=(
        "Draw the exponent uniformly, then raise 10 to it.",
        "r = log10(low) + u (log10(high) − log10(low)), and 10^r.",
    ),
)


EXERCISES = [
    RECIPE,
    SCALING,
    BATCH_NORM,
    RUNNING,
    HIGHWAY,
    EARLY_STOPPING,
    DECAY,
    DROPOUT,
    LOG_SCALE,
]
