"""What curvature costs as a net grows: a gradient, a product H v, all of H; ours beside torch's H.

Run it from the root of the repository: python benchmarks/bench_landscapes.py
"""

import torch
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.curvature import direction, gradient, hessian, hessian_vector_product, loss_of
from course_lib.landscapes import digit_components, network


def main():
    torch.set_num_threads(1)
    X, y = digit_components(100, 16, 10)
    print("parameters   H v / ∇L   H / (H v)   torch's H / ours   apart")
    with threadpool_limits(1):
        for hidden in (5, 20, 40, 80):
            loss, theta = loss_of(network((16, hidden, 10)), X, y)
            v, product = direction(len(theta)), hessian_vector_product(loss, theta)
            theirs = torch.func.hessian(loss)
            work = {
                "gradient": lambda loss=loss, theta=theta: gradient(loss, theta),
                "product": lambda product=product, v=v: product(v),
                "ours": lambda loss=loss, theta=theta: hessian(loss, theta),
                "theirs": lambda theirs=theirs, theta=theta: theirs(theta),
            }
            t = medians(work, 3)
            apart = (theirs(theta) - hessian(loss, theta)).abs().max().item()
            print(
                f"{len(theta):10,}{t['product'] / t['gradient']:11.1f}"
                f"{t['ours'] / t['product']:12.0f}{t['theirs'] / t['ours']:19.1f}{apart:8.0e}"
            )


if __name__ == "__main__":
    main()
