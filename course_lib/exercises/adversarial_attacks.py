"""Lesson 11: what an attack wants, how it is judged, the fast gradient sign step, both balls, a
targeted step, one noise for all images, a filter that squeezes, and what averages do."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "11"


# --- 11.1 -----------------------------------------------------------------------------------------


def lecture_loss(z, true, false):
    return z[true] - z[false]


def _minus_log(z, k):
    """The cross-entropy of the logits z with class k."""
    return np.log(np.exp(z).sum()) - z[k]


def _softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def _logits(random):
    cases = [(np.array([2.0, -1.0]), 0, 1), (np.array([0.5, 3.0, -2.0]), 1, 2)]
    for n in (3, 4, 6, 10):
        true, false = random.permutation(n)[:2]
        cases.append((random.normal(0, 2, n).round(2), int(true), int(false)))
    return cases


LECTURE_LOSS = Exercise(
    key="11.1",
    title="the lecture's loss",
    task="Return L = −C(y′, true) + C(y′, false) for the logits z: it is made small.",
    solution=lecture_loss,
    inputs=_logits,
    slips={
        "the sign is wrong: C(y′, k) = ln Σ e^z − z_k falls as z_k grows, so −C brings +z_true.": (
            lambda z, true, false: z[false] - z[true]
        ),
        "this is only the first part: the image is driven away from the true class, to no other "
        "one.": lambda z, true, false: -_minus_log(z, true),
        "this is only the second part: the image is driven to the false class.": (
            lambda z, true, false: _minus_log(z, false)
        ),
        "both parts are added: the first one has a minus.": (
            lambda z, true, false: _minus_log(z, true) + _minus_log(z, false)
        ),
        "this is the difference of the probabilities; C has a logarithm.": (
            lambda z, true, false: _softmax(z)[true] - _softmax(z)[false]
        ),
        "these are probabilities in place of logits: C(y′, k) is −ln of the probability.": (
            lambda z, true, false: _softmax(z)[false] - _softmax(z)[true]
        ),
        "only z_true is there; the false class pulls, too.": lambda z, true, false: z[true],
        "only z_false is there, and the true class is not pushed.": (
            lambda z, true, false: -z[false]
        ),
        "this is the lead over the best of the others; the lecture names one false class.": (
            lambda z, true, false: z[true] - np.delete(z, true).max()
        ),
        "this is the distance; an attack needs to know who is ahead: no absolute value.": (
            lambda z, true, false: abs(z[true] - z[false])
        ),
        "both parts have lost their logarithm of the sum, and one its sign.": (
            lambda z, true, false: z[true] + z[false]
        ),
        "both parts have a minus here, −C − C; the second one has a plus.": (
            lambda z, true, false: -_minus_log(z, true) - _minus_log(z, false)
        ),
        "ln Σ e^z is left over: it stands in both parts, with opposite signs, and cancels.": (
            lambda z, true, false: z[true] + _minus_log(z, false)
        ),
        "ln Σ e^z is left over twice: −C brings it with a minus, +C with a plus.": (
            lambda z, true, false: z[true] - z[false] + 2 * np.log(np.exp(z).sum())
        ),
        "ln Σ e^z is left over once: it stands in both parts, with opposite signs, and cancels.": (
            lambda z, true, false: z[true] - z[false] - np.log(np.exp(z).sum())
        ),
        "this is the lead over the largest logit, the true one among them; the lecture names one "
        "false class.": lambda z, true, false: z[true] - z.max(),
        "these are the odds e^(z_true − z_false); the logarithm in C takes the e away.": (
            lambda z, true, false: np.exp(z[true] - z[false])
        ),
        "this is the difference of e^z; the logarithm in C takes the e away.": (
            lambda z, true, false: np.exp(z[true]) - np.exp(z[false])
        ),
    },
    hints=(
        "Write C(y′, k) = ln Σ e^z − z_k twice, and see what cancels.",
        "The logarithm is in both, with opposite signs; what stays is z[true] − z[false].",
    ),
)


# --- 11.2 -----------------------------------------------------------------------------------------


def success(Z, y):
    others = Z.copy()
    others[np.arange(len(y)), y] = -np.inf
    return np.mean(others.max(axis=1) > Z[np.arange(len(y)), y])


def _above_true(Z, y):
    """Which logits are larger than that of the row's true class."""
    own = Z[np.arange(len(y)), y]
    return own[:, None] < Z


def _batches(random):
    first = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.5], [-1.0, -2.0, -3.0]])
    cases = [(first, np.array([0, 0, 0, 1])), (first - 5, np.array([0, 1, 2, 1]))]
    cases.append((first - 1, first.argmax(axis=1)))  # none is fooled
    for n, k in ((5, 3), (8, 4), (12, 10)):
        cases.append((random.normal(0, 2, (n, k)).round(2), random.integers(0, k, n)))
    return cases


SUCCESS = Exercise(
    key="11.2",
    title="has it worked?",
    task=(
        "Z holds logits, a row an image; y the true classes. Return the share of the images that "
        "are fooled: another class has a larger logit than the true one."
    ),
    solution=success,
    inputs=_batches,
    slips={
        "this is the accuracy: the share that the attack did *not* fool.": (
            lambda Z, y: 1 - success(Z, y)
        ),
        "this is the number of images that are fooled; their share is wanted.": (
            lambda Z, y: success(Z, y) * len(y)
        ),
        "this says for each image whether it is fooled; the share is their mean.": (
            lambda Z, y: Z.argmax(axis=1) != y
        ),
        "argmax goes along the wrong axis: a row is an image.": (
            lambda Z, y: np.mean(Z.argmax(axis=0)[y] != y)
        ),
        "this looks for the smallest logit.": lambda Z, y: np.mean(Z.argmin(axis=1) != y),
        "any logit of a false class above 0 counts here; it must be above that of the true "
        "class.": lambda Z, y: np.mean(
            np.where(np.arange(Z.shape[1]) == y[:, None], -np.inf, Z).max(axis=1) > 0
        ),
        "the first column is taken for the true class: the true classes are in y.": (
            lambda Z, y: np.mean(Z.argmax(axis=1) != 0)
        ),
        "this asks whether the true class has a negative logit: only the differences count.": (
            lambda Z, y: np.mean(Z[np.arange(len(y)), y] < 0)
        ),
        "*any* image is enough here: the share is wanted.": (
            lambda Z, y: float(np.any(Z.argmax(axis=1) != y))
        ),
        "this is the mean lead of the best false class; only its sign counts.": lambda Z, y: (
            np.mean(
                np.where(np.arange(Z.shape[1]) == y[:, None], -np.inf, Z).max(axis=1)
                - Z[np.arange(len(y)), y]
            )
        ),
        "the true class is among the largest, too, so this is always so: leave it out, or ask "
        "with >.": lambda Z, y: np.mean(Z.max(axis=1) >= Z[np.arange(len(y)), y]),
        "max gives logits, and y holds classes: argmax gives the class.": (
            lambda Z, y: np.mean(Z.max(axis=1) != y)
        ),
        "argmax without an axis is one place in the whole table; each row has its own.": (
            lambda Z, y: np.mean(Z.argmax() != y)
        ),
        "this is the share of the *logits* that are larger; one in a row is enough for an image.": (
            lambda Z, y: np.mean(_above_true(Z, y))
        ),
        "an image with two larger logits counts twice; one in a row is enough.": (
            lambda Z, y: _above_true(Z, y).sum() / len(y)
        ),
        "divided by the number of classes; a share of the images is wanted.": (
            lambda Z, y: success(Z, y) * len(y) / Z.shape[1]
        ),
        "this asks whether the true class has less than one half; with many classes that may still "
        "be the most.": lambda Z, y: np.mean(
            np.exp(Z[np.arange(len(y)), y]) < 0.5 * np.exp(Z).sum(axis=1)
        ),
        "the true logit is compared with the row's mean; compare it with the largest other one.": (
            lambda Z, y: np.mean(Z[np.arange(len(y)), y] < Z.mean(axis=1))
        ),
        "Z.max() is the largest logit of the whole table; each row has its own, axis=1.": (
            lambda Z, y: np.mean(Z.max() > Z[np.arange(len(y)), y])
        ),
        "the shapes do not fit: a row is an image, so axis=1; and the true logits are "
        "Z[np.arange(len(y)), y], where Z[y] takes whole rows.": lambda Z, y: np.mean(
            Z.argmax(axis=0) != y
        ),
        "this is in percent; a share lies between 0 and 1.": lambda Z, y: 100 * success(Z, y),
        "Z[:, y] takes a column for every image, (n, n) numbers; Z[np.arange(len(y)), y] takes one "
        "logit a row.": lambda Z, y: np.mean(Z.max(axis=1) > Z[:, y]),
    },
    hints=(
        "The class that the network says is the one with the largest logit of the row.",
        "Compare Z.argmax(axis=1) with y; the mean of True and False is a share.",
    ),
)


# --- 11.3 -----------------------------------------------------------------------------------------


def fgsm_step(x, gradient, epsilon):
    return np.clip(x + epsilon * np.sign(gradient), 0, 1)


def _moved(x, change):
    return np.clip(x + change, 0, 1)


def _images_and_gradients(random):
    cases = [
        (np.array([0.4, 0.6]), np.array([-4.0, 3.0]), 0.25),
        (np.array([0.5, 0.0, 0.95, 0.02, 0.3]), np.array([2.0, -0.5, 0.03, -3.0, 0.0]), 0.1),
    ]
    for shape in ((3,), (2, 3), (4, 4)):
        x = np.clip(random.uniform(-0.2, 1.2, shape), 0, 1).round(3)
        cases.append((x, random.normal(0, 3, shape).round(3), float(random.choice([0.1, 0.2]))))
    return cases


FGSM = Exercise(
    key="11.3",
    title="the fast gradient sign method",
    task=(
        "Return the image after one step; `gradient` is ∇C(y′, y), by the pixels. Pixels stay in "
        "[0, 1]."
    ),
    solution=fgsm_step,
    inputs=_images_and_gradients,
    slips={
        "this walks downhill: it makes the network surer of the truth.": (
            lambda x, g, e: _moved(x, -e * np.sign(g))
        ),
        "this walks downhill, and pixels leave [0, 1].": lambda x, g, e: x - e * np.sign(g),
        "the gradient itself is added; only its sign counts.": lambda x, g, e: _moved(x, e * g),
        "the gradient itself is added, and pixels leave [0, 1]: take the sign, and clip.": (
            lambda x, g, e: x + e * g
        ),
        "the gradient itself is subtracted; its sign is to be added.": (
            lambda x, g, e: _moved(x, -e * g)
        ),
        "the gradient itself is subtracted, and pixels leave [0, 1]: add its sign, and clip.": (
            lambda x, g, e: x - e * g
        ),
        "pixels leave [0, 1]: clip the result.": lambda x, g, e: x + e * np.sign(g),
        "ε is missing: each pixel moves by 1.": lambda x, g, e: _moved(x, np.sign(g)),
        "ε is missing, and pixels leave [0, 1].": lambda x, g, e: x + np.sign(g),
        "this is the change alone; add it to the image.": lambda x, g, e: e * np.sign(g),
        "this is the change alone, and clipped, too; clip the new image.": (
            lambda x, g, e: np.clip(e * np.sign(g), 0, 1)
        ),
        "the *change* is clipped to [0, 1], so that no pixel goes down; clip the new image.": (
            lambda x, g, e: x + np.clip(e * np.sign(g), 0, 1)
        ),
        "this is the step of the L2 ball, ε g / ‖g‖₂.": (
            lambda x, g, e: _moved(x, e * g / np.linalg.norm(g))
        ),
        "this is the L2 step, ε g / ‖g‖₂, and not clipped.": (
            lambda x, g, e: x + e * g / np.linalg.norm(g)
        ),
        "the gradient is divided by its largest entry; each pixel must move by the whole of ε.": (
            lambda x, g, e: _moved(x, e * g / np.abs(g).max())
        ),
        "the gradient was cut at ±ε: small entries must move by the whole of ε, too.": (
            lambda x, g, e: _moved(x, np.clip(g, -e, e))
        ),
        "the gradient was cut at ±ε, in place of its sign, and pixels leave [0, 1].": (
            lambda x, g, e: x + np.clip(g, -e, e)
        ),
        "the absolute value is how large the gradient is; its *sign* says up or down.": (
            lambda x, g, e: _moved(x, e * np.abs(g))
        ),
        "where the gradient is 0, g / |g| is 0/0; np.sign leaves such a pixel alone.": (
            lambda x, g, e: _moved(x, e * g / np.abs(g))
        ),
        "where the gradient is 0 the pixel goes down here; np.sign leaves it alone.": (
            lambda x, g, e: _moved(x, np.where(g > 0, e, -e))
        ),
        "where the gradient is 0 the pixel goes up here; np.sign leaves it alone.": (
            lambda x, g, e: _moved(x, np.where(g < 0, -e, e))
        ),
        "only what is below 0 is clipped: the upper limit is 1.": (
            lambda x, g, e: np.maximum(x + e * np.sign(g), 0)
        ),
        "only what is above 1 is clipped: the lower limit is 0.": (
            lambda x, g, e: np.minimum(x + e * np.sign(g), 1)
        ),
        "this is the sign of the image; the sign of the *gradient* is wanted.": (
            lambda x, g, e: _moved(x, e * np.sign(x))
        ),
        "the new image is cut at ±ε; its limits are 0 and 1.": (
            lambda x, g, e: np.clip(x + e * np.sign(g), -e, e)
        ),
        "one sign for all pixels, that of the sum; each pixel has its own.": (
            lambda x, g, e: _moved(x, e * np.sign(g.sum()))
        ),
        "the gradient is divided by Σ|g|; each pixel must move by the whole of ε.": (
            lambda x, g, e: _moved(x, e * g / np.abs(g).sum())
        ),
        "only pixels whose gradient is positive move; the others must go down.": (
            lambda x, g, e: _moved(x, e * (g > 0))
        ),
    },
    hints=(
        "Each pixel moves by ε, up or down, as its derivative says. And the loss is to grow.",
        "np.clip(x + epsilon * …, 0, 1), with the sign of the gradient.",
    ),
)


# --- 11.4 -----------------------------------------------------------------------------------------


def project(x_new, x, epsilon):
    return np.clip(x + np.clip(x_new - x, -epsilon, epsilon), 0, 1)


def _strays(random):
    cases = [
        (np.array([1.4, 0.45]), np.array([0.9, 0.5]), 0.2),
        (np.array([0.9, 0.1, 0.55, -0.4]), np.array([0.5, 0.5, 0.5, 0.1]), 0.2),
    ]
    for n in (3, 5, 8):
        x = random.uniform(0, 1, n).round(2)
        cases.append(((x + random.normal(0, 0.5, n)).round(2), x, 0.25))
    return cases


PROJECT = Exercise(
    key="11.4",
    title="back into the L∞ ball",
    task=(
        "Return x_new pulled back so that no pixel differs from x by more than epsilon, and all "
        "are in [0, 1]."
    ),
    solution=project,
    inputs=_strays,
    slips={
        "the box is missing: pixels must be in [0, 1], too.": (
            lambda x_new, x, epsilon: x + np.clip(x_new - x, -epsilon, epsilon)
        ),
        "the ball is missing: only [0, 1] is kept.": lambda x_new, x, epsilon: np.clip(x_new, 0, 1),
        "the upper limit 1 of the box is missing.": (
            lambda x_new, x, epsilon: np.maximum(x + np.clip(x_new - x, -epsilon, epsilon), 0)
        ),
        "the lower limit 0 of the box is missing.": (
            lambda x_new, x, epsilon: np.minimum(x + np.clip(x_new - x, -epsilon, epsilon), 1)
        ),
        "the change is multiplied by ε; cut it at ±ε.": (
            lambda x_new, x, epsilon: np.clip(x + epsilon * (x_new - x), 0, 1)
        ),
        "what is too far below goes to x + ε, too; it must go to x − ε.": (
            lambda x_new, x, epsilon: np.clip(
                np.where(np.abs(x_new - x) > epsilon, x + epsilon, x_new), 0, 1
            )
        ),
        "this is the change; add it to x.": (
            lambda x_new, x, epsilon: np.clip(x_new - x, -epsilon, epsilon)
        ),
        "x_new itself is cut at ±ε: cut the change x_new − x.": (
            lambda x_new, x, epsilon: np.clip(x_new, -epsilon, epsilon)
        ),
        "the change is x_new − x; here it is x − x_new.": (
            lambda x_new, x, epsilon: project(2 * x - x_new, x, epsilon)
        ),
        "the ball is around x, the true image; here it is around x_new.": (
            lambda x_new, x, epsilon: project(x, x_new, epsilon)
        ),
        "this goes to the rim of the ball always; a change that is small enough stays as it is.": (
            lambda x_new, x, epsilon: np.clip(x + epsilon * np.sign(x_new - x), 0, 1)
        ),
        "changes that are too large are thrown away; they are cut at ±ε.": (
            lambda x_new, x, epsilon: np.clip(np.where(np.abs(x_new - x) > epsilon, x, x_new), 0, 1)
        ),
        "the whole change is made shorter, by its largest entry; each pixel is cut by itself.": (
            lambda x_new, x, epsilon: np.clip(
                x + (x_new - x) * min(1, epsilon / np.abs(x_new - x).max()), 0, 1
            )
        ),
        "this is the L2 ball: the whole change is made shorter.": (
            lambda x_new, x, epsilon: np.clip(
                x + (x_new - x) * min(1, epsilon / np.linalg.norm(x_new - x)), 0, 1
            )
        ),
        "only changes upwards are cut; below, −ε is the limit.": (
            lambda x_new, x, epsilon: np.clip(np.minimum(x_new, x + epsilon), 0, 1)
        ),
        "only changes downwards are cut; above, +ε is the limit.": (
            lambda x_new, x, epsilon: np.clip(np.maximum(x_new, x - epsilon), 0, 1)
        ),
        "the cut change is added to x_new, which has moved already; add it to x.": (
            lambda x_new, x, epsilon: np.clip(x_new + np.clip(x_new - x, -epsilon, epsilon), 0, 1)
        ),
        "a change may go down: no absolute value.": (
            lambda x_new, x, epsilon: np.clip(x + np.minimum(np.abs(x_new - x), epsilon), 0, 1)
        ),
        "the change is cut to [0, 1]; its limits are ±ε.": (
            lambda x_new, x, epsilon: np.clip(x + np.clip(x_new - x, 0, 1), 0, 1)
        ),
        "changes downwards are lost: the lower limit of the change is −ε, not 0.": (
            lambda x_new, x, epsilon: np.clip(x + np.clip(x_new - x, 0, epsilon), 0, 1)
        ),
        "this is the change, and it is clipped to [0, 1]; add it to x, then clip.": (
            lambda x_new, x, epsilon: np.clip(np.clip(x_new - x, -epsilon, epsilon), 0, 1)
        ),
        "x_new itself is cut at ±ε, and added to x; cut the change x_new − x.": (
            lambda x_new, x, epsilon: np.clip(x + np.clip(x_new, -epsilon, epsilon), 0, 1)
        ),
        "one pixel is too far, and all changes are thrown away; each pixel is cut by itself.": (
            lambda x_new, x, epsilon: np.clip(
                x_new if np.abs(x_new - x).max() <= epsilon else x, 0, 1
            )
        ),
    },
    hints=(
        "Look at the change x_new − x first. When that is right, think of [0, 1].",
        "np.clip(x + np.clip(…, −epsilon, epsilon), 0, 1), with the change for the dots.",
    ),
)


# --- 11.5 -----------------------------------------------------------------------------------------


def project_l2(x_new, x, epsilon):
    change = x_new - x
    return x + change * min(1, epsilon / np.linalg.norm(change))


def _shorter(x_new, x, epsilon, length):
    """A change of this length, made shorter if it is above epsilon, on x."""
    return x + (x_new - x) * min(1, epsilon / length)


def _far_and_near(random):
    cases = [
        (np.array([4.0, 6.0]), np.array([1.0, 2.0]), 2.0),
        (np.array([1.3, 2.4]), np.array([1.0, 2.0]), 2.0),
        (np.array([2.5, -0.8]), np.array([2.0, -2.0]), 1.5),  # ‖change‖² is above ε, ‖change‖ below
    ]
    for n in (3, 5, 8):
        x = random.normal(size=n).round(2)
        cases.append((x + (2.0 * random.normal(size=n)).round(2), x, 1.5))
    return cases


PROJECT_L2 = Exercise(
    key="11.5",
    title="back into the L2 ball",
    task=(
        "Return x_new, or if it is further from x than epsilon (as a vector, ‖·‖₂), the point of "
        "the ball that is nearest to it. There is no box here, and x_new is never x."
    ),
    solution=project_l2,
    inputs=_far_and_near,
    slips={
        "a change that is short enough must stay as it is; here it is made longer.": (
            lambda new, x, e: x + e * (new - x) / np.linalg.norm(new - x)
        ),
        "this is a change, of length ε always: a short one stays as it is; and add it to x.": (
            lambda new, x, e: e * (new - x) / np.linalg.norm(new - x)
        ),
        "each pixel is cut by itself: that is the L∞ ball.": (
            lambda new, x, e: x + np.clip(new - x, -e, e)
        ),
        "each pixel goes by ±ε: that is a corner of the L∞ ball.": (
            lambda new, x, e: x + e * np.sign(new - x) if np.linalg.norm(new - x) > e else new
        ),
        "this divides by the squared length.": (
            lambda new, x, e: _shorter(new, x, e, np.sum((new - x) ** 2))
        ),
        "the *squared* length is compared with ε: some short changes are made longer.": (
            lambda new, x, e: (
                x + e * (new - x) / np.linalg.norm(new - x) if np.sum((new - x) ** 2) > e else new
            )
        ),
        "this divides by Σ|change|, the L1 length.": (
            lambda new, x, e: _shorter(new, x, e, np.abs(new - x).sum())
        ),
        "this divides by the largest change of a pixel, the L∞ length.": (
            lambda new, x, e: _shorter(new, x, e, np.abs(new - x).max())
        ),
        "this is the root of the *mean* square; ‖·‖₂ is the root of the sum.": (
            lambda new, x, e: _shorter(new, x, e, np.sqrt(np.mean((new - x) ** 2)))
        ),
        "the length of x_new decides here; the length of the change x_new − x counts.": (
            lambda new, x, e: _shorter(new, x, e, np.linalg.norm(new))
        ),
        "the ratio is upside down: ε / length, not length / ε.": (
            lambda new, x, e: x + (new - x) * min(1, np.linalg.norm(new - x) / e)
        ),
        "a change that is too long is multiplied by ε; divide it by its length, too.": (
            lambda new, x, e: x + e * (new - x) if np.linalg.norm(new - x) > e else new
        ),
        "the ball is around x, not around 0: it is the *change* that is made shorter.": (
            lambda new, x, e: new * min(1, e / np.linalg.norm(new))
        ),
        "x_new is made shorter, by the length of the change; make the change shorter.": (
            lambda new, x, e: new * min(1, e / np.linalg.norm(new - x))
        ),
        "this is the change; add it to x.": lambda new, x, e: project_l2(new, x, e) - x,
        "the shortened change is taken from x_new; it is to be added to x.": (
            lambda new, x, e: new + x - project_l2(new, x, e)
        ),
        "this goes back *by* ε; go back *to* the distance ε from x.": (
            lambda new, x, e: (
                new - e * (new - x) / np.linalg.norm(new - x)
                if np.linalg.norm(new - x) > e
                else new
            )
        ),
        "this goes back *by* ε, always; go back *to* the distance ε from x, and only if x_new is "
        "farther.": lambda new, x, e: new - e * (new - x) / np.linalg.norm(new - x),
        "ε² / ‖change‖² makes it too short: the length itself is to become ε.": (
            lambda new, x, e: x + (new - x) * min(1, e**2 / np.sum((new - x) ** 2))
        ),
        "a change that is short enough is thrown away; it stays as it is.": (
            lambda new, x, e: (
                x + e * (new - x) / np.linalg.norm(new - x) if np.linalg.norm(new - x) > e else x
            )
        ),
        "max for min: this makes short changes longer, and leaves long ones.": (
            lambda new, x, e: x + (new - x) * max(1, e / np.linalg.norm(new - x))
        ),
        "a change that is too long is thrown away; its direction is right, only make it shorter.": (
            lambda new, x, e: x if np.linalg.norm(new - x) > e else new
        ),
        "a change that is too long gets the length 1; it must get the length ε.": (
            lambda new, x, e: (
                _shorter(new, x, 1, np.linalg.norm(new - x)) if np.linalg.norm(new - x) > e else new
            )
        ),
        "the change points the wrong way: x_new − x.": (
            lambda new, x, e: 2 * x - project_l2(new, x, e)
        ),
        "there is no box here: nothing is cut to [0, 1].": (
            lambda new, x, e: np.clip(project_l2(new, x, e), 0, 1)
        ),
    },
    hints=(
        "Draw it: the nearest point of the ball lies on the way from x to x_new.",
        "change · min(1, ε / its length), added to x.",
    ),
)


# --- 11.6 -----------------------------------------------------------------------------------------


def targeted_step(x_new, x, gradient, step_size, epsilon):
    change = x_new - step_size * np.sign(gradient) - x
    return np.clip(x + np.clip(change, -epsilon, epsilon), 0, 1)


def _targeted(random):
    first = (np.array([0.5, 0.3, 0.05]), np.array([0.5, 0.2, 0.0]), np.array([1.0, -2.0, 0.5]))
    cases = [(*first, 0.05, 0.12)]
    small = np.array([0.01, -0.02, 0.0])  # below step_size, and a 0
    cases.append((np.array([0.5, 0.3, 0.4]), np.array([0.5, 0.25, 0.4]), small, 0.05, 0.12))
    for n in (3, 5, 8):
        x = np.clip(random.uniform(-0.3, 1.3, n), 0, 1).round(2)
        x_new = project(x + random.uniform(-0.1, 0.1, n).round(2), x, 0.1)
        cases.append((x_new, x, random.normal(0, 2, n).round(2), 0.05, 0.1))
    cases.append((*cases[2][:3], 0.2, 0.1))  # a step that is larger than the ball
    return cases


TARGETED = Exercise(
    key="11.6",
    title="one step towards a target",
    task=(
        "Return the image after one step of targeted PGD (L∞) from x_new, for the true image x; "
        "`gradient` is ∇C(y′, target) at x_new."
    ),
    solution=targeted_step,
    inputs=_targeted,
    slips={
        "this walks *away* from the target: C(y′, target) is to fall.": (
            lambda new, x, g, step, e: project(new + step * np.sign(g), x, e)
        ),
        "this walks *away* from the target, and the ball is missing.": (
            lambda new, x, g, step, e: np.clip(new + step * np.sign(g), 0, 1)
        ),
        "this walks *away* from the target, and the box is missing.": (
            lambda new, x, g, step, e: x + np.clip(new + step * np.sign(g) - x, -e, e)
        ),
        "this walks *away* from the target, and nothing is pulled back into ball and box.": (
            lambda new, x, g, step, e: new + step * np.sign(g)
        ),
        "this is a step of gradient descent: for L∞ only the sign of the gradient counts.": (
            lambda new, x, g, step, e: project(new - step * g, x, e)
        ),
        "this is a step of gradient descent, without ball and box: take the sign, and project.": (
            lambda new, x, g, step, e: new - step * g
        ),
        "the gradient itself is added: subtract its sign, so that C(y′, target) falls.": (
            lambda new, x, g, step, e: project(new + step * g, x, e)
        ),
        "it starts at x again: step from x_new.": (
            lambda new, x, g, step, e: project(x - step * np.sign(g), x, e)
        ),
        "the ball is around x_new: so many steps lead as far as they like. It is around x.": (
            lambda new, x, g, step, e: project(new - step * np.sign(g), new, e)
        ),
        "the ball is missing.": lambda new, x, g, step, e: np.clip(new - step * np.sign(g), 0, 1),
        "ball and box are missing.": lambda new, x, g, step, e: new - step * np.sign(g),
        "the box is missing: pixels stay in [0, 1].": (
            lambda new, x, g, step, e: x + np.clip(new - step * np.sign(g) - x, -e, e)
        ),
        "the new image itself is cut at ±ε: cut its change from x, and add that to x.": (
            lambda new, x, g, step, e: np.clip(new - step * np.sign(g), -e, e)
        ),
        "x is added, but was not subtracted before the cut at ±ε.": (
            lambda new, x, g, step, e: np.clip(x + np.clip(new - step * np.sign(g), -e, e), 0, 1)
        ),
        "the step has the size ε; it is to be step_size.": (
            lambda new, x, g, step, e: project(new - e * np.sign(g), x, e)
        ),
        "the step has the size step_size · ε; it is to be step_size.": (
            lambda new, x, g, step, e: project(new - step * e * np.sign(g), x, e)
        ),
        "the ball has the radius step_size; it is ε.": (
            lambda new, x, g, step, e: project(new - step * np.sign(g), x, step)
        ),
        "each pixel goes to the rim: step_size is missing, or this is one step of ε from x "
        "(FGSM).": lambda new, x, g, step, e: project(x - e * np.sign(g), x, e),
        "this is the L2 step; for L∞ the sign is taken.": (
            lambda new, x, g, step, e: project(new - step * g / np.linalg.norm(g), x, e)
        ),
        "the gradient was cut at ±step_size: small entries must move by the whole step, too.": (
            lambda new, x, g, step, e: project(new - np.clip(g, -step, step), x, e)
        ),
        "where the gradient is 0, g / |g| is 0/0; np.sign leaves such a pixel alone.": (
            lambda new, x, g, step, e: project(new - step * g / np.abs(g), x, e)
        ),
        "where the gradient is 0 the pixel goes up here; np.sign leaves it alone.": (
            lambda new, x, g, step, e: project(new - step * np.where(g > 0, 1, -1), x, e)
        ),
        "where the gradient is 0 the pixel goes down here; np.sign leaves it alone.": (
            lambda new, x, g, step, e: project(new - step * np.where(g < 0, -1, 1), x, e)
        ),
        "this is the change; add it to x, then cut to [0, 1].": (
            lambda new, x, g, step, e: np.clip(new - step * np.sign(g) - x, -e, e)
        ),
        "the cut change is added to x_new, which has moved already; add it to x.": (
            lambda new, x, g, step, e: np.clip(
                new + np.clip(new - step * np.sign(g) - x, -e, e), 0, 1
            )
        ),
        "the change is made shorter as a whole (L2); for L∞ each pixel is cut by itself.": (
            lambda new, x, g, step, e: np.clip(
                _shorter(
                    new - step * np.sign(g), x, e, np.linalg.norm(new - step * np.sign(g) - x)
                ),
                0,
                1,
            )
        ),
    },
    hints=(
        "Towards: which way must you walk for C(y′, target) to fall? Then pull back, around x.",
        "The step x_new − step_size · sign(gradient); then what you wrote for 11.4.",
    ),
)


# --- 11.7 -----------------------------------------------------------------------------------------


def gains(gradient, epsilon):
    return epsilon * np.abs(gradient).sum(), epsilon * np.sqrt(np.sum(gradient**2))


def _gradients(random):
    cases = [
        (np.array([3.0, -4.0]), 0.1),
        (np.ones(9), 0.2),
        (np.array([[1.0, -2.0], [0.0, 2.0]]), 0.5),
    ]
    for shape in ((4,), (3, 5), (6, 6)):
        cases.append((random.normal(0, 2, shape).round(2), float(random.choice([0.05, 0.3]))))
    return cases


GAINS = Exercise(
    key="11.7",
    title="the sign against a random sign",
    task=(
        "To first order, return how much the loss grows if every pixel moves by ±ε: with the sign "
        "of the gradient; and, as a standard deviation, with random signs."
    ),
    solution=gains,
    inputs=_gradients,
    slips={
        "the two have changed places.": lambda gradient, epsilon: gains(gradient, epsilon)[::-1],
        "ε is missing.": lambda gradient, epsilon: gains(gradient, 1),
        "the first is Σ g; with the sign of the gradient each term is |g|.": (
            lambda gradient, epsilon: (epsilon * gradient.sum(), gains(gradient, epsilon)[1])
        ),
        "the first is right; the second is the variance: take its root.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                epsilon**2 * np.sum(gradient**2),
            )
        ),
        "the root is missing in the second: ε times ‖g‖₂, not its square.": (
            lambda gradient, epsilon: (gains(gradient, epsilon)[0], epsilon * np.sum(gradient**2))
        ),
        "the second is the *mean* gain of random signs, which is 0; how far does it spread?": (
            lambda gradient, epsilon: (gains(gradient, epsilon)[0], 0.0)
        ),
        "with random signs the terms partly cancel: squares add up, not absolute values.": (
            lambda gradient, epsilon: (gains(gradient, epsilon)[0],) * 2
        ),
        "the first is ε‖g‖₂: that is the gain of a step of *length* ε.": (
            lambda gradient, epsilon: (gains(gradient, epsilon)[1],) * 2
        ),
        "these are means over the pixels; the changes of the loss add up.": (
            lambda gradient, epsilon: (
                epsilon * np.abs(gradient).mean(),
                epsilon * np.sqrt(np.mean(gradient**2)),
            )
        ),
        "the second is divided by √n: the variances add up, none is averaged.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                epsilon * np.sqrt(np.mean(gradient**2)),
            )
        ),
        "np.std subtracts the mean of g and averages; ε² Σ g² is the variance of Σ ±ε g.": (
            lambda gradient, epsilon: (gains(gradient, epsilon)[0], epsilon * np.std(gradient))
        ),
        "ε stands before the root with its square: the deviation is ε‖g‖₂.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                epsilon**2 * np.sqrt(np.sum(gradient**2)),
            )
        ),
        "the gradient is forgotten: n pixels move, each with its own derivative.": (
            lambda gradient, epsilon: (
                epsilon * gradient.size,
                epsilon * np.sqrt(gradient.size),
            )
        ),
        "the first is a mean; the changes of the loss add up.": lambda gradient, epsilon: (
            epsilon * np.abs(gradient).mean(),
            gains(gradient, epsilon)[1],
        ),
        "the mean of g was subtracted (np.std): its square belongs to the spread, too.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                epsilon * np.std(gradient) * np.sqrt(gradient.size),
            )
        ),
        "ε is missing in the first.": lambda gradient, epsilon: (
            gains(gradient, 1)[0],
            gains(gradient, epsilon)[1],
        ),
        "ε is missing in the second.": lambda gradient, epsilon: (
            gains(gradient, epsilon)[0],
            gains(gradient, 1)[1],
        ),
        "of a matrix, np.linalg.norm(g, 1) is the largest sum of a column: flatten it first.": (
            lambda gradient, epsilon: (
                epsilon * np.linalg.norm(gradient, 1),
                gains(gradient, epsilon)[1],
            )
        ),
        "of a matrix, np.linalg.norm(g, 2) is the largest singular value: flatten it first, or "
        "leave the 2 away.": lambda gradient, epsilon: (
            gains(gradient, epsilon)[0],
            epsilon * np.linalg.norm(gradient, 2),
        ),
        "of a matrix, np.linalg.norm(g, 1) and (g, 2) are not sums over entries: flatten it.": (
            lambda gradient, epsilon: tuple(
                epsilon * np.linalg.norm(gradient, order) for order in (1, 2)
            )
        ),
        "the second is the first divided by √n: that holds where all |g| are equal.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                gains(gradient, epsilon)[0] / np.sqrt(gradient.size),
            )
        ),
        "the second is |ε Σ g|, where all pixels go the same way; random signs spread by ε‖g‖₂.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                epsilon * np.abs(gradient.sum()),
            )
        ),
        "in the second, ε stands under the root, without its square.": (
            lambda gradient, epsilon: (
                gains(gradient, epsilon)[0],
                np.sqrt(epsilon * np.sum(gradient**2)),
            )
        ),
        "the first counts one pixel alone, the one with the largest |g|; all of them move.": (
            lambda gradient, epsilon: (
                epsilon * np.abs(gradient).max(),
                gains(gradient, epsilon)[1],
            )
        ),
    },
    hints=(
        "The loss grows by Σ gᵢ sᵢ, with sᵢ = ±ε. Which signs make every term positive?",
        "ε Σ |gᵢ|; and the variance of a sum of independent terms is Σ (ε gᵢ)².",
    ),
)


# --- 11.8 -----------------------------------------------------------------------------------------


def universal_step(v, gradients, step_size, epsilon):
    return np.clip(v + step_size * np.sign(gradients.sum(axis=0)), -epsilon, epsilon)


def _many_gradients(random):
    first = np.array([[3.0, -1.0], [-1.0, -1.0], [-1.0, 1.5]])
    cases = [(np.array([0.0, 0.08]), first, 0.05, 0.1)]
    small = np.array([[0.5, -0.25, 0.25], [-0.49, 0.24, -0.25]])  # sums 0.01, −0.01 and 0
    cases.append((np.array([0.01, 0.02, 0.03]), small, 0.04, 0.1))
    for n, d in ((2, 3), (4, 5), (7, 6)):
        v = random.uniform(-0.1, 0.1, d).round(3)
        cases.append((v, random.normal(0, 2, (n, d)).round(2), 0.04, 0.1))
    return cases


UNIVERSAL = Exercise(
    key="11.8",
    title="one noise for all",
    task=(
        "v is the one change that all images share, `gradients` holds ∇C of each image's own loss, "
        "a row an image. Return v after one step of PGD (L∞) on the sum of the losses."
    ),
    solution=universal_step,
    inputs=_many_gradients,
    slips={
        "the signs are taken first and then the sum: the loss is a sum, so add the gradients.": (
            lambda v, G, step, e: np.clip(v + step * np.sign(np.sign(G).sum(axis=0)), -e, e)
        ),
        "each image votes with its sign, and the mean vote is the step; every pixel of v moves by "
        "the whole step.": lambda v, G, step, e: np.clip(v + step * np.sign(G).mean(axis=0), -e, e),
        "the sign is missing: every pixel moves by the whole step.": (
            lambda v, G, step, e: np.clip(v + step * G.sum(axis=0), -e, e)
        ),
        "sign and ball are missing.": lambda v, G, step, e: v + step * G.sum(axis=0),
        "the sign is missing (this is the mean gradient).": (
            lambda v, G, step, e: np.clip(v + step * G.mean(axis=0), -e, e)
        ),
        "this is the L2 step, the sum divided by its length; for L∞ take the sign.": (
            lambda v, G, step, e: np.clip(
                v + step * G.sum(axis=0) / np.linalg.norm(G.sum(axis=0)), -e, e
            )
        ),
        "one sum over images *and* pixels: sum over the images alone, axis=0.": (
            lambda v, G, step, e: np.clip(v + step * np.sign(G.sum()), -e, e)
        ),
        "this makes a change an image; all share one.": (
            lambda v, G, step, e: np.clip(v + step * np.sign(G), -e, e)
        ),
        "this walks downhill: the losses are to grow.": (
            lambda v, G, step, e: universal_step(v, -G, step, e)
        ),
        "this walks downhill, and the ball is missing.": (
            lambda v, G, step, e: v - step * np.sign(G.sum(axis=0))
        ),
        "the sum was cut at ±step_size: small entries must move by the whole step, too.": (
            lambda v, G, step, e: np.clip(v + np.clip(G.sum(axis=0), -step, step), -e, e)
        ),
        "where the sum is 0, g / |g| is 0/0; np.sign leaves such a pixel alone.": (
            lambda v, G, step, e: np.clip(v + step * G.sum(axis=0) / np.abs(G.sum(axis=0)), -e, e)
        ),
        "where the sum is 0 the pixel goes down here; np.sign leaves it alone.": (
            lambda v, G, step, e: np.clip(v + step * np.where(G.sum(axis=0) > 0, 1, -1), -e, e)
        ),
        "where the sum is 0 the pixel goes up here; np.sign leaves it alone.": (
            lambda v, G, step, e: np.clip(v + step * np.where(G.sum(axis=0) < 0, -1, 1), -e, e)
        ),
        "the largest gradient of a pixel decides here; the losses add up, and so do the gradients.":
            lambda v, G, step, e: np.clip(v + step * np.sign(G.max(axis=0)), -e, e),
        "step_size is missing.": lambda v, G, step, e: np.clip(
            v + np.sign(G.sum(axis=0)), -e, e
        ),
        "v is made shorter as a whole (L2); for L∞ each pixel is cut by itself.": (
            lambda v, G, step, e: _shorter(
                v + step * np.sign(G.sum(axis=0)), 0, e,
                np.linalg.norm(v + step * np.sign(G.sum(axis=0))),
            )
        ),
        "the ball is missing, or it is around v, or the *step* was cut: |v| itself may be at most "
        "ε.": (
            lambda v, G, step, e: v + step * np.sign(G.sum(axis=0))
        ),
        "v is a change, not an image: it may be negative, and its limits are ±ε.": (
            lambda v, G, step, e: np.clip(v + step * np.sign(G.sum(axis=0)), 0, 1)
        ),
        "after the ball, v is cut to [0, 1], too; a change may be negative.": (
            lambda v, G, step, e: np.clip(universal_step(v, G, step, e), 0, 1)
        ),
        "v is forgotten: step from where it is.": (
            lambda v, G, step, e: universal_step(0 * v, G, step, e)
        ),
        "the step has the size ε; it is step_size.": (
            lambda v, G, step, e: universal_step(v, G, e, e)
        ),
        "only the first image has a say.": (
            lambda v, G, step, e: universal_step(v, G[:1], step, e)
        ),
        "each image makes a step of its own, one after the other; one step, on the sum.": (
            lambda v, G, step, e: np.clip(v + step * np.sign(G).sum(axis=0), -e, e)
        ),
    },
    hints=(
        "The loss of all images is the sum of their losses. What is its gradient by v?",
        "np.clip(v + step_size * np.sign(gradients.sum(axis=0)), −epsilon, epsilon)",
    ),
)  # fmt: skip


# --- 11.9 -----------------------------------------------------------------------------------------


def squeeze(x, bits):
    levels = 2**bits - 1
    return np.round(x * levels) / levels


def _greys(random):
    cases = [(np.array([0.0, 0.3, 0.6, 1.0]), 1), (np.array([0.1, 0.2, 0.45, 0.9]), 2)]
    for bits in (2, 3, 4):  # never half-way between two levels: there either of them is nearest
        levels = random.integers(0, 2**bits, 2 * bits + 2)
        x = (levels + random.uniform(-0.4, 0.4, len(levels))) / (2**bits - 1)
        cases.append((np.clip(x, 0, 1).round(3), bits))
    return cases


SQUEEZE = Exercise(
    key="11.9",
    title="fewer grey levels",
    task=(
        "Return x, in [0, 1], with its pixels rounded to the nearest of 2^bits levels, evenly from "
        "0 to 1: with one bit 0 and 1; with two 0, 1/3, 2/3 and 1."
    ),
    solution=squeeze,
    inputs=_greys,
    slips={
        "this has 2^bits + 1 levels: between 2^bits levels lie 2^bits − 1 steps.": (
            lambda x, bits: np.round(x * 2**bits) / 2**bits
        ),
        "multiplied by 2^bits − 1, but divided by 2^bits: white is no longer 1.": (
            lambda x, bits: np.round(x * (2**bits - 1)) / 2**bits
        ),
        "rounded after × 2^bits, but divided by 2^bits − 1: white is more than 1.": (
            lambda x, bits: np.round(x * 2**bits) / (2**bits - 1)
        ),
        "this rounds down; the nearest level is wanted.": (
            lambda x, bits: np.floor(x * (2**bits - 1)) / (2**bits - 1)
        ),
        "this rounds up; the nearest level is wanted.": (
            lambda x, bits: np.ceil(x * (2**bits - 1)) / (2**bits - 1)
        ),
        "this rounds down to 2^bits levels below 1: white must stay 1.": (
            lambda x, bits: np.floor(x * 2**bits) / 2**bits
        ),
        "this is the number of the level; divide it by the largest one.": (
            lambda x, bits: np.round(x * (2**bits - 1))
        ),
        "`bits` is the number of bits, not of levels: 2^bits levels.": (
            lambda x, bits: np.round(x * bits) / bits
        ),
        "np.round(x, bits) keeps so many decimals, that is 10^bits levels.": np.round,
        "`^` is the exclusive or in Python; a power is 2**bits.": (
            lambda x, bits: np.round(x * max((2 ^ bits) - 1, 1)) / max((2 ^ bits) - 1, 1)
        ),
        "2 · bits is twice the bits; 2**bits are the levels.": (
            lambda x, bits: np.round(x * (2 * bits - 1)) / (2 * bits - 1)
        ),
        "one level is left out: 2^bits levels have 2^bits − 1 steps, not 2^bits − 2.": (
            lambda x, bits: np.round(x * max(2**bits - 2, 1)) / max(2**bits - 2, 1)
        ),
        "`x * 2**bits - 1` takes 1 away from the pixels: put brackets around 2**bits − 1.": (
            lambda x, bits: np.round(x * 2**bits - 1) / (2**bits - 1)
        ),
        "2**bits − 1 lacks its brackets, twice: `/ 2**bits - 1` takes 1 away at the end, too.": (
            lambda x, bits: np.round(x * 2**bits - 1) / 2**bits - 1
        ),
        "bits² is not 2^bits: 2**bits.": (
            lambda x, bits: np.round(x * max(bits**2 - 1, 1)) / max(bits**2 - 1, 1)
        ),
        "this is the middle of the bin, so that black is not 0 and white not 1.": (
            lambda x, bits: (np.minimum(np.floor(x * 2**bits), 2**bits - 1) + 0.5) / 2**bits
        ),
        "this is the threshold ½, whatever `bits` is: stretch by 2^bits − 1 "
        "first.": lambda x, bits: np.round(x),
        "rounded *down* after × 2^bits, and divided by 2^bits − 1: white is more than 1, and it is "
        "not the nearest level.": lambda x, bits: np.floor(x * 2**bits) / (2**bits - 1),
        "these are 2^bits bins of equal width; the nearest level gives the first and the last "
        "level only half a bin.": lambda x, bits: (
            np.minimum(np.floor(x * 2**bits), 2**bits - 1) / (2**bits - 1)
        ),
        "this is not divided at all, and by 2^bits steps there are 2^bits + 1 levels.": (
            lambda x, bits: np.round(x * 2**bits)
        ),
        "the −1 stands in the power: 2^bits − 1 steps, not 2^(bits − 1).": (
            lambda x, bits: np.round(x * 2 ** (bits - 1)) / 2 ** (bits - 1)
        ),
        "this has 2^bits + 2 levels: 2^bits − 1 steps, not 2^bits + 1.": (
            lambda x, bits: np.round(x * (2**bits + 1)) / (2**bits + 1)
        ),
        "a shift by 8 − bits keeps the highest bits, and so rounds down: white is no longer 1.": (
            lambda x, bits: (np.round(255 * x).astype(int) >> 8 - bits << 8 - bits) / 255
        ),
        "this is the number of a bin, from a shift by 8 − bits, which rounds down; the nearest "
        "level is wanted, from 0 to 1.": lambda x, bits: np.round(255 * x).astype(int) >> 8 - bits,
    },
    hints=(
        "Stretch [0, 1] so that the levels become 0, 1, 2, …; round; and back.",
        "levels = 2**bits − 1; then np.round(x * levels) / levels.",
    ),
)


EXERCISES = [
    LECTURE_LOSS,
    SUCCESS,
    FGSM,
    PROJECT,
    PROJECT_L2,
    TARGETED,
    GAINS,
    UNIVERSAL,
    SQUEEZE,
]
