"""Convolution and pooling: equal to torch's, forward and backward, in every setting."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_lib.convolution import (
    conv2d,
    conv2d_backward,
    convolution_matrix,
    max_pool2d,
    max_pool2d_backward,
)

SHAPES = {  # n, channels, height, width, filters, rows, columns
    "one pixel": (1, 1, 1, 1, 1, 1, 1),
    "3 × 3": (2, 3, 7, 8, 4, 3, 3),
    "oblong": (3, 2, 9, 6, 2, 2, 5),
    "large filter": (2, 1, 5, 5, 3, 5, 5),
}
SETTINGS = {  # stride, padding, dilation
    "plain": (1, 0, 1),
    "padded": (1, 2, 1),
    "strided": (2, 1, 1),
    "stride leaves a rest": (3, 1, 1),
    "dilated": (1, 4, 2),
    "all of it, in pairs": ((2, 1), (4, 5), (1, 2)),
}
EACH = [(shape, setting) for shape in SHAPES.values() for setting in SETTINGS.values()]
NAMES = [f"{shape}, {setting}" for shape in SHAPES for setting in SETTINGS]


def of_torch(function, *arrays):
    """The result of a torch function, and its gradients for a random ∂C/∂result."""
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    result = function(*tensors)
    G = np.random.default_rng(9).normal(size=result.shape)
    gradients = torch.autograd.grad(result, tensors, torch.tensor(G))
    return result.detach().numpy(), G, [gradient.numpy() for gradient in gradients]


@pytest.mark.parametrize(("shape", "setting"), EACH, ids=NAMES)
def test_a_convolution_and_its_gradients_are_torchs(shape, setting):
    n, channels, height, width, filters, rows, columns = shape
    stride, padding, dilation = setting
    random = np.random.default_rng(0)
    x = random.normal(size=(n, channels, height, width))
    weight, bias = (
        random.normal(size=(filters, channels, rows, columns)),
        random.normal(size=filters),
    )
    y, G, wanted = of_torch(lambda *a: F.conv2d(*a, stride, padding, dilation), x, weight, bias)
    np.testing.assert_allclose(conv2d(x, weight, bias, *setting), y, atol=1e-10)
    for ours, theirs in zip(conv2d_backward(G, x, weight, *setting), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


POOLS = {  # size, stride, padding, dilation
    "side by side": (2, None, 0, 1),
    "overlapping": (3, 1, 1, 1),
    "strided, a rest is left": (2, 3, 1, 1),
    "dilated": (2, 1, 1, 3),
    "in pairs": ((3, 2), (2, 1), (1, 0), (1, 2)),
}


@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
@pytest.mark.parametrize("setting", POOLS.values(), ids=POOLS)
def test_max_pooling_and_its_gradient_are_torchs(setting, ties):
    random = np.random.default_rng(0)
    shape = (2, 3, 8, 9)
    x = random.integers(-2, 2, shape).astype(float) if ties else random.normal(size=shape)
    y, G, (wanted,) = of_torch(lambda a: F.max_pool2d(a, *setting), x)
    pooled = max_pool2d(x, *setting)
    np.testing.assert_array_equal(pooled, y)
    np.testing.assert_allclose(max_pool2d_backward(G, x, pooled, *setting), wanted, atol=1e-10)


def test_a_convolution_is_a_dense_layer_with_few_and_shared_weights():
    random = np.random.default_rng(0)
    x, weight = random.normal(size=(1, 2, 6, 5)), random.normal(size=(3, 2, 3, 3))
    matrix = convolution_matrix(weight, 6, 5, stride=2, padding=1)
    y = conv2d(x, weight, stride=2, padding=1)
    assert matrix.shape == (y.size, x.size)
    np.testing.assert_allclose(matrix @ x.ravel(), y.ravel(), atol=1e-12)
    assert np.count_nonzero(matrix) < matrix.size / 4
    assert len(np.unique(matrix[matrix != 0])) == weight.size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_numbers_is_kept(dtype):
    x, weight = np.ones((1, 1, 4, 4), dtype), np.ones((1, 1, 3, 3), dtype)
    y = conv2d(x, weight, np.ones(1))
    pooled = max_pool2d(x, 2)
    results = [y, *conv2d_backward(y, x, weight), pooled, max_pool2d_backward(pooled, x, pooled, 2)]
    assert {result.dtype for result in results} == {np.dtype(dtype)}


def test_the_arguments_stay_as_they_were():
    random = np.random.default_rng(0)
    x, weight = random.normal(size=(2, 2, 6, 6)), random.normal(size=(2, 2, 3, 3))
    y, pooled = conv2d(x, weight), max_pool2d(x, 2)
    arrays = [x, weight, y, pooled]
    copies = [array.copy() for array in arrays]
    conv2d_backward(y, x, weight)
    max_pool2d_backward(pooled, x, pooled, 2)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


X, W = np.ones((1, 2, 4, 4)), np.ones((3, 2, 3, 3))
REFUSED = {
    "other channels": (lambda: conv2d(X, np.ones((3, 1, 3, 3))), "as many channels as x, came 1"),
    "no images": (lambda: conv2d(X[0], W), "x must be 4-dimensional"),
    "NaN": (lambda: conv2d(X * np.nan, W), "x must be finite"),
    "NaN in single": (lambda: max_pool2d(X.astype(np.float32) * np.inf, 2), "x must be finite"),
    "window too large": (lambda: conv2d(X, W, dilation=2), "does not fit on images of 4 × 4"),
    "stride 0": (lambda: conv2d(X, W, stride=0), "stride must be at least 1"),
    "three strides": (lambda: conv2d(X, W, stride=(1, 1, 1)), "stride must be a whole number or"),
    "negative padding": (lambda: conv2d(X, W, padding=-1), "padding must be at least 0"),
    "bias of another length": (lambda: conv2d(X, W, np.ones(2)), "bias and weight must have the"),
    "gradient of another shape": (
        lambda: conv2d_backward(X, X, W),
        r"gradient must have the shape \(1, 3, 2, 2\) of the output, came \(1, 2, 4, 4\)",
    ),
    "pool of another shape": (
        lambda: max_pool2d_backward(X[..., :2, :2], X, X, 2),
        r"y must have the shape \(1, 2, 2, 2\) of the output",
    ),
    "pool of other images": (
        lambda: max_pool2d_backward(X[..., :2, :2], X, 3 * X[..., :2, :2], 2),
        "some of it is in no window of x",
    ),
    "matrix of a vector": (lambda: convolution_matrix(np.ones(3), 6, 6), "weight must be 4-dimens"),
    "matrix for no image": (lambda: convolution_matrix(W, 0, 6), "height must be at least 1"),
    "pool padded too much": (lambda: max_pool2d(X, 2, padding=2), "padding must be at most half"),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
