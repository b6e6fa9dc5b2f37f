"""Record the images of lesson 07 that excite a network, and its deep dreams: 10 seconds.

Run it from the root of the repository: python data/experiments/make_excited_images.py

`excited_images.npz`: images that most excite ten filters, ten neurons and the ten outputs of the
digit CNN, on their way from noise and from blank paper, with three penalties; how strongly they
excite it; and how sure the CNN and the MLP are of the outputs' images.
`deep_dream.jpg`: what four layers of the ImageNet network make of the cat; a row a layer.
"""

from importlib.metadata import version
from itertools import product

import numpy as np
import torch
from PIL import Image

from course_lib.cnn import load_digit_network
from course_lib.datasets import imagenet_image, load_imagenet_network, load_photo
from course_lib.experiments import EXPERIMENTS
from course_lib.feature_visualization import ascend, deep_dream, excitation
from course_lib.training import probabilities

PARTS = {"filters": 3, "neurons": 8, "outputs": 11}  # layers of the digit CNN
PENALTIES = {  # of ink and of roughness, on the scale of the layer
    "filters": {"none": (0, 0), "ink": (0.1, 0), "ink and roughness": (0.1, 0.1)},
    "neurons": {"none": (0, 0), "ink": (0.02, 0), "ink and roughness": (0.01, 0.02)},
    "outputs": {"none": (0, 0), "ink": (0.1, 0), "ink and roughness": (0.05, 0.05)},
}
KEPT = (0, 4, 10, 20, 40, 60)  # of the steps
RATE = 0.02
DREAM_LAYERS = (6, 8, 13, 16)  # of the ImageNet network
DREAM_KEPT = (0, 1, 2, 4, 8, 12, 16, 20, 24)


STARTS = {  # where ten walks begin: pixels drawn uniformly from [0, 1], or none
    "noise": torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0)),
    "blank paper": torch.zeros(10, 1, 28, 28),
}


def excite(network, part, penalty, begun, steps=KEPT[-1]):
    """The walk to the images that most excite the first ten channels of a part."""
    ink, roughness = PENALTIES[part][penalty]
    a = excitation(network, PARTS[part], range(10))
    penalties = {"ink_penalty": ink, "roughness_penalty": roughness}
    return ascend(a, STARTS[begun], steps, RATE, **penalties)


def main():
    torch.set_num_threads(1)
    cnn, mlp, arrays = load_digit_network("cnn"), load_digit_network("mlp"), {}
    for part, penalty, begun in product(PARTS, PENALTIES["outputs"], STARTS):
        walk, case = excite(cnn, part, penalty, begun), f"{part}, {penalty}, {begun}"
        kept = walk.images[list(KEPT), :, 0].numpy()
        arrays[case] = np.rint(255 * kept).astype(np.uint8)
        arrays[f"excitation, {case}"] = walk.excitations[list(KEPT)].numpy()
        if part == "outputs":  # of class k for image k
            arrays[f"sure, {penalty}, {begun}"] = np.array(
                [[probabilities(network, walk.images[k]).diagonal() for k in KEPT]
                 for network in (cnn, mlp)]
            )  # fmt: skip
    arrays["versions"] = np.array([f"torch {version('torch')}", "seed 0"])
    np.savez_compressed(EXPERIMENTS / "excited_images.npz", **arrays)
    dream()


def dream():
    """Write the dreams as one sheet of 224 × 224 pictures: a row a layer, a column a kept step."""
    network, photo = load_imagenet_network(), imagenet_image(load_photo("cat"))
    rows = []
    for layer in DREAM_LAYERS:
        frames = deep_dream(network, photo, layer, steps=8)[list(DREAM_KEPT)]
        rows.append(np.concatenate(list(frames.permute(0, 2, 3, 1).numpy()), axis=1))
    sheet = np.rint(255 * np.concatenate(rows)).astype(np.uint8)
    Image.fromarray(sheet).save(EXPERIMENTS / "deep_dream.jpg", quality=85)


if __name__ == "__main__":
    main()
