"""Sensitivity beside vmap(jacrev), the ridge path beside scikit-learn and lstsq, and what a
sharpness-aware step costs.

Run it from the root of the repository: python benchmarks/bench_generalization.py
"""

import numpy as np
import torch
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits
from timing import medians
from torch.func import jacrev, vmap
from torch.nn import functional

from course_lib.cnn import digit_cnn, digit_images
from course_lib.deep_training import digits_network, small_digits
from course_lib.flatness import sam_step
from course_lib.generalization import sensitivity
from course_lib.memorisation import ALPHAS, RandomFeatures, ridge_path
from course_lib.training import build, train_step


def compare(title, ours, theirs, rounds=5):
    """Time both in turn; print seconds and their ratio, and return the last results."""
    found = {}
    t = medians(
        {
            "ours": lambda: found.update(ours=ours()),
            "theirs": lambda: found.update(theirs=theirs()),
        },
        rounds,
    )
    print(f"{title}: {1000 * t['ours']:.1f} ms, theirs {1000 * t['theirs']:.1f} ms, ", end="")
    print(f"ratio {t['ours'] / t['theirs']:.2f}")
    return found["ours"], found["theirs"]


def sensitivities():
    model = build(digit_cnn).eval()
    X = torch.as_tensor(digit_images("test")[0][:1000], dtype=torch.float32)

    def theirs():
        jacobians = vmap(jacrev(lambda x: functional.softmax(model(x[None]), dim=1)[0]))
        parts = [jacobians(part).flatten(start_dim=1).norm(dim=1) for part in X.split(100)]
        return torch.cat(parts).detach()

    ours, wanted = compare(
        "sensitivity of the digit CNN to 1,000 digits, beside vmap(jacrev)",
        lambda: sensitivity(model, X), theirs, rounds=3,
    )  # fmt: skip
    print(f"  {float((ours / wanted - 1).abs().max()):.0e} apart, relatively")


def ridges():
    digits = small_digits(200)
    Phi, Y = RandomFeatures(2000).transform(digits.X), np.eye(10)[digits.y]
    alphas = ALPHAS[1:]
    ours, theirs = compare(
        f"ridge for {len(alphas)} penalties, 200 × 2000, beside scikit-learn's (solver svd)",
        lambda: ridge_path(Phi, Y, alphas),
        lambda: [Ridge(a, fit_intercept=False, solver="svd").fit(Phi, Y).coef_.T for a in alphas],
    )
    print(f"  {max(map(apart, ours, theirs)):.0e} apart, relatively")
    ours, theirs = compare(
        "the smallest weights, 200 × 2000, beside numpy.linalg.lstsq",
        lambda: ridge_path(Phi, Y, [0.0])[0],
        lambda: np.linalg.lstsq(Phi, Y)[0],
    )
    print(f"  {apart(ours, theirs):.0e} apart, relatively")


def apart(ours, theirs):
    return np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)


def steps():
    digits, model = small_digits(1000), digits_network()
    X, y = torch.as_tensor(digits.X[:50]), torch.as_tensor(digits.y[:50]).long()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    compare(
        "100 sharpness-aware steps of 50 digits, beside common steps",
        lambda: [sam_step(model, X, y, optimizer, 0.1) for _ in range(100)],
        lambda: [
            train_step(model, X, y, optimizer, functional.cross_entropy, 1) for _ in range(100)
        ],
    )


def main():
    torch.set_num_threads(1)
    with threadpool_limits(1):
        sensitivities()
        ridges()
        steps()


if __name__ == "__main__":
    main()
