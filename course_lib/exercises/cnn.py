"""Lesson 07: a filter by hand, output sizes, parameters, pooling and its gradient, an ascent."""

from itertools import product

import numpy as np

from course_lib.exercise import Exercise

LESSON = "07"

# --- 07.1 ------------------------------------------------------------------------------------


def convolve(image, kernel):
    (height, width), (rows, columns) = image.shape, kernel.shape
    feature_map = np.zeros((height - rows + 1, width - columns + 1))
    for i in range(height - rows + 1):
        for j in range(width - columns + 1):
            window = image[i : i + rows, j : j + columns]
            feature_map[i, j] = np.sum(window * kernel)
    return feature_map


def _windows(image, kernel):
    return np.lib.stride_tricks.sliding_window_view(image, kernel.shape)


def _as_large_as_the_image(image, kernel):
    """What scipy.signal.correlate2d gives with mode="same"."""
    before = [(k - 1) // 2 for k in kernel.shape]
    after = [k - 1 - b for k, b in zip(kernel.shape, before, strict=True)]
    return convolve(np.pad(image, list(zip(before, after, strict=True))), kernel)


def _of_every_overlap(image, kernel):
    """What scipy.signal.correlate2d gives with mode="full"."""
    return convolve(np.pad(image, [(k - 1, k - 1) for k in kernel.shape]), kernel)


def _on_an_image_of_zeros(image, kernel):
    full, found = np.zeros_like(image), convolve(image, kernel)
    full[: found.shape[0], : found.shape[1]] = found
    return full


def _images_and_filters(random):
    image = np.array([[1.0, 2.0, 0.0, 1.0], [0.0, 1.0, 3.0, 0.0], [2.0, 0.0, 1.0, 1.5]])
    cases = [(image, np.array([[1.0, -1.0], [2.0, 0.0]]))]
    for shape, kernel in (((4, 4), (3, 3)), ((5, 6), (2, 3)), ((6, 5), (3, 1))):
        numbers = (random.integers(-5, 6, size) / 2 for size in (shape, kernel))
        cases.append(tuple(numbers))
    return cases


CONVOLVE = Exercise(
    key="07.1",
    title="slide a filter",
    task=(
        "Return the feature map of an image (height, width) and a filter (rows, columns): at each "
        "place the sum of the products, stride 1, no padding."
    ),
    solution=convolve,
    inputs=_images_and_filters,
    slips={
        "the filter is turned round by 180°: so does the convolution of mathematics; lay it "
        "on the image as it is.": (lambda image, kernel: convolve(image, kernel[::-1, ::-1])),
        "the image has a frame of zeros: without padding the map is smaller than the image.": (
            lambda image, kernel: convolve(np.pad(image, 1), kernel)
        ),
        "the last row and column of places are missing: there are height − rows + 1 of them.": (
            lambda image, kernel: convolve(image, kernel)[:-1, :-1]
        ),
        "this is the mean of the products; their sum is wanted.": (
            lambda image, kernel: convolve(image, kernel) / kernel.size
        ),
        "the pixels are added up without their weights.": (
            lambda image, kernel: convolve(image, np.ones_like(kernel))
        ),
        "negative sums were set to 0: that is ReLU, which comes after.": (
            lambda image, kernel: np.maximum(convolve(image, kernel), 0)
        ),
        "the places lie side by side: that is a stride of the filter's size; stride 1 is wanted.": (
            lambda image, kernel: convolve(image, kernel)[:: kernel.shape[0], :: kernel.shape[1]]
        ),
        "window @ kernel is a product of matrices; window * kernel multiplies entry by entry.": (
            lambda image, kernel: (_windows(image, kernel) @ kernel).sum(axis=(2, 3))
        ),
        "the products are not added up: np.sum makes one number of each window.": (
            lambda image, kernel: _windows(image, kernel) * kernel
        ),
        "the numbers lie in one long row: the feature map has rows and columns.": (
            lambda image, kernel: convolve(image, kernel).ravel()
        ),
        "this is the first place alone: is there a `return` inside the loop?": (
            lambda image, kernel: convolve(image, kernel)[0, 0]
        ),
        "the filter is turned over its diagonal (.T): lay it on the image as it is.": (
            lambda image, kernel: (_windows(image, kernel) * kernel.T).sum(axis=(2, 3))
        ),
        "height − 2 is for filters of 3 rows; others have height − rows + 1 places.": (
            lambda image, kernel: convolve(image, kernel)[
                : image.shape[0] - 2, : image.shape[1] - 2
            ]
        ),
        'the map is as large as the image, by padding (mode="same"); none is wanted ("valid").': (
            _as_large_as_the_image
        ),
        'the filter hangs over the rim (mode="full"); it must stay inside ("valid").': (
            _of_every_overlap
        ),
        "SciPy's convolve2d turns the filter round and lets it hang over the rim; lay it on the "
        "image as it is, inside: correlate2d(…, mode='valid').": (
            lambda image, kernel: _of_every_overlap(image, kernel[::-1, ::-1])
        ),
        "what stands behind the point is cut off: is the map made with dtype=int?": (
            lambda image, kernel: convolve(image, kernel).astype(int)
        ),
        "the map is as large as the image, filled up with zeros: make it smaller from the start.": (
            _on_an_image_of_zeros
        ),
        "rows and columns have changed places.": lambda image, kernel: convolve(image, kernel).T,
    },
    hints=(
        "Two loops over the places, i and j; image[i : i + rows, j : j + columns] is the window.",
        "feature_map[i, j] = np.sum(window * kernel), for i in range(height − rows + 1) …",
    ),
)

# --- 07.2 ------------------------------------------------------------------------------------


def output_size(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def _sizes(random):
    """An easy case, each feature alone, and some at random."""
    cases = [(3, 2, 1, 0), (28, 3, 1, 0), (28, 5, 2, 2), (8, 2, 3, 0), (10, 5, 3, 1), (32, 5, 1, 2)]
    for size, kernel, stride, padding in random.integers([12, 2, 1, 0], [40, 6, 5, 3], (4, 4)):
        cases.append((int(size), int(kernel), int(stride), int(padding)))
    return cases


OUTPUT_SIZE = Exercise(
    key="07.2",
    title="how large is the map?",
    task="Return how many places a filter of width `kernel` has along an axis of `size` pixels.",
    solution=output_size,
    inputs=_sizes,
    slips={
        "the + 1 is missing: the first place counts, too.": (
            lambda size, kernel, stride, padding: output_size(size, kernel, stride, padding) - 1
        ),
        "the padding is added once; there is a frame on both sides.": (
            lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1
        ),
        "the padding is forgotten.": (
            lambda size, kernel, stride, padding: (size - kernel) // stride + 1
        ),
        "the stride is forgotten.": (
            lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1
        ),
        "this is no whole number where a rest is left: half a place is no place, so round down.": (
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1
        ),
        "a rest is rounded up: there the filter would hang over the rim.": (
            lambda size, kernel, stride, padding: -(-(size + 2 * padding - kernel) // stride) + 1
        ),
        "a rest is rounded to the nearest number; half a place is no place, so round down.": (
            lambda size, kernel, stride, padding: round((size + 2 * padding - kernel) / stride + 1)
        ),
        "this counts strides in the whole image; the filter must stay inside with all its width.": (
            lambda size, kernel, stride, padding: size // stride
        ),
        "the + 1 is inside the division; first count the steps, then add the first place.": (
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel + 1) // stride
        ),
        "the padding is taken away; a frame makes the image larger.": (
            lambda size, kernel, stride, padding: (size - 2 * padding - kernel) // stride + 1
        ),
        "parentheses are missing: // comes before + and −, so only the kernel was divided.": (
            lambda size, kernel, stride, padding: size + 2 * padding - kernel // stride + 1
        ),
        "the kernel is forgotten: it must stay inside the frame with all its width.": (
            lambda size, kernel, stride, padding: (size + 2 * padding) // stride
        ),
        "this is the number of places in the whole map; along *one* axis is asked.": (
            lambda size, kernel, stride, padding: output_size(size, kernel, stride, padding) ** 2
        ),
    },
    hints=(
        "With its frame the image has size + 2·padding pixels. How far can the filter move in it?",
        "It can move by size + 2·padding − kernel pixels: so many // stride steps, and the start.",
    ),
)

# --- 07.3 ------------------------------------------------------------------------------------


def parameters(channels, filters, kernel):
    return filters * (channels * kernel * kernel + 1)


COUNT = Exercise(
    key="07.3",
    title="count the parameters",
    task=(
        "Return the number of weights and biases of a convolution: `filters` filters of "
        "kernel × kernel pixels over `channels` channels."
    ),
    solution=parameters,
    inputs=lambda random: [
        (1, 25, 3),
        (25, 50, 3),
        *(tuple(map(int, random.integers(2, 9, 3))) for _ in range(3)),
    ],
    slips={
        "the biases are missing: one for each filter.": (
            lambda channels, filters, kernel: filters * channels * kernel**2
        ),
        "a filter goes through all channels: channels · kernel · kernel weights.": (
            lambda channels, filters, kernel: filters * (kernel**2 + 1)
        ),
        "there is one bias for each filter, not one for all.": (
            lambda channels, filters, kernel: filters * channels * kernel**2 + 1
        ),
        "there is one bias for each filter, not one for each channel of it.": (
            lambda channels, filters, kernel: filters * channels * (kernel**2 + 1)
        ),
        "a filter has kernel rows and kernel columns: its weights are kernel².": (
            lambda channels, filters, kernel: filters * (channels * kernel + 1)
        ),
        "this is one filter; there are `filters` of them.": (
            lambda channels, filters, kernel: channels * kernel**2 + 1
        ),
        "the biases are one for each channel of the input; each *filter* has one.": (
            lambda channels, filters, kernel: filters * channels * kernel**2 + channels
        ),
        "^ is no power in Python (it compares bits): write kernel**2.": (
            lambda channels, filters, kernel: filters * channels * kernel ^ 2 + filters
        ),
        "^ is no power in Python: it compares bits, after all the sums. Write kernel**2.": (
            lambda channels, filters, kernel: filters * (channels * kernel ^ 2 + 1)
        ),
        "2 · kernel is no square: a filter has kernel · kernel pixels a channel.": (
            lambda channels, filters, kernel: filters * (channels * 2 * kernel + 1)
        ),
        "channels and filters multiply: *each* filter goes through all channels.": (
            lambda channels, filters, kernel: (channels + filters) * kernel**2 + filters
        ),
    },
    hints=(
        "First one filter: how many pixels does it see, in all channels together?",
        "One filter has channels · kernel² weights and one bias; there are `filters` of them.",
    ),
)

# --- 07.4 ------------------------------------------------------------------------------------


def _split(x):
    rows, columns = x.shape
    return x.reshape(rows // 2, 2, columns // 2, 2)


def max_pool(x):
    rows, columns = x.shape
    return x.reshape(rows // 2, 2, columns // 2, 2).max(axis=(1, 3))


def _side_by_side(x, columns):
    """Pooled window by window, with so many windows in a row."""
    each = range(0, 2 * columns, 2)
    return np.array([[x[i : i + 2, j : j + 2].max() for j in each] for i in range(0, len(x), 2)])


def _even_images(random):
    first = np.array([[1.0, -2.0, 0.0, 4.0], [3.0, 0.0, 1.0, 2.0]])
    below = -np.arange(1.0, 17).reshape(4, 4)
    more = ((random.integers(-19, 20, shape) / 2,) for shape in ((4, 4), (6, 4), (4, 8)))
    return [(first,), (below,), *more]


MAX_POOL = Exercise(
    key="07.4",
    title="max pooling",
    task="Return the largest number of each 2 × 2 window, side by side; both sides are even.",
    solution=max_pool,
    inputs=_even_images,
    slips={
        "this is the mean of each window: average pooling.": lambda x: _split(x).mean(axis=(1, 3)),
        "this is the smallest of each window.": lambda x: _split(x).min(axis=(1, 3)),
        "this is the sum of each window.": lambda x: _split(x).sum(axis=(1, 3)),
        "this is the largest absolute value; the sign counts: max(−5, 1) = 1.": (
            lambda x: np.abs(_split(x)).max(axis=(1, 3))
        ),
        "the windows overlap (stride 1); they lie side by side.": (
            lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)).max(axis=(2, 3))
        ),
        "this is every second pixel, the first of each window, whatever its size.": (
            lambda x: x[::2, ::2]
        ),
        "negative results were set to 0: pooling keeps the largest, even below 0.": (
            lambda x: np.maximum(max_pool(x), 0)
        ),
        "the axes are mixed up: after reshape(rows / 2, 2, columns / 2, 2) a window lies along the "
        "axes 1 and 3.": lambda x: _split(x).max(axis=(0, 2)),
        "reshape(-1, 4) takes four neighbours of one row; a window has two rows.": (
            lambda x: x.reshape(-1, 4).max(axis=1)
        ),
        "only pairs in a row are compared: the window has two rows.": (
            lambda x: np.maximum(x[:, ::2], x[:, 1::2])
        ),
        "only pairs one above the other are compared: the window has two columns, too.": (
            lambda x: np.maximum(x[::2], x[1::2])
        ),
        "reshape(rows / 2, columns / 2, 2, 2) takes four neighbours of one row: the order must be "
        "rows / 2, 2, columns / 2, 2.": lambda x: x.reshape(len(x) // 2, -1, 2, 2).max(axis=(2, 3)),
        "only one diagonal of the window is compared: it has four pixels.": (
            lambda x: np.maximum(x[::2, ::2], x[1::2, 1::2])
        ),
        "there are as many windows across as down here; the image need not be a square.": (
            lambda x: _side_by_side(x, len(x) // 2)
        ),
        "this is the largest of the whole image; each window has one.": lambda x: x.max(),
        "what stands behind the point is cut off: was something made a whole number?": (
            lambda x: max_pool(x).astype(int)
        ),
        "rows and columns have changed places.": lambda x: max_pool(x).T,
    },
    hints=(
        "x[::2, ::2] is the upper left pixel of every window. There are three more such slices.",
        "np.maximum of x[::2, ::2], x[1::2, ::2], x[::2, 1::2] and x[1::2, 1::2], two at a time.",
    ),
)

# --- 07.5 ------------------------------------------------------------------------------------


def max_pool_gradient(G, x):
    rows, columns = x.shape
    y = x.reshape(rows // 2, 2, columns // 2, 2).max(axis=(1, 3))
    ones = np.ones((2, 2))
    return np.kron(G, ones) * (x == np.kron(y, ones))


def _distinct_images(random):
    """Images in which no window has two equally large numbers, and ∂C/∂y for each."""
    first = np.array([[1.0, 3.0], [2.0, -4.0]])
    cases = [(np.array([[5.0]]), first)]
    for rows, columns in ((2, 4), (4, 4), (4, 6)):
        x = random.permutation(np.arange(rows * columns) - 6.0).reshape(rows, columns)
        G = random.integers(1, 9, (rows // 2, columns // 2)).astype(float)
        cases.append((G * random.choice([-1, 1], G.shape), x))
    return cases


def _mask(x):
    return max_pool_gradient(np.ones_like(max_pool(x)), x)


POOL_GRADIENT = Exercise(
    key="07.5",
    title="the gradient of max pooling",
    task=(
        "For y = max pooling of x (windows 2 × 2, no two numbers of one equal) and G = ∂C/∂y, "
        "return ∂C/∂x, of the shape of x."
    ),
    solution=max_pool_gradient,
    inputs=_distinct_images,
    slips={
        "every pixel of the window gets the gradient; moving one that is not the largest changes "
        "nothing.": lambda G, x: np.kron(G, np.ones((2, 2))),
        "the gradient is shared out among the four: that is average pooling.": (
            lambda G, x: np.kron(G / 4, np.ones((2, 2)))
        ),
        "this is 1 at the largest pixels: the derivative ∂y/∂x. Multiply it by what comes, G.": (
            lambda G, x: _mask(x)
        ),
        "the largest pixels have their own value here, not the gradient G.": (
            lambda G, x: _mask(x) * x
        ),
        "the gradient is multiplied by the value of the pixel: ∂y/∂x is 1 there.": (
            lambda G, x: max_pool_gradient(G, x) * x
        ),
        "this goes to the smallest pixel of each window.": lambda G, x: max_pool_gradient(G, -x),
        "this goes to the first pixel of each window, whatever its size.": (
            lambda G, x: np.kron(G, [[1, 0], [0, 0]])
        ),
        "only the largest of the whole image gets a gradient; each window has a largest one.": (
            lambda G, x: max_pool_gradient(G, x) * (x == x.max())
        ),
        "pixels above 0 get it: that is the gradient of ReLU.": (
            lambda G, x: np.kron(G, np.ones((2, 2))) * (x > 0)
        ),
        "np.tile repeats the whole of G; each number must fill its own window: np.kron.": (
            lambda G, x: np.tile(G, (2, 2)) * _mask(x)
        ),
        "the sign is wrong: y grows with its largest pixel.": (
            lambda G, x: -max_pool_gradient(G, x)
        ),
        "this is G itself, one number a window; ∂C/∂x has one a pixel.": lambda G, x: G.copy(),
        "this has one number a window; ∂C/∂x has one a pixel, and ∂y/∂x is 1, not y.": (
            lambda G, x: G * max_pool(x)
        ),
    },
    hints=(
        "Which pixel does y depend on? Compare x with its pooled self, made large again.",
        "ones = np.ones((2, 2)); the result is np.kron(G, ones) * (x == np.kron(y, ones)).",
    ),
)

# --- 07.6 ------------------------------------------------------------------------------------


def flattened(side, first, second):
    side = ((side - 2) // 2 - 2) // 2
    return second * side * side


FLATTENED = Exercise(
    key="07.6",
    title="how long is the vector?",
    task=(
        "An image of side × side pixels goes through `first` filters 3 × 3, max pooling 2 × 2, "
        "`second` filters 3 × 3, max pooling 2 × 2 (no padding). Return the length after flatten."
    ),
    solution=flattened,
    inputs=lambda random: [
        (28, 25, 50),
        *product((11, 32, 45), (4,), (6,)),
        *((int(random.integers(12, 60)), 3, 5) for _ in range(3)),
    ],
    slips={
        "the channels multiply up: a filter adds over all channels, and makes one map.": (
            lambda side, first, second: first * flattened(side, first, second)
        ),
        "these are the pixels of one map: there is one for each filter.": (
            lambda side, first, second: flattened(side, first, 1)
        ),
        "the channels are those of the first layer: the second makes `second` maps.": (
            lambda side, first, second: flattened(side, second, first)
        ),
        "a 3 × 3 filter without padding takes 2 pixels away; here it keeps the size.": (
            lambda side, first, second: second * (side // 4) ** 2
        ),
        "a 3 × 3 filter takes 2 pixels away, one on each side; here it is 3.": (
            lambda side, first, second: second * (((side - 3) // 2 - 3) // 2) ** 2
        ),
        "either pooling was rounded up (an odd side rounds down: its last row has no partner), or "
        "a 3 × 3 filter took 1 pixel away: it takes 2.": (
            lambda side, first, second: second * (-(-(-(-(side - 2) // 2) - 2) // 2)) ** 2
        ),
        "pooling halves rows *and* columns: the maps are side × side.": (
            lambda side, first, second: second * (((side - 2) // 2 - 2) // 2)
        ),
        "both filters come before both poolings here; the layers take turns.": (
            lambda side, first, second: second * ((side - 4) // 4) ** 2
        ),
        "the second pooling is missing.": (
            lambda side, first, second: second * ((side - 2) // 2 - 2) ** 2
        ),
        "the second convolution is missing.": (
            lambda side, first, second: second * ((side - 2) // 2 // 2) ** 2
        ),
        "11 halved is 5, not 5.5: pooling leaves an odd row out, so divide by //.": (
            lambda side, first, second: second * (((side - 2) / 2 - 2) / 2) ** 2
        ),
        "the second pooling, too, leaves an odd row out: divide by //.": (
            lambda side, first, second: second * (((side - 2) // 2 - 2) / 2) ** 2
        ),
        "both poolings are missing: each halves the side.": (
            lambda side, first, second: second * (side - 4) ** 2
        ),
        "this is only the first convolution and the first pooling; the two others follow.": (
            lambda side, first, second: second * ((side - 2) // 2) ** 2
        ),
        "pooling 2 × 2 halves each side; a quarter is what is left of the pixels.": (
            lambda side, first, second: second * (((side - 2) // 4 - 2) // 4) ** 2
        ),
    },
    hints=(
        "Follow one side: side → side − 2 → half of it, rounded down → − 2 → half.",
        "At the end there are `second` maps of side′ × side′ pixels; flatten puts all in a row.",
    ),
)

# --- 07.7 ------------------------------------------------------------------------------------


def ascent_step(x, gradient, rate, penalty):
    return np.clip(x + rate * (gradient - penalty * np.sign(x)), 0, 1)


def _unclipped(x, gradient, rate, penalty):
    return x + rate * (gradient - penalty * np.sign(x))


def _ascents(random):
    cases = [(np.array([0.5, 0.25, 0.9]), np.array([1.0, -1.0, 4.0]), 0.1, 0.5)]
    for n in (4, 6, 8):
        x, gradient = random.uniform(0.05, 0.95, n), 4 * random.normal(size=n)
        cases.append((x, gradient, float(random.choice([0.1, 0.2])), float(random.uniform(0.5, 2))))
    return cases


ASCENT = Exercise(
    key="07.7",
    title="an image that excites",
    task=(
        "One step of gradient ascent on a(x) − penalty · Σ|x|, clipped to [0, 1]; `gradient` is "
        "∂a/∂x at x. Return the new x."
    ),
    solution=ascent_step,
    inputs=_ascents,
    slips={
        "this walks downhill: to excite the neuron more, add the gradient.": (
            lambda x, gradient, rate, penalty: np.clip(
                x - rate * (gradient - penalty * np.sign(x)), 0, 1
            )
        ),
        "the penalty walks the right way, the gradient downhill: add the gradient.": (
            lambda x, gradient, rate, penalty: ascent_step(x, -gradient, rate, penalty)
        ),
        "the result is not clipped: a pixel must stay between 0 and 1.": (
            lambda x, gradient, rate, penalty: _unclipped(x, gradient, rate, penalty)
        ),
        "the penalty is missing.": lambda x, gradient, rate, penalty: ascent_step(
            x, gradient, rate, 0
        ),
        "the penalty has the wrong sign: ink is to be punished.": (
            lambda x, gradient, rate, penalty: ascent_step(x, gradient, rate, -penalty)
        ),
        "the derivative of |x| is sign(x), not x: that would be the penalty ½ Σ x².": (
            lambda x, gradient, rate, penalty: np.clip(x + rate * (gradient - penalty * x), 0, 1)
        ),
        "the derivative of |x| is sign(x); 2x belongs to the penalty Σ x².": (
            lambda x, gradient, rate, penalty: np.clip(
                x + rate * (gradient - 2 * penalty * x), 0, 1
            )
        ),
        "the penalty is not multiplied by the rate: it is a part of the gradient.": (
            lambda x, gradient, rate, penalty: np.clip(
                x + rate * gradient - penalty * np.sign(x), 0, 1
            )
        ),
        "the derivative of |x| is sign(x), not |x| itself; and the rate belongs to it, too.": (
            lambda x, gradient, rate, penalty: np.clip(
                x + rate * gradient - penalty * np.abs(x), 0, 1
            )
        ),
        "the learning rate is missing.": lambda x, gradient, rate, penalty: ascent_step(
            x, gradient, 1.0, penalty
        ),
        "the gradient was clipped; clip the new image.": (
            lambda x, gradient, rate, penalty: (
                x + rate * np.clip(gradient - penalty * np.sign(x), 0, 1)
            )
        ),
        "only what is below 0 is clipped; above 1 is no pixel, either.": (
            lambda x, gradient, rate, penalty: np.maximum(_unclipped(x, gradient, rate, penalty), 0)
        ),
        "only what is above 1 (or below −1) is clipped; a pixel below 0 is no pixel, either.": (
            lambda x, gradient, rate, penalty: np.minimum(_unclipped(x, gradient, rate, penalty), 1)
        ),
        "the image itself is forgotten: the step is added to x.": (
            lambda x, gradient, rate, penalty: np.clip(
                rate * (gradient - penalty * np.sign(x)), 0, 1
            )
        ),
        "the penalty's *gradient* is wanted, a number for each pixel: sign(x), not Σ|x|.": (
            lambda x, gradient, rate, penalty: np.clip(
                x + rate * (gradient - penalty * np.abs(x).sum()), 0, 1
            )
        ),
        "this is the sign of ∂a/∂x; the sign belongs to x, in the penalty.": (
            lambda x, gradient, rate, penalty: np.clip(
                x + rate * (gradient - penalty * np.sign(gradient)), 0, 1
            )
        ),
    },
    hints=(
        "The gradient of the whole is ∂a/∂x − penalty · sign(x). Walk uphill, then clip.",
        "np.clip(x + rate * (…), 0, 1), with the gradient of the whole in the parentheses.",
    ),
)


EXERCISES = [CONVOLVE, OUTPUT_SIZE, COUNT, MAX_POOL, POOL_GRADIENT, FLATTENED, ASCENT]
