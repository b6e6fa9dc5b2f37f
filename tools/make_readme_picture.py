"""Draw the picture at the top of the README: six explorers in one of their lecture states."""

import importlib
import io
from pathlib import Path

from PIL import Image

from course_lib.plotting import with_few_colors

ROOT = Path(__file__).parent.parent
SHOWN = {
    "regression.parallel_universes": {"degree": 5},
    "gradient_descent.race": "a narrow valley",
    "classification.gaussian_boundary": "the lecture's first try",
    "logistic_regression.two_losses": {"steps": 60},
    "cnn.filter_over_photo": {},
    "why_deep.regions": "four layers of ten",
}
WIDTH, HEIGHT, COLUMNS = 640, 320, 2


def open_in_state(name, state):
    """Return the explorer of this name in a named state, or in one given by values."""
    module, name = name.split(".")
    explorer = getattr(importlib.import_module(f"course_lib.explorers.{module}"), name)()
    return explorer.preset(state) if isinstance(state, str) else explorer.set(**state)


def tile(explorer):
    """Return the explorer's picture, as large as a tile holds, on white."""
    picture = Image.open(io.BytesIO(explorer.encoded("png")))
    picture.thumbnail((WIDTH - 20, HEIGHT - 20), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (WIDTH, HEIGHT), picture.getpixel((0, 0)))
    page.paste(picture, ((WIDTH - picture.width) // 2, (HEIGHT - picture.height) // 2))
    return page


def main():
    rows = -(-len(SHOWN) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH, rows * HEIGHT))
    for i, (name, state) in enumerate(SHOWN.items()):
        corner = i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT
        sheet.paste(tile(open_in_state(name, state)), corner)
    buffer = io.BytesIO()
    sheet.save(buffer, format="png")
    (ROOT / ".github/explorers.png").write_bytes(with_few_colors(buffer.getvalue()))


if __name__ == "__main__":
    main()
