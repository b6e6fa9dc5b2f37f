"""Drawings whose pixels can be seen: digits on paper, signed numbers in colour, photographs."""

import matplotlib
import numpy as np
from PIL import Image

from course_lib.drawing import FillingImage

SHEET = (253, 252, 248, 255)  # the colour of the figure
RED_BLUE = matplotlib.colormaps["RdBu_r"]
PAPER = matplotlib.colormaps["gray_r"]


def signed_colors(values, top=None):
    """Return colours, (…, 4) in 0 … 255: white for 0, red above, blue below, up to `top`."""
    top = max(np.abs(values).max(), 1e-12) if top is None else top
    return RED_BLUE(np.clip(0.5 + 0.45 * values / top, 0, 1), bytes=True)


def paper(values):
    """Return colours, (…, 4) in 0 … 255, for ink from 0, white, to 1, black."""
    return PAPER(np.clip(values, 0, 1), bytes=True)


class Pixels(FillingImage):
    """An image that fills its axes, its first row on top, each pixel a plain rectangle."""

    def make_image(self, renderer, magnification=1.0, unsampled=False):
        """Return the pixels, and where they go: what `AxesImage.draw` asks for."""
        left, bottom, right, top = np.rint(self.axes.bbox.extents).astype(int)
        pixels = Image.fromarray(np.ascontiguousarray(self.get_array()[::-1])).convert("RGBA")
        scaled = pixels.resize((right - left, top - bottom), Image.Resampling.NEAREST)
        return np.array(scaled), left, bottom, None


def bare(axes, title=""):
    """Leave nothing of the axes but their title."""
    axes.set(title=title, xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return axes


def moving_picture(axes, rows, columns, title=""):
    """Add an image whose pixels an explorer sets with `set_data`, (rows, columns, 4); return it."""
    bare(axes, title).set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    image = Pixels(axes, extent=(-0.5, columns - 0.5, rows - 0.5, -0.5), animated=True, zorder=0)
    image.set_data(np.full((rows, columns, 4), SHEET, dtype=np.uint8))
    axes.add_image(image)
    return image


def montage(images, columns, gap=1, fill=0.0):
    """Return images (n, height, width) side by side in rows, with a gap between."""
    n, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), fill)
    for k, image in enumerate(images):
        top, left = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet
