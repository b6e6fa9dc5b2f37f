"""Convolution and max pooling in NumPy, forward and backward: what a CNN is made of.

Images have the shape (n, channels, height, width), as in torch. `stride`, `padding`, `dilation`
and the size of a pooling window are whole numbers, or pairs (vertical, horizontal).

What deep learning calls a convolution is the cross-correlation of mathematics: the filter is laid
on the image as it is, and not turned round. Lecture: "Convolutional Neural Network".
"""

from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import as_strided

from course_lib.validation import as_array, as_integer, check_same_length

# --- Where a filter lies -----------------------------------------------------------------------


@dataclass(frozen=True)
class Windows:
    """The places of a window that slides over images: pairs (vertical, horizontal)."""

    kernel: tuple[int, int]  # rows and columns of the window
    stride: tuple[int, int]  # how far it moves
    padding: tuple[int, int]  # the frame around the image
    dilation: tuple[int, int]  # how far apart the pixels are that it looks at

    def output_shape(self, height, width):
        """The number of places: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1."""
        shape = [
            (size + 2 * p - d * (k - 1) - 1) // s + 1
            for size, k, s, p, d in zip(
                (height, width), self.kernel, self.stride, self.padding, self.dilation, strict=True
            )
        ]
        if min(shape) < 1:
            raise ValueError(
                f"the window {self.kernel} with dilation {self.dilation} does not fit on images of "
                f"{height} × {width} with padding {self.padding}"
            )
        return tuple(shape)

    def pad(self, images, value=0.0):
        """The images with their frame."""
        (rows, columns), n = self.padding, images.ndim - 2
        if rows == columns == 0:
            return images
        return np.pad(images, [(0, 0)] * n + [(rows, rows), (columns, columns)],
                      constant_values=value)  # fmt: skip

    def unpad(self, images):
        """The images without their frame."""
        rows, columns = self.padding
        height, width = images.shape[-2:]
        return images[..., rows : height - rows, columns : width - columns]

    def along(self, axis, length):
        """For each pixel of the window along an axis (0: down, 1: across) the part under it.

        As slices of a padded image, each of the output's `length`.
        """
        step, apart = self.stride[axis], self.dilation[axis]
        starts = [k * apart for k in range(self.kernel[axis])]
        return [slice(start, start + (length - 1) * step + 1, step) for start in starts]

    def parts(self, output_shape):
        """For each pixel of the window, row by row: the rows and columns under it, two slices."""
        return product(self.along(0, output_shape[0]), self.along(1, output_shape[1]))


def _pair(value, name, minimum):
    values = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(values) != 2:
        raise ValueError(f"{name} must be a whole number or a pair of them, came {value!r}")
    return tuple(as_integer(v, name, minimum) for v in values)


def _windows(kernel, stride, padding, dilation):
    return Windows(
        kernel, _pair(stride, "stride", 1), _pair(padding, "padding", 0),
        _pair(dilation, "dilation", 1),
    )  # fmt: skip


# --- Convolution -------------------------------------------------------------------------------


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    """y[n, o, i, j] = b[o] + Σ_c Σ_u Σ_v weight[o, c, u, v] · x[n, c, i·s + u·d, j·s + v·d].

    x has the shape (n, channels, height, width), padded with zeros; weight (filters, channels,
    rows, columns), bias (filters,); the result (n, filters, rows out, columns out).

    For one image the pixels under each place of the filter are laid out as a column: then the
    sum is one matrix product ("im2col"). One image at a time, so that the columns stay in the
    processor's cache.
    """
    x, weight, windows = _checked(x, weight, stride, padding, dilation)
    filters, shape = weight.reshape(len(weight), -1), windows.output_shape(*x.shape[2:])
    y = np.empty((len(x), len(weight), shape[0] * shape[1]), np.result_type(x, weight))
    for image, out in zip(windows.pad(x), y, strict=True):
        np.matmul(filters, _columns(image, windows, shape), out=out)
    if bias is not None:
        y += _checked_bias(bias, weight)[:, None]
    return y.reshape(len(x), len(weight), *shape)


def conv2d_backward(gradient, x, weight, stride=1, padding=0, dilation=1):
    """From ∂C/∂y, of the shape of y = conv2d(x, weight, …): (∂C/∂x, ∂C/∂weight, ∂C/∂bias).

    For one image Y = W · columns. So ∂C/∂W = G · columnsᵀ; and ∂C/∂columns = Wᵀ · G, of which each
    number goes back to the pixel that it was taken from; a pixel under several places of the
    filter gets their sum.
    """
    x, weight, windows = _checked(x, weight, stride, padding, dilation)
    filters, shape = weight.reshape(len(weight), -1), windows.output_shape(*x.shape[2:])
    gradient = _checked_gradient(gradient, (len(x), len(weight), *shape))
    padded = windows.pad(x)
    by_x, by_weight = np.zeros_like(padded), np.zeros_like(filters)
    for image, by_image, G in zip(padded, by_x, gradient, strict=True):
        G = G.reshape(len(weight), -1)
        by_weight += G @ _columns(image, windows, shape).T
        by_columns = (filters.T @ G).reshape(image.shape[0], -1, *shape)
        for k, (rows, columns) in enumerate(windows.parts(shape)):
            by_image[:, rows, columns] += by_columns[:, k]
    return windows.unpad(by_x), by_weight.reshape(weight.shape), gradient.sum(axis=(0, 2, 3))


def _columns(image, windows, shape):
    """The pixels under each place of the window: (channels · window pixels, places)."""
    channel, row, column = image.strides
    (s_row, s_column), (d_row, d_column) = windows.stride, windows.dilation
    view = as_strided(
        image,
        (len(image), *windows.kernel, *shape),
        (channel, d_row * row, d_column * column, s_row * row, s_column * column),
        writeable=False,
    )
    return view.reshape(-1, shape[0] * shape[1])


def convolution_matrix(weight, height, width, stride=1, padding=0, dilation=1):
    """The dense layer that does the same: M with y.ravel() = M @ x.ravel() for one image.

    Its shape is (numbers in y, numbers in x). Most entries are 0 (a filter sees a small part
    only), and the same few weights come back in every row: that is what a convolution saves.
    """
    height, width = as_integer(height, "height", 1), as_integer(width, "width", 1)
    channels = _as_images(weight, "weight").shape[1]
    pixels = channels * height * width
    each_pixel = np.eye(pixels).reshape(pixels, channels, height, width)
    return conv2d(each_pixel, weight, None, stride, padding, dilation).reshape(pixels, -1).T


# --- Max pooling -------------------------------------------------------------------------------


def max_pool2d(x, size, stride=None, padding=0, dilation=1):
    """The largest number in each window of `size`; windows side by side unless `stride` says else.

    x has the shape (n, channels, height, width). The frame holds −∞: it is never the largest.
    One image at a time, as in `conv2d`; in it first the rows of a window, then its columns.
    """
    x, windows = _checked_pool(x, size, stride, padding, dilation)
    height, width = windows.output_shape(*x.shape[2:])
    y = np.empty((*x.shape[:2], height, width), x.dtype)
    for image, out in zip(windows.pad(x, -np.inf), y, strict=True):
        down = reduce(np.maximum, [image[:, rows] for rows in windows.along(0, height)])
        out[:] = reduce(np.maximum, [down[..., columns] for columns in windows.along(1, width)])
    return y


def max_pool2d_backward(gradient, x, y, size, stride=None, padding=0, dilation=1):
    """∂C/∂x from ∂C/∂y for y = max_pool2d(x, size, …): the largest pixel gets it all, others 0.

    Moving a pixel that is not the largest changes nothing. Where several are equally large, the
    first one of the window, row by row, gets it, as in torch. Raises ValueError where y is not
    what max pooling makes of x.
    """
    x, windows = _checked_pool(x, size, stride, padding, dilation)
    shape = (*x.shape[:2], *windows.output_shape(*x.shape[2:]))
    gradient, y = _checked_gradient(gradient, shape), _checked_gradient(y, shape, "y")
    padded = windows.pad(x, -np.inf)
    by_x = np.zeros_like(padded)
    for image, by_image, largest, G in zip(padded, by_x, y, gradient, strict=True):
        to_give = np.ones(shape[1:], dtype=bool)
        for rows, columns in windows.parts(shape[2:]):
            chosen = image[:, rows, columns] == largest
            chosen &= to_give
            to_give ^= chosen
            by_image[:, rows, columns] += chosen * G
        if to_give.any():
            raise ValueError("y must be max_pool2d(x, …): some of it is in no window of x")
    return windows.unpad(by_x)


# --- Checks ------------------------------------------------------------------------------------


def _as_images(values, name):
    """Values as floats of shape (n, channels, height, width); float32 stays float32."""
    return as_array(values, name, ndim=4, keep_single=True)


def _checked(x, weight, stride, padding, dilation):
    x, weight = _as_images(x, "x"), _as_images(weight, "weight")
    if x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"weight must have as many channels as x, came {weight.shape[1]} and {x.shape[1]}"
        )
    return x, weight, _windows(weight.shape[2:], stride, padding, dilation)


def _checked_bias(bias, weight):
    bias = as_array(bias, "bias", ndim=1)
    check_same_length(bias=bias, weight=weight)
    return bias.astype(weight.dtype, copy=False)


def _checked_gradient(gradient, shape, name="gradient"):
    gradient = _as_images(gradient, name)
    if gradient.shape != shape:
        raise ValueError(f"{name} must have the shape {shape} of the output, came {gradient.shape}")
    return gradient


def _checked_pool(x, size, stride, padding, dilation):
    size = _pair(size, "size", 1)
    windows = _windows(size, size if stride is None else stride, padding, dilation)
    if any(2 * p > k for p, k in zip(windows.padding, size, strict=True)):
        raise ValueError(f"padding must be at most half of size {size}, came {windows.padding}")
    return _as_images(x, "x"), windows
