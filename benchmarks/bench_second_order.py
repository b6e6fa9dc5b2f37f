"""BFGS and conjugate gradients beside SciPy's: seconds, evaluations, and how near they come.

Run it from the root of the repository: python benchmarks/bench_second_order.py
"""

import numpy as np
from scipy.optimize import minimize as theirs
from scipy.optimize import rosen, rosen_der
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.optimizers import minimize
from course_lib.second_order import BFGS, ConjugateGradient


def main():
    print("method               n   ours ms   SciPy ms   ratio   evaluations   error ours, SciPy")
    with threadpool_limits(1):
        for method, name in ((BFGS, "BFGS"), (ConjugateGradient, "CG")):
            for n in (2, 10, 50):
                compare(method, name, np.linspace(-1, 0.5, n))


def compare(method, name, start):
    """Walk down Rosenbrock's valley in n dimensions, whose minimum is at (1, …, 1), both ways."""
    one = method(rosen, rosen_der)

    def ours():
        return minimize(rosen, rosen_der, start, one, 2000, tolerance=1e-6).points[-1]

    def scipys():
        return theirs(rosen, start, jac=rosen_der, method=name, options={"gtol": 1e-6})

    t = medians({"ours": ours, "scipy": scipys}, 3)
    errors = np.abs(ours() - 1).max(), np.abs(scipys().x - 1).max()
    print(
        f"{method.__name__:18}{len(start):4}{1e3 * t['ours']:10.1f}{1e3 * t['scipy']:11.1f}"
        f"{t['ours'] / t['scipy']:8.2f}{one.evaluations:7} {scipys().nfev:6}"
        f"{errors[0]:12.0e}{errors[1]:8.0e}"
    )


if __name__ == "__main__":
    main()
