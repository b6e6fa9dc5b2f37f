"""How fast are convolution and max pooling in NumPy, forward and backward, beside torch's?

Run it from the root of the repository: python benchmarks/bench_convolution.py
"""

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.convolution import conv2d, conv2d_backward, max_pool2d, max_pool2d_backward

ROUNDS = 9


def compare(title, ours, theirs):
    """Print the medians of both jobs, in turn, their ratio, and how far their results differ."""
    apart = max(
        np.abs(mine - other.numpy()).max() for mine, other in zip(ours(), theirs(), strict=True)
    )
    t = medians({"ours": ours, "torch": theirs}, ROUNDS)
    print(
        f"{title:44} ours {t['ours'] * 1e3:7.2f} ms   torch {t['torch'] * 1e3:7.2f} ms   "
        f"ratio {t['ours'] / t['torch']:.2f}   {apart:.0e} apart"
    )


def convolution(dtype):
    """3 × 3 filters, 32 → 64 channels, on 64 images of 28 × 28, with a frame of one pixel."""
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 32, 28, 28)).astype(dtype)
    weight = random.normal(size=(64, 32, 3, 3)).astype(dtype) / 17
    G = random.normal(size=(64, 64, 28, 28)).astype(dtype)

    def ours():
        y = conv2d(x, weight, padding=1)
        return y, *conv2d_backward(G, x, weight, padding=1)[:2]

    def theirs():
        a, w = torch.tensor(x, requires_grad=True), torch.tensor(weight, requires_grad=True)
        y = F.conv2d(a, w, padding=1)
        return y.detach(), *torch.autograd.grad(y, (a, w), torch.tensor(G))

    compare(f"convolution, forward + backward, {dtype.__name__}", ours, theirs)


def pooling(dtype):
    """2 × 2 windows on 64 images of 28 × 28 with 32 channels."""
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 32, 28, 28)).astype(dtype)
    G = random.normal(size=(64, 32, 14, 14)).astype(dtype)

    def ours():
        y = max_pool2d(x, 2)
        return y, max_pool2d_backward(G, x, y, 2)

    def theirs():
        a = torch.tensor(x, requires_grad=True)
        y = F.max_pool2d(a, 2)
        return y.detach(), *torch.autograd.grad(y, a, torch.tensor(G))

    compare(f"max pooling, forward + backward, {dtype.__name__}", ours, theirs)


def main():
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print(f"One thread, medians of {ROUNDS} rounds, ours and torch's in turn.")
        for dtype in (np.float32, np.float64):
            convolution(dtype)
            pooling(dtype)


if __name__ == "__main__":
    main()
