"""How fast and how right are the networks in NumPy, beside torch?

Run it from the root of the repository: python benchmarks/bench_networks.py
"""

import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.autodiff import Value
from course_lib.datasets import load_digits
from course_lib.networks import MLP, train
from course_lib.optimizers import SGD, Adam, Momentum, linear_decay

ROUNDS = 9
SIZES = (784, 128, 64, 10)


def in_torch(network):
    """The same network in torch, with the same parameters and of the same type."""
    layers = []
    for dense in network.dense_layers:
        linear = torch.nn.Linear(*dense.W.shape[::-1])
        linear.weight.data, linear.bias.data = torch.tensor(dense.W), torch.tensor(dense.b)
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def epoch_in_torch(network, X, y, optimizer, batch_size=64):
    """One epoch as every tutorial writes it, shuffled; the loss of each batch is recorded."""
    losses = []
    for batch in torch.randperm(len(X)).split(batch_size):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def one_epoch(dtype, ours, theirs, name):
    """10,000 images of random pixels, mini-batches of 64: seconds, and how far gradients differ."""
    random = np.random.default_rng(0)
    X, y = random.random((10_000, SIZES[0])).astype(dtype), random.integers(10, size=10_000)
    network = MLP(SIZES, dtype=dtype)
    twin, X_t, y_t = in_torch(network), torch.from_numpy(X), torch.from_numpy(y)
    torch.nn.functional.cross_entropy(twin(X_t[:64]), y_t[:64]).backward()
    slopes = np.concatenate([p.grad.numpy().ravel() for p in twin.parameters()])
    gap = np.abs(network.loss_and_gradient(X[:64], y[:64])[1] - slopes).max()
    optimizer = theirs(twin.parameters())
    t = medians(
        {
            "ours": lambda: train(network, X, y, ours, epochs=1),
            "torch": lambda: epoch_in_torch(twin, X_t, y_t, optimizer),
        },
        ROUNDS,
    )
    print(
        f"one epoch, {np.dtype(dtype)}, {name:5}  ours {t['ours'] * 1e3:6.1f} ms   torch eager "
        f"{t['torch'] * 1e3:6.1f} ms   ratio {t['ours'] / t['torch']:.2f}   "
        f"gradients apart by {gap:.0e}"
    )


def cost_of_a_gradient():
    """What the backward pass adds to the forward pass."""
    random = np.random.default_rng(0)
    network = MLP(SIZES)
    X, y = random.random((64, SIZES[0])), random.integers(10, size=64)
    t = medians(
        {
            "forward": lambda: [network.forward(X) for _ in range(50)],
            "both": lambda: [network.loss_and_gradient(X, y) for _ in range(50)],
        },
        ROUNDS,
    )
    print(f"loss and gradient cost {t['both'] / t['forward']:.1f} forward passes, batch of 64")


def scalar_engine():
    """A chain of 3,000 operations, forward and backward."""

    def run(x, add):
        y = x
        for _ in range(1000):
            y = (y * add + add).tanh()
        y.backward()

    t = medians(
        {
            "ours": lambda: run(Value(0.5), 0.3),
            "torch": lambda: run(torch.tensor(0.5, dtype=torch.float64, requires_grad=True), 0.3),
        },
        ROUNDS,
    )
    print(
        f"scalar engine, 3,000 operations  ours {t['ours'] * 1e3:.1f} ms   torch "
        f"{t['torch'] * 1e3:.1f} ms   ratio {t['ours'] / t['torch']:.2f}"
    )


def digits():
    """The training of lesson 05: seconds and accuracy on 2,000 held-out digits."""
    (images, labels), (new, truth) = load_digits("train"), load_digits("test")
    X, X_new = images.reshape(len(images), -1), new.reshape(len(new), -1)
    for dtype in (np.float64, np.float32):
        accuracies, start = [], time.perf_counter()
        for seed in range(3):
            network = MLP(SIZES, dtype=dtype, seed=seed)
            train(network, X, labels, Momentum(linear_decay(0.1, 1500)), epochs=12, seed=seed)
            accuracies.append(network.score(X_new, truth))
        seconds = (time.perf_counter() - start) / 3
        shown = ", ".join(f"{accuracy:.2%}" for accuracy in accuracies)
        print(f"digits, {np.dtype(dtype)}, 12 epochs: {seconds:.1f} s, held-out accuracy {shown}")


def main():
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print(f"One thread, medians of {ROUNDS} rounds, ours and theirs in turn.")
        for dtype in (np.float32, np.float64):
            one_epoch(dtype, SGD(0.1), lambda p: torch.optim.SGD(p, 0.1), "SGD")
            one_epoch(dtype, Adam(), torch.optim.Adam, "Adam")
        cost_of_a_gradient()
        scalar_engine()
        digits()


if __name__ == "__main__":
    main()
