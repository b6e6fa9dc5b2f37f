"""Drawings of pixels: the right colours, each pixel where it belongs."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_lib.pixel_drawing import montage, moving_picture, paper, signed_colors


def test_zero_is_nearly_white_a_positive_number_red_a_negative_one_blue():
    low, zero, high = signed_colors(np.array([-2.0, 0.0, 2.0])).astype(int)
    assert zero[:3].min() > 240
    assert high[0] > high[2] + 50
    assert low[2] > low[0] + 50


@pytest.mark.parametrize(("ink", "grey"), [(-1, 255), (0, 255), (1, 0), (7, 0)])
def test_no_ink_is_white_and_full_ink_black(ink, grey):
    assert (paper(np.array([float(ink)]))[0, :3] == grey).all()


def test_a_montage_has_its_images_in_rows_with_a_gap():
    sheet = montage(np.stack([np.full((2, 3), k) for k in (1, 2, 3)]), columns=2)
    assert sheet.tolist() == [
        [1, 1, 1, 0, 2, 2, 2], [1, 1, 1, 0, 2, 2, 2], [0] * 7,
        [3, 3, 3, 0, 0, 0, 0], [3, 3, 3, 0, 0, 0, 0],
    ]  # fmt: skip


def test_a_moving_picture_shows_its_first_row_on_top_and_no_pixel_is_blurred():
    figure = Figure(figsize=(2, 2), dpi=50, layout="none")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    picture = moving_picture(axes, 2, 2)
    colors = np.array([[(255, 0, 0, 255), (0, 255, 0, 255)], [(0, 0, 255, 255), (9, 9, 9, 255)]])
    picture.set_data(colors.astype(np.uint8))
    canvas.draw()
    axes.draw_artist(picture)
    shown = np.asarray(canvas.buffer_rgba())
    assert (shown[[25, 25, 75, 75], [25, 75, 25, 75]] == colors.reshape(4, 4)).all()
    assert len(np.unique(shown.reshape(-1, 4), axis=0)) == 4
