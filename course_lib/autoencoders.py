"""Compress and rebuild: a network that makes a short code of each image, and the image of the code.

A code of k numbers is made of each image, and the image is rebuilt from its code. What both parts
can do is measured by the difference. `pca.PCA` and `Autoencoder` have the same two methods, in
NumPy: `transform(X)`, X → codes, and `inverse_transform(codes)`. Lecture notes: "Auto-encoder".
"""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_lib.cnn import load_weights, train_classifier
from course_lib.deep_networks import dense_network
from course_lib.experiments import EXPERIMENTS
from course_lib.linear_models import LinearRegression
from course_lib.pca import PCA
from course_lib.training import build, in_test_mode
from course_lib.validation import (
    as_array,
    as_number,
    as_option,
    check_fitted,
    check_same_shape,
)

PIXELS = 28 * 28


def flat(images):
    """Images of any shape (n, …) as rows, (n, pixels)."""
    return np.reshape(images, (len(images), -1))


class Autoencoder(nn.Module):
    """Two networks in a row: x → code → x′, trained so that x′ is like x.

    The encoder has dense layers with ReLU, 784 → hidden → code; the decoder the same sizes
    backwards, and a sigmoid at the end, since pixels lie in [0, 1]. The code itself is not bounded.
    With `hidden=()` and `output=nn.Identity` all is linear: then the best that it can do is PCA
    (Baldi & Hornik 1989). Images may come in any shape (n, …). Source: Hinton & Salakhutdinov
    2006, "Reducing the dimensionality of data with neural networks".
    """

    def __init__(self, code=2, hidden=(128,), inputs=PIXELS, output=nn.Sigmoid):
        super().__init__()
        sizes = (inputs, *hidden, code)
        scale = 1.0 if hidden else 0.1  # else a linear one begins with much ink to take away
        self.encoder = dense_network(sizes, scale=scale)
        self.decoder = nn.Sequential(dense_network(sizes[::-1], scale=scale), output())

    def encode(self, x):
        """The codes, a tensor (n, code)."""
        return self.encoder(x.flatten(start_dim=1))

    def decode(self, codes):
        """The rebuilt images, a tensor (n, inputs)."""
        return self.decoder(codes)

    def forward(self, x):
        """The rebuilt images, in the shape of x."""
        return self.decode(self.encode(x)).reshape(x.shape)

    def transform(self, X):
        """The codes in NumPy, as `PCA.transform`: (n, code)."""
        return self._applied(self.encode, X, "X")

    def inverse_transform(self, codes):
        """What is rebuilt from codes, in NumPy: (n, inputs)."""
        return self._applied(self.decode, codes, "codes")

    def _applied(self, function, values, name):
        weight = next(self.parameters())
        values = torch.as_tensor(as_array(values, name, keep_single=True), dtype=weight.dtype)
        with in_test_mode(self), torch.no_grad():
            return function(values.to(weight.device)).cpu().numpy()


def train_autoencoder(
    X, code=2, hidden=(128,), epochs=20, *, noise=0.0, rate=0.002, output=nn.Sigmoid,
    loss=functional.mse_loss, seed=0, **options,
):  # fmt: skip
    """An autoencoder of the images X and its training: (Autoencoder, History).

    The targets are the inputs. With `noise`, each input gets Gaussian noise of this deviation, and
    the target stays clean: a denoising autoencoder (Vincent et al. 2008). `options` are those of
    `training.fit`, such as `validation=(X_dev, X_dev)`.
    """
    X, noise = as_array(X, "X", keep_single=True), as_number(noise, "noise", minimum=0)
    if noise > 0:
        options["augment"] = lambda model, x, _: (x + noise * torch.randn_like(x)).clamp(0, 1)
    make = partial(Autoencoder, code, hidden, X[0].size, output)
    return train_classifier(make, X, X, epochs, rate=rate, loss=loss, seed=seed, **options)


class LinearDenoiser:
    """The best linear map from noisy to clean images through a code of k numbers.

    Least squares, then the PCA of what it predicts: of all maps x̃ → W x̃ + b with a W of rank k the
    one with the least Σ ‖x − W x̃ − b‖² (reduced-rank regression, Izenman 1975). With k = 784 it is
    least squares itself: the best that a denoising autoencoder could be without activations.
    """

    def __init__(self, code=32):
        self.code = code

    def fit(self, noisy_images, images):
        """Learn it from images with noise and the same ones without, (n, …)."""
        given, wanted = flat(noisy_images), flat(images)
        self.regression_ = LinearRegression().fit(given, wanted)
        self.pca_ = PCA(self.code).fit(self.regression_.predict(given))
        return self

    def transform(self, X):
        """The codes of noisy images (n, 784): (n, code)."""
        check_fitted(self, "pca_")
        return self.pca_.transform(self.regression_.predict(X))

    def inverse_transform(self, codes):
        """The clean images of codes: (n, 784)."""
        check_fitted(self, "pca_")
        return self.pca_.inverse_transform(codes)


def reconstruct(model, X):
    """Each image, compressed and rebuilt by a fitted `PCA` or an `Autoencoder`: of X's shape."""
    X = as_array(X, "X", keep_single=True)
    return model.inverse_transform(model.transform(flat(X))).reshape(X.shape)


def reconstruction_error(model, X, target=None):
    """The mean of (x − x′)² over the pixels of each image, (n,).

    With `target`, what is rebuilt from X is compared with it: the clean images, where X is noisy.
    """
    target = X if target is None else target
    check_same_shape(X=np.asarray(X), target=np.asarray(target))
    return np.square(flat(reconstruct(model, X)) - flat(np.asarray(target))).mean(axis=1)


STORED = {  # code, hidden layers
    "walk": (2, (128, 32)),
    "usual": (32, (128,)),
    "denoising": (32, (128,)),
    "known": (16, (64,)),
}


def load_autoencoder(kind="walk"):
    """An autoencoder trained on 7,000 digits: "walk" has a code of 2 numbers, "usual" one of 32.

    "denoising", of 32 as well, was trained with noise of deviation 0.4 on its inputs; "known", of
    16, on the digits 0–6 alone. `data/experiments/make_what_comes_next.py` trained them.
    """
    code, hidden = STORED[as_option(kind, "kind", STORED)]
    network = build(partial(Autoencoder, code, hidden))
    return load_weights(network, EXPERIMENTS / f"autoencoder_{kind}.npz")
