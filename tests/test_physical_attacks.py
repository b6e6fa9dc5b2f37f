"""The physical world: views turn and light what they should; prints and patches hold under them."""

import pytest
import torch
from torch import nn

from course_lib.attacks import fooled, pgd
from course_lib.cnn import digit_images, load_digit_network
from course_lib.physical_attacks import RandomView, disc, make_patch, over_views, stick, view
from course_lib.training import build


def some_images(n=4, channels=3, seed=0):
    return torch.rand(n, channels, 12, 12, generator=torch.Generator().manual_seed(seed))


def digits(n):
    return [torch.from_numpy(array[:n]) for array in digit_images("test")]


# --- Views ---------------------------------------------------------------------------------------


def test_a_view_without_a_change_is_the_image():
    x = some_images()
    torch.testing.assert_close(view(x), x, atol=1e-5, rtol=0)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact_and_counter_clockwise(turns):
    x = some_images()
    turned = torch.rot90(x, turns, dims=(2, 3))
    torch.testing.assert_close(view(x, degrees=90 * turns), turned, atol=1e-4, rtol=0)


def test_each_image_has_its_own_view_and_all_its_channels_the_same():
    x = some_images(2)
    seen = view(x, degrees=torch.tensor([0.0, 90.0]), light=torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(seen[0], x[0] / 2, atol=1e-5, rtol=0)
    torch.testing.assert_close(seen[1], torch.rot90(x[1], dims=(1, 2)), atol=1e-4, rtol=0)


def test_light_is_cut_to_what_pixels_can_be():
    assert view(some_images(), light=5).max() == 1


def test_a_random_view_is_drawn_within_its_ranges_and_anew_each_time():
    views = RandomView(nn.Identity(), degrees=20, zoom=2, shift=3, light=0.4, seed=1)
    drawn = views.draw(5000)
    low, high = torch.tensor([-20, 0.5, -3, -3, 0.6]), torch.tensor([20, 2.0, 3, 3, 1.4])
    assert (drawn >= low[:, None]).all()
    assert (drawn <= high[:, None]).all()
    assert (drawn.amin(dim=1) < low + 0.01 * (high - low)).all()
    x = some_images()
    assert not torch.equal(views(x), views(x))
    again = RandomView(nn.Identity(), degrees=20, zoom=2, shift=3, light=0.4, seed=1)
    assert torch.equal(again.draw(5000), drawn)


def test_a_print_made_for_many_views_holds_where_the_plain_attack_does_not():
    network, (x, y) = load_digit_network(), digits(30)
    goal = (y + 1) % 10
    camera = {"degrees": 30, "zoom": 1.1, "light": 0.1}
    plain = pgd(network, x, y, 0.2, target=goal, steps=20)
    many = pgd(over_views(network, 8, **camera), x, y, 0.2, target=goal, steps=20)
    seen = RandomView(network, **camera, seed=5)
    plain, many = (
        torch.stack([fooled(seen, images, y, goal) for _ in range(10)]).double().mean()
        for images in (plain, many)
    )
    assert many > plain + 0.15


# --- Patches -------------------------------------------------------------------------------------


def test_a_disc_is_round():
    mask = disc(101)
    assert mask.shape == (1, 1, 101, 101)
    assert mask[0, 0, 0, 0] == 0
    assert mask[0, 0, 50].min() == 1
    assert float(mask.mean()) == pytest.approx(torch.pi / 4, abs=0.01)


def test_a_patch_covers_its_disc_and_leaves_the_rest():
    x, patch = some_images(2), torch.ones(1, 3, 5, 5)
    seen = stick(x, patch, dx=torch.tensor([0.0, 2.0]))
    for image, before, left in zip(seen, x, (3, 5), strict=True):
        here = torch.zeros(12, 12)
        here[3:8, left : left + 5] = disc(5)[0, 0]
        torch.testing.assert_close(image, before * (1 - here) + here, atol=1e-4, rtol=0)


def test_the_light_falls_on_the_patch_alone():
    x = some_images(1)
    seen = stick(x, torch.ones(1, 3, 5, 5), light=0.5)
    assert float(seen[0, 0, 5, 5]) == pytest.approx(0.5, abs=1e-4)
    assert torch.equal(seen[..., 0], x[..., 0])


def test_a_patch_says_its_target_more_often_than_noise_does_on_new_digits():
    network, (x, y) = load_digit_network(), digits(400)
    ranges = {"degrees": 10, "zoom": 1.1, "light": 0.1}
    patch = make_patch(network, x[:200], 8, 11, steps=60, batch_size=32, ranges=ranges)
    assert patch.shape == (1, 1, 11, 11)
    assert 0 <= patch.min() <= patch.max() <= 1
    noise = torch.rand(patch.shape, generator=torch.Generator().manual_seed(0))
    new = x[200:][y[200:] != 8]
    says = [(network(stick(new, p)).argmax(1) == 8).double().mean() for p in (patch, noise)]
    assert says[0] > says[1] + 0.1


def test_one_seed_gives_one_patch_and_the_model_stays_as_it_was():
    network, x = build(lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 3))), some_images(4, 1)
    network.train()
    one, two, other = (make_patch(network, x, 1, 5, steps=3, seed=s) for s in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert network.training
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x: stick(x, torch.ones(1, 3, 13, 13)), "patch must be smaller than the images"),
        (lambda x: RandomView(nn.Identity(), zoom=0.5), "zoom must be at least 1"),
        (lambda x: RandomView(nn.Identity(), light=2), "light must be at most 1"),
        (lambda x: over_views(nn.Identity(), 0), "views must be at least 1"),
        (lambda x: view(x, zoom=0), "zoom be above 0"),
        (lambda x: disc(1), "size must be at least 2"),
        (lambda x: view(x[0]), r"x must have the shape \(n, channels, height, width\)"),
        (
            lambda x: stick(x, torch.ones(1, 1, 5, 5)),
            r"patch must have the shape \(1, 3, size",
        ),
        (lambda x: make_patch(nn.Flatten(), x, 0, 5, steps=0), "steps must be at least 1"),
        (lambda x: make_patch(nn.Flatten(), x, 432, 5), "target must be a class from 0 to 431"),
        (lambda x: make_patch(nn.Flatten(), x, 0, 13), "size must be at most that of"),
    ],
)
def test_bad_input_is_said(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(some_images())
