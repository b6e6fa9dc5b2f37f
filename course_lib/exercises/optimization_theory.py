"""Lesson 09: what a point is, the quadratic that fits, Newton's step, products with H, a deep
linear slope, the largest learning rate, the index."""

import numpy as np

from course_lib.exercise import Exercise

LESSON = "09"


def _turned(random, values):
    turn = np.linalg.qr(random.normal(size=(len(values), len(values))))[0]
    return turn * np.array(values) @ turn.T


# --- 09.1 -----------------------------------------------------------------------------------------


def kind(eigenvalues):
    if min(eigenvalues) < 0 < max(eigenvalues):
        return "saddle"
    if 0 in eigenvalues:
        return "degenerate"
    return "minimum" if min(eigenvalues) > 0 else "maximum"


def _eigenvalue_lists(random):
    cases = [[2.0, 1.0], [-1.0, -3.0], [2.0, -1.0], [1.0, 0.0], [3.0, 0.0, -1.0], [0.0, 0.0]]
    cases += [[5.0, -1.0, 2.0], [-5.0, 1.0, -2.0], [-2.0, -1.0, 0.0], [-1.0, -2.0, 4.0, 3.0]]
    cases += [[float(x) for x in random.normal(size=4).round(1) + 0.05] for _ in range(3)]
    return [(case,) for case in cases]


def _by(number, zero="degenerate"):
    """Return the answer that looks at one number only: above, below, or 0."""

    def judge(eigenvalues):
        value = number(np.asarray(eigenvalues))
        return zero if value == 0 else "minimum" if value > 0 else "maximum"

    return judge


KIND = Exercise(
    key="09.1",
    title="what is this point?",
    task=(
        "The slope is 0, and eigenvalues is the list of H's eigenvalues. Return what H says: "
        '"minimum", "maximum", "saddle", or "degenerate" where it does not say.'
    ),
    solution=kind,
    inputs=_eigenvalue_lists,
    slips={
        "minimum and maximum are the wrong way round: positive curvature opens upwards.": (
            lambda e: {"minimum": "maximum", "maximum": "minimum"}.get(kind(e), kind(e))
        ),
        "where two signs occur it is a saddle, even if another eigenvalue is 0.": (
            lambda e: "degenerate" if 0 in e else kind(e)
        ),
        "an eigenvalue of 0 is not positive: with 2 and 0, higher terms decide, not H.": (
            lambda e: "minimum" if min(e) >= 0 else "maximum" if max(e) <= 0 else "saddle"
        ),
        "an eigenvalue of 0 alone makes no saddle: there must be one above 0 and one below.": (
            lambda e: "minimum" if min(e) > 0 else "maximum" if max(e) < 0 else "saddle"
        ),
        "all below 0 is a maximum, not a saddle: every way leads down.": (
            lambda e: "saddle" if max(e) < 0 else kind(e)
        ),
        "one below 0 is not enough for a saddle: another must be above 0.": (
            lambda e: "saddle" if min(e) < 0 else kind(e)
        ),
        "0 is not above 0: −2, −1 and 0 have no two signs, so this is degenerate, no saddle.": (
            lambda e: "saddle" if min(e) < 0 <= max(e) else kind(e)
        ),
        "0 is not below 0: 1 and 0 have no two signs, so this is degenerate, no saddle.": (
            lambda e: "saddle" if min(e) <= 0 < max(e) else kind(e)
        ),
        "only the sum of the eigenvalues (the trace) is looked at; each of them counts.": (
            _by(np.sum)
        ),
        "only the first eigenvalue is looked at; each of them counts.": _by(lambda e: e[0]),
        "only the first two eigenvalues are looked at; each of them counts.": lambda e: kind(e[:2]),
        "only the largest eigenvalue is looked at: a negative one is a way down.": _by(np.max),
        "only the least eigenvalue is looked at: a positive one is a way up.": _by(np.min),
        "the sign of the determinant decides in two dimensions only; look at each eigenvalue.": (
            lambda e: (
                "degenerate" if np.prod(e) == 0
                else "saddle" if np.prod(e) < 0
                else "minimum" if e[0] > 0
                else "maximum"
            )
        ),
        "this never says degenerate: with an eigenvalue of 0 and no two signs H does not say.": (
            lambda e: "saddle" if min(e) < 0 < max(e) else "minimum" if max(e) > 0 else "maximum"
        ),
        'all is right but for a word: return "saddle" alone.': (
            lambda e: "saddle point" if kind(e) == "saddle" else kind(e)
        ),
        'all is right but for a word: return "minimum" and "maximum" alone, without "local".': (
            lambda e: f"local {kind(e)}" if "imum" in kind(e) else kind(e)
        ),
    },
    hints=(
        "Along each eigenvector the loss is a parabola: it opens up or down, or is level.",
        "First ask for two signs, min(e) < 0 < max(e); then for zeros; then for the sign.",
    ),
)  # fmt: skip


# --- 09.2 -----------------------------------------------------------------------------------------


def quadratic(loss, g, H, s):
    return loss + g @ s + s @ H @ s / 2


def _quadratics(random):
    cases = [(1.0, np.array([1.0, 0.0]), np.diag([2.0, 4.0]), np.array([1.0, 2.0]))]
    for n in (2, 3, 4):
        H = random.normal(size=(n, n)).round(1)
        vectors = random.normal(size=(2, n)).round(1) + 0.05
        cases.append((round(float(random.uniform(1, 3)), 1), vectors[0], H + H.T, vectors[1]))
    return cases


QUADRATIC = Exercise(
    key="09.2",
    title="the quadratic that fits",
    task=(
        "At θ the loss, its gradient g and its Hessian H are known. Return the quadratic (Taylor) "
        "guess of the loss at θ + s."
    ),
    solution=quadratic,
    inputs=_quadratics,
    slips={
        "the ½ before the curvature is missing.": lambda loss, g, H, s: loss + g @ s + s @ H @ s,
        "the slope counts, too: + gᵀs is missing.": lambda loss, g, H, s: loss + s @ H @ s / 2,
        "this is the straight line only: the curvature, ½ sᵀHs, is missing.": (
            lambda loss, g, H, s: loss + g @ s
        ),
        "this is the change only: add it to the loss.": lambda loss, g, H, s: g @ s + s @ H @ s / 2,
        "the slope has the wrong sign: s is the step itself, so + gᵀs.": (
            lambda loss, g, H, s: loss - g @ s + s @ H @ s / 2
        ),
        "the curvature has the wrong sign.": lambda loss, g, H, s: loss + g @ s - s @ H @ s / 2,
        "slope and curvature both have the wrong sign: they are added to the loss.": (
            lambda loss, g, H, s: loss - g @ s - s @ H @ s / 2
        ),
        "only the diagonal of H is used: sᵀHs takes every pair of entries.": (
            lambda loss, g, H, s: loss + g @ s + np.diag(H) @ s**2 / 2
        ),
        "the ½ stands before the slope as well; it belongs to the curvature alone.": (
            lambda loss, g, H, s: loss + (g @ s + s @ H @ s) / 2
        ),
        "this is ½ gᵀHg: the curvature is that along the step s, ½ sᵀHs.": (
            lambda loss, g, H, s: loss + g @ s + g @ H @ g / 2
        ),
        "the entries of s are squared and summed here: sᵀHs is s @ H @ s.": (
            lambda loss, g, H, s: loss + g @ s + H.sum() * (s @ s) / 2
        ),
        "g * s is a vector: the slope along the step is one number, g @ s.": (
            lambda loss, g, H, s: loss + g * s + s @ H @ s / 2
        ),
        "s * H * s multiplies entry by entry, which leaves a matrix: sᵀHs is s @ H @ s.": (
            lambda loss, g, H, s: loss + g @ s + s * H * s / 2
        ),
        "s * H * s, summed, pairs every entry of H with one sⱼ², not with sᵢ sⱼ: s @ H @ s.": (
            lambda loss, g, H, s: loss + g @ s + np.sum(s * H * s) / 2
        ),
        "H @ s is a vector; one more product with s makes a number of it: s @ H @ s.": (
            lambda loss, g, H, s: loss + g @ s + H @ s / 2
        ),
        "the entries of H @ s are summed plainly; each is to be multiplied by its sᵢ: s @ H @ s.": (
            lambda loss, g, H, s: loss + g @ s + np.sum(H @ s) / 2
        ),
    },
    hints=(
        "Three parts: the value, the slope times the step, and half the curvature along the step.",
        "loss + g @ s + ½ · s @ H @ s",
    ),
)


# --- 09.3 -----------------------------------------------------------------------------------------


def newton(theta, g, H):
    return theta - np.linalg.solve(H, g)


def _newtons(random):
    cases = [(np.array([1.0, 1.0]), np.array([2.0, 4.0]), np.diag([2.0, 8.0]))]
    for n in (2, 3, 4):
        turn = np.linalg.qr(random.normal(size=(n, n)))[0]
        values = random.uniform(0.5, 4, n) * random.choice([-1, 1], n)
        cases.append((random.normal(size=n), random.normal(size=n), turn * values @ turn.T))
    return cases


NEWTON = Exercise(
    key="09.3",
    title="one step of Newton",
    task=(
        "theta, the gradient g and the Hessian H are given. Return where Newton's method goes: to "
        "the point at which the quadratic that fits here is level."
    ),
    solution=newton,
    inputs=_newtons,
    slips={
        "the sign is wrong: the slope of the quadratic, g + Hs, is 0 at s = −H⁻¹g.": (
            lambda theta, g, H: theta + np.linalg.solve(H, g)
        ),
        "this is the step only: add theta.": lambda theta, g, H: -np.linalg.solve(H, g),
        "this multiplies by H; the step divides by the curvature: H⁻¹g.": (
            lambda theta, g, H: theta - H @ g
        ),
        "1 / H and H**-1 invert every entry; the inverse of a matrix is another thing: "
        "np.linalg.solve(H, g) gives H⁻¹g.": lambda theta, g, H: theta - H**-1 @ g,
        "g / H divides by every entry of H; to divide by a matrix is to solve H s = g: "
        "np.linalg.solve(H, g).": lambda theta, g, H: theta - g / H,
        "* multiplies entry by entry: np.linalg.inv(H) @ g, or np.linalg.solve(H, g).": (
            lambda theta, g, H: theta - np.linalg.inv(H) * g
        ),
        "only the diagonal of H is used: that is right for a bowl with upright axes only.": (
            lambda theta, g, H: theta - g / np.diag(H)
        ),
        "this is plain gradient descent with η = 1: H is not used.": (
            lambda theta, g, H: theta - g
        ),
        "this is gradient descent with η = 1/λ_max; Newton has a step for each eigenvector.": (
            lambda theta, g, H: theta - g / np.linalg.eigvalsh(H)[-1]
        ),
        "this is the saddle-free step: Newton divides by λ itself, and goes up where λ < 0.": (
            lambda theta, g, H: theta - _absolute(H, g)
        ),
        "H⁻¹ is applied to theta: it belongs to the gradient.": (
            lambda theta, g, H: theta - np.linalg.solve(H, theta)
        ),
        "H⁻¹ is applied to theta − g; it belongs to the gradient alone: theta − H⁻¹g.": (
            lambda theta, g, H: np.linalg.solve(H, theta - g)
        ),
        "each λ belongs to its eigenvector, not to an entry of g: np.linalg.solve(H, g).": (
            lambda theta, g, H: theta - g / np.linalg.eigvalsh(H)
        ),
        "the trace is one number for all directions; Newton has a step for each eigenvector.": (
            lambda theta, g, H: theta - g / np.trace(H)
        ),
        "the determinant is one number for all directions; Newton has a step for each.": (
            lambda theta, g, H: theta - g / np.linalg.det(H)
        ),
        "half of Newton's step: there is no ½ left after the quadratic is differentiated.": (
            lambda theta, g, H: theta - np.linalg.solve(H, g) / 2
        ),
    },
    hints=(
        "The quadratic's slope at θ + s is g + H s. Where is it 0?",
        "H s = −g: np.linalg.solve(H, g) gives H⁻¹ g.",
    ),
)


def _absolute(H, g):
    values, vectors = np.linalg.eigh(H)
    return vectors @ (vectors.T @ g / np.abs(values))


# --- 09.4 -----------------------------------------------------------------------------------------


def curvature_along(gradient, theta, v, h):
    return (gradient(theta + h * v) - gradient(theta - h * v)) / (2 * h)


def _short(v):
    return v / np.linalg.norm(v)


def _quartic(theta):
    """The gradient of Σ θ⁴/4 + (Σ θ)²/2 + Σ exp θ."""
    return theta**3 + theta.sum() + np.exp(theta)


def _bowl(theta):
    """The gradient of ½ (θ₁² + 4 θ₁ θ₂ + 9 θ₂²) for two, and so on."""
    n = len(theta)
    H = 2 * np.ones((n, n)) + np.diag(np.arange(n) * 3.0)
    return H @ theta


PRODUCT = Exercise(
    key="09.4",
    title="H times v, without H",
    task=(
        "gradient(theta) returns ∇L. Return H v at theta, the two-sided way: from the gradients a "
        "little (h times v) ahead and behind."
    ),
    solution=curvature_along,
    inputs=lambda random: [
        (_bowl, np.array([1.0, 1.0]), np.array([1.0, 0.0]), 0.1),
        *(
            (_quartic, random.normal(size=n).round(1), random.normal(size=n).round(1) + 0.05, h)
            for n, h in ((2, 0.1), (3, 0.01), (4, 0.05))
        ),
    ],
    tolerance=1e-8,
    slips={
        "this is one-sided: its error is h, the two-sided one's h².": (
            lambda gradient, theta, v, h: (gradient(theta + h * v) - gradient(theta)) / h
        ),
        "this is one-sided, from behind: its error is h, the two-sided one's h².": (
            lambda gradient, theta, v, h: (gradient(theta) - gradient(theta - h * v)) / h
        ),
        "this goes as far as v itself, ahead and behind; go a little, h * v, and divide by 2h.": (
            lambda gradient, theta, v, h: curvature_along(gradient, theta, v, 1)
        ),
        "the difference is divided by 2h, but its places are theta ± v: they are theta ± h * v.": (
            lambda gradient, theta, v, h: curvature_along(gradient, theta, v, 1) / h
        ),
        "v is made short first, which gives H v ÷ ‖v‖: leave v as long as it is.": (
            lambda gradient, theta, v, h: curvature_along(gradient, theta, _short(v), h)
        ),
        "the two places are 2h apart, so divide by 2h.": (
            lambda gradient, theta, v, h: 2 * curvature_along(gradient, theta, v, h)
        ),
        "the difference is not divided by 2h.": (
            lambda gradient, theta, v, h: 2 * h * curvature_along(gradient, theta, v, h)
        ),
        "the sign is wrong: ahead minus behind.": (
            lambda gradient, theta, v, h: -curvature_along(gradient, theta, v, h)
        ),
        "this moves every entry by h; move along v: theta + h * v.": (
            lambda gradient, theta, v, h: curvature_along(gradient, theta, np.ones_like(v), h)
        ),
        "this moves every entry by h, and v comes in afterwards; move along v: theta + h * v.": (
            lambda gradient, theta, v, h: v * curvature_along(gradient, theta, np.ones_like(v), h)
        ),
        "this is vᵀHv, one number; H v is a vector.": (
            lambda gradient, theta, v, h: v @ curvature_along(gradient, theta, v, h)
        ),
        "this is the gradient itself, their mean; take the difference.": (
            lambda gradient, theta, v, h: (gradient(theta + h * v) + gradient(theta - h * v)) / 2
        ),
        "this multiplies by v entry by entry afterwards: the step h * v has it in already.": (
            lambda gradient, theta, v, h: v * curvature_along(gradient, theta, v, h)
        ),
        "only the gradient behind is divided by 2h: parentheses around the difference.": (
            lambda gradient, theta, v, h: (
                gradient(theta + h * v) - gradient(theta - h * v) / (2 * h)
            )
        ),
        "this is one-sided, from theta to h * v ahead: that is h, not 2h; go behind, too.": (
            lambda gradient, theta, v, h: (gradient(theta + h * v) - gradient(theta)) / (2 * h)
        ),
        "h is divided by twice: (ahead − behind) / (2h).": (
            lambda gradient, theta, v, h: curvature_along(gradient, theta, v, h) / h
        ),
        "(a − b) / 2 * h multiplies by h: parentheses, / (2 * h).": (
            lambda gradient, theta, v, h: h * h * curvature_along(gradient, theta, v, h)
        ),
    },
    hints=(
        "How does the gradient change, if you go a little along v? That, divided by how far.",
        "(gradient(theta + h * v) − gradient(theta − h * v)) / (2 * h)",
    ),
)


# --- 09.5 -----------------------------------------------------------------------------------------


def slopes(w1, w2, x, y):
    error = y - w1 * w2 * x
    return [-2 * error * w2 * x, -2 * error * w1 * x]


def _scaled(factor):
    return lambda w1, w2, x, y: [factor(w1, w2, x, y) * slope for slope in slopes(w1, w2, x, y)]


SLOPES = Exercise(
    key="09.5",
    title="the slope of a deep linear network",
    task="The loss is (y − w1·w2·x)². Return its two derivatives, by w1 and by w2, as a list.",
    solution=slopes,
    inputs=lambda random: [
        (1.0, 2.0, 1.0, 1.0),
        (0.5, -1.0, 2.0, 1.0),
        *(tuple(float(v) for v in random.normal(0, 2, 4).round(1) + 0.05) for _ in range(4)),
    ],
    slips={
        "the sign is wrong: the inner derivative is −w2·x, with a minus.": _scaled(lambda *_: -1),
        "the factor 2 of the square is missing.": _scaled(lambda *_: 0.5),
        "the x of the inner derivative is missing.": _scaled(lambda w1, w2, x, y: 1 / x),
        "the derivative by w1 has the wrong sign: both inner derivatives have a minus.": (
            lambda w1, w2, x, y: [-slopes(w1, w2, x, y)[0], slopes(w1, w2, x, y)[1]]
        ),
        "the derivative by w2 has the wrong sign: both inner derivatives have a minus.": (
            lambda w1, w2, x, y: [slopes(w1, w2, x, y)[0], -slopes(w1, w2, x, y)[1]]
        ),
        "the error has lost its x: y − w1·w2·x.": (
            lambda w1, w2, x, y: [-2 * (y - w1 * w2) * w2 * x, -2 * (y - w1 * w2) * w1 * x]
        ),
        "this is the loss itself; its two derivatives are wanted.": (
            lambda w1, w2, x, y: (y - w1 * w2 * x) ** 2
        ),
        "two things are missing: the minus of the inner derivative, and the factor 2.": (
            _scaled(lambda *_: -0.5)
        ),
        "two things are missing: the minus and the x of the inner derivative, −w2·x.": (
            _scaled(lambda w1, w2, x, y: -1 / x)
        ),
        "two things are missing: the factor 2, and the x of the inner derivative.": (
            _scaled(lambda w1, w2, x, y: 0.5 / x)
        ),
        "this is right for x = y = 1 only: put the x and the y in that come.": (
            lambda w1, w2, x, y: slopes(w1, w2, 1, 1)
        ),
        "w1 itself goes as the derivative by w1 is taken: w2·x is left, not w1·w2·x.": (
            lambda w1, w2, x, y: [-2 * (y - w1 * w2 * x) * w1 * w2 * x] * 2
        ),
        "this is the derivative by w1 alone; return both, as a list.": (
            lambda w1, w2, x, y: slopes(w1, w2, x, y)[0]
        ),
        "this is the derivative by w2 alone; return both, as a list.": (
            lambda w1, w2, x, y: slopes(w1, w2, x, y)[1]
        ),
        "the two derivatives are added up; return both, as a list.": (
            lambda w1, w2, x, y: sum(slopes(w1, w2, x, y))
        ),
        "the two are swapped: the derivative by w1 has the *other* weight, w2, in it.": (
            lambda w1, w2, x, y: slopes(w1, w2, x, y)[::-1]
        ),
        "the other weight is missing: w1·w2·x changes by w2·x as w1 changes.": (
            lambda w1, w2, x, y: [-2 * (y - w1 * w2 * x) * x] * 2
        ),
        "the error is squared still: 2·(y − w1·w2·x), to the first power.": (
            lambda w1, w2, x, y: [(y - w1 * w2 * x) * s for s in slopes(w1, w2, x, y)]
        ),
        "this takes w1 + w2 for w1·w2.": (lambda w1, w2, x, y: [-2 * (y - (w1 + w2) * x) * x] * 2),
        "this is the error times −2; the inner derivatives, w2·x and w1·x, are missing.": (
            lambda w1, w2, x, y: [-2 * (y - w1 * w2 * x)] * 2
        ),
    },
    hints=(
        "The chain rule: outer derivative 2·(y − w1·w2·x), inner derivative by w1: −w2·x.",
        "[−2·error·w2·x, −2·error·w1·x] with error = y − w1·w2·x.",
    ),
)


# --- 09.6 -----------------------------------------------------------------------------------------


def largest_rate(product, v, steps):
    for _ in range(steps):
        v = product(v)
        v = v / np.linalg.norm(v)
    return 2 / (v @ product(v))


class _Product:
    """v ↦ H v of a hidden matrix, as a network's Hessian is known."""

    def __init__(self, H):
        self._H = H

    def __call__(self, v):
        return self._H @ v

    def __repr__(self):
        return f"v ↦ {self._H.round(3).tolist()} v"


def _products(random):
    cases = [(_Product(np.diag([1.0, 4.0])), np.array([1.0, 1.0]), 3)]
    for n, steps in ((2, 1), (3, 5), (4, 10)):
        H = _turned(random, random.uniform(0.5, 6, n))
        cases.append((_Product(H), random.normal(size=n), steps))
    return cases


def _after(finish, extra=0):
    """Return the answer that ends otherwise, after `extra` more steps."""

    def answer(product, v, steps):
        for _ in range(steps + extra):
            v = _short(product(v))
        return finish(product, v)

    return answer


def _divided_by(size):
    """Return the answer that divides H v by another number: size(v, Hv)."""

    def answer(product, v, steps):
        for _ in range(steps):
            image = product(v)
            v = image / size(v, image)
        return 2 / (v @ product(v))

    return answer


RATE = Exercise(
    key="09.6",
    title="the largest learning rate",
    task=(
        "product(v) returns H v; all eigenvalues are positive. Find the largest eigenvalue by "
        "power iteration: `steps` times v ← Hv / ‖Hv‖, then λ ≈ vᵀHv. Return the learning rate "
        "above which gradient descent diverges."
    ),
    solution=largest_rate,
    inputs=_products,
    slips={
        "this is λ itself; the learning rate is 2/λ.": _after(lambda p, v: v @ p(v)),
        "1/λ is the best step along this eigenvector; it diverges from 2/λ on.": (
            _after(lambda p, v: 1 / (v @ p(v)))
        ),
        "upside down: 2/λ, not λ/2.": _after(lambda p, v: v @ p(v) / 2),
        "one step of the iteration too few.": _after(lambda p, v: 2 / (v @ p(v)), extra=-1),
        "one step of the iteration too many.": _after(lambda p, v: 2 / (v @ p(v)), extra=1),
        "v is never made short: vᵀHv is λ only if ‖v‖ = 1.": _divided_by(lambda v, image: 1),
        "this divides by the length before the product, so the last v is not short: Hv / ‖Hv‖.": (
            _divided_by(lambda v, image: np.linalg.norm(v))
        ),
        "this divides by ‖Hv‖²: the length is the root of it, np.linalg.norm.": (
            _divided_by(lambda v, image: image @ image)
        ),
        "this divides by the largest |entry|; vᵀHv is λ only if the length is 1: np.linalg.norm.": (
            _divided_by(lambda v, image: np.abs(image).max())
        ),
        "this divides by max(Hv), an entry; vᵀHv is λ only if the length is 1: np.linalg.norm.": (
            _divided_by(lambda v, image: image.max())
        ),
        "this divides by the sum of the entries; their length is wanted: np.linalg.norm.": (
            _divided_by(lambda v, image: image.sum())
        ),
        "vᵀv is 1, whatever H is: λ is vᵀHv.": _after(lambda p, v: 2 / (v @ v)),
        "this is vᵀH²v, the square of λ: one H too many.": _after(lambda p, v: 2 / (p(v) @ p(v))),
        "‖Hv‖ is λ only once v has settled; the task says vᵀHv.": (
            _after(lambda p, v: 2 / np.linalg.norm(p(v)))
        ),
        "this is a vector; the learning rate is a number: 2 / (v @ product(v)).": (
            _after(lambda p, v: 2 / p(v))
        ),
        "the iteration is missing: this is 2/vᵀHv for the first v, made short.": (
            lambda product, v, steps: 2 * (v @ v) / (v @ product(v))
        ),
    },
    hints=(
        "A loop: v = product(v), and divide it by its length. Then λ = v @ product(v).",
        "On a parabola with curvature λ gradient descent converges while η < 2/λ.",
    ),
)


# --- 09.7 -----------------------------------------------------------------------------------------


def index(H):
    return float(np.mean(np.linalg.eigvalsh(H) < 0))


INDEX = Exercise(
    key="09.7",
    title="the index",
    task="H is a Hessian. Return the share of its eigenvalues that are below 0, from 0 to 1.",
    solution=index,
    inputs=lambda random: [
        (np.array([[1.0, 2.0], [2.0, 1.0]]),),
        (np.diag([1.0, -2.0, 3.0]),),
        (np.diag([2.0, 0.0, -1.0, 0.0]),),
        (_turned(random, [-5.0, -1.0, -0.1, 2.0]),),
        (_turned(random, [4.0, 3.0, 2.0, 1.0, -0.5]),),
        (_turned(random, [3.0, -9.0, 2.0, 1.0, 0.5, -4.0]),),
    ],
    slips={
        "this is their number; divide by how many there are.": (
            lambda H: int(np.sum(np.linalg.eigvalsh(H) < 0))
        ),
        "this is in per cent; the share goes from 0 to 1.": lambda H: 100 * index(H),
        "an eigenvalue of 0 is not below 0.": (
            lambda H: float(np.mean(np.linalg.eigvalsh(H) <= 0))
        ),
        "this is the share above 0.": lambda H: float(np.mean(np.linalg.eigvalsh(H) > 0)),
        "this is 1 minus the share below 0: the share of all the others.": lambda H: 1 - index(H),
        "the diagonal holds no eigenvalues unless H is diagonal: np.linalg.eigvalsh(H).": (
            lambda H: float(np.mean(np.diag(H) < 0))
        ),
        "this is the share of negative entries of H; it is the eigenvalues that count.": (
            lambda H: float(np.mean(H < 0))
        ),
        "this is the least eigenvalue; count those below 0.": lambda H: np.linalg.eigvalsh(H)[0],
        "this says only whether there is a negative one.": (
            lambda H: float(np.linalg.eigvalsh(H)[0] < 0)
        ),
        "this is the negative part of the sum; count the eigenvalues, whatever their size.": (
            lambda H: float(_weight_below(np.linalg.eigvalsh(H)))
        ),
        "the share is divided by the number of entries, n²; there are n eigenvalues.": (
            lambda H: float(np.sum(np.linalg.eigvalsh(H) < 0) / H.size)
        ),
        "this compares those below 0 with those above; divide by all of them.": (
            lambda H: float(np.divide(*_below_and_above(np.linalg.eigvalsh(H))))
        ),
        "these are entries of the eigenvectors: np.linalg.eigh(H)[0], or eigvalsh(H), has the "
        "eigenvalues.": lambda H: float(np.mean(np.linalg.eigh(H)[1] < 0)),
        "the determinant, the product of all eigenvalues, says only if an odd number is below 0.": (
            lambda H: float(np.linalg.det(H) < 0)
        ),
        "this is 0 for every H: singular values and absolute values are never below 0.": (
            lambda H: 0.0
        ),
    },
    verified=(
        "All cases agree with the reference. Of a real network's H some eigenvalues are below 0 by "
        "rounding only: there `negative_share` leaves out those within a millionth of the largest."
    ),
    hints=(
        "np.linalg.eigvalsh(H) gives all the eigenvalues of a symmetric matrix.",
        "The mean of (eigenvalues < 0) is the share.",
    ),
)


def _below_and_above(values):
    return np.sum(values < 0), np.sum(values > 0)


def _weight_below(values):
    return -values[values < 0].sum() / np.abs(values).sum()


EXERCISES = [KIND, QUADRATIC, NEWTON, PRODUCT, SLOPES, RATE, INDEX]
