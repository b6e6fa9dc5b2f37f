"""Autoencoders: linear ones find PCA's plane, curved ones do better, noise is taken away."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.autoencoders import (
    STORED,
    Autoencoder,
    LinearDenoiser,
    flat,
    load_autoencoder,
    reconstruct,
    reconstruction_error,
    train_autoencoder,
)
from course_lib.cnn import digit_images
from course_lib.experiments import load_experiment
from course_lib.pca import PCA, subspace_angle
from course_lib.shifts import change
from course_lib.training import build
from course_lib.what_comes_next import digits


@pytest.fixture(scope="module")
def X():
    return digit_images("train")[0][:500]


def test_a_linear_autoencoder_finds_the_plane_of_pca():
    random = np.random.default_rng(0)
    scales = np.array([3, 2, 1, 0.3, 0.2, 0.1])
    turned, _ = np.linalg.qr(random.normal(size=(6, 6)))
    X = (random.normal(size=(400, 6)) * scales @ turned).astype(np.float32)
    model, _ = train_autoencoder(X, 2, (), 200, output=nn.Identity, rate=0.01)
    pca = PCA(2).fit(X)
    (decoder,) = [p for p in model.decoder.parameters() if p.ndim == 2]
    assert subspace_angle(decoder.detach().numpy().T, pca.components_) < 1
    errors = [reconstruction_error(m, X).mean() for m in (pca, model)]
    assert errors[0] <= errors[1] < 1.01 * errors[0]


def test_a_curved_code_of_two_numbers_beats_the_flat_one_on_new_digits():
    X, X_new = digits("fit")[0][:2000], digits("test")[0]
    pca, model = PCA(2).fit(flat(X)), load_autoencoder("walk")
    errors = [reconstruction_error(m, X_new).mean() for m in (pca, model)]
    assert errors[1] < 0.85 * errors[0]


def test_training_goes_down_and_can_be_watched(X):
    _, history = train_autoencoder(X, 4, (32,), 4, validation=(X[:50], X[:50]))
    assert (np.diff(history.epoch_losses) < 0).all()
    assert len(history.validation_losses) == 4


def test_images_may_have_any_shape_and_come_back_in_it(X):
    model = build(lambda: Autoencoder(3, (20, 10)))
    assert model(torch.from_numpy(X[:4])).shape == (4, 1, 28, 28)
    assert model.transform(X[:4]).shape == (4, 3)
    assert model.transform(flat(X[:4])).tolist() == model.transform(X[:4]).tolist()
    assert model.inverse_transform(np.zeros((5, 3))).shape == (5, 784)
    for fitted in (model, PCA(3).fit(flat(X))):
        assert reconstruct(fitted, X[:4]).shape == X[:4].shape


def test_the_error_is_the_mean_square_of_each_image(X):
    model = build(lambda: Autoencoder(2))
    rebuilt = reconstruct(model, X[:5])
    wanted = [((x - r) ** 2).mean() for x, r in zip(X, rebuilt, strict=False)]
    np.testing.assert_allclose(reconstruction_error(model, X[:5]), wanted, rtol=1e-6)
    assert (reconstruction_error(model, X[:5], target=rebuilt) == 0).all()


def test_training_is_repeatable_and_depends_on_the_seed(X):
    models = [train_autoencoder(X[:64], 2, (8,), 2, noise=0.3, seed=s)[0] for s in (1, 1, 2)]
    codes = [model.transform(X[:3]) for model in models]
    np.testing.assert_array_equal(codes[0], codes[1])
    assert abs(codes[0] - codes[2]).max() > 0.01


@pytest.mark.parametrize("kind", STORED)
def test_the_stored_ones_rebuild_as_well_as_their_table_says(kind):
    table = load_experiment("stored_autoencoders").set_index("kind")
    error = reconstruction_error(load_autoencoder(kind), digits("test")[0]).mean()
    assert error == pytest.approx(table.loc[kind, "test"], rel=0.01)  # half precision


def test_the_stored_denoising_one_is_the_better_on_noisy_digits():
    X = digits("test")[0][:300]
    errors = {
        kind: reconstruction_error(load_autoencoder(kind), change(X, "noisy", 0.4), X).mean()
        for kind in ("usual", "denoising")
    }
    assert errors["denoising"] < 0.8 * errors["usual"]


def test_bad_input_is_said(X):
    with pytest.raises(ValueError, match="noise must be at least 0, came -1"):
        train_autoencoder(X, noise=-1)
    with pytest.raises(ValueError, match="kind must be one of walk, usual, denoising, known"):
        load_autoencoder("other")
    with pytest.raises(ValueError, match="X must be finite"):
        reconstruct(load_autoencoder(), [np.nan])
    with pytest.raises(ValueError, match="must have the same shape"):
        reconstruction_error(build(Autoencoder), X[:3], target=X[:2])


def test_the_best_linear_denoiser_is_least_squares_and_none_of_its_rank_is_better():
    random = np.random.default_rng(0)
    X = (random.normal(size=(300, 3)) @ random.normal(size=(3, 8))).astype(np.float32)
    X += 0.3 * random.normal(size=X.shape).astype(np.float32)
    given = X + random.normal(size=X.shape).astype(np.float32)
    design = np.column_stack([given, np.ones(len(X))])
    whole = design @ np.linalg.lstsq(design, X, rcond=None)[0]
    np.testing.assert_allclose(
        reconstruct(LinearDenoiser(8).fit(given, X), given), whole, atol=1e-4
    )

    denoiser = LinearDenoiser(2).fit(given, X)
    found = reconstruct(denoiser, given)
    assert denoiser.transform(given).shape == (300, 2)
    assert np.linalg.matrix_rank(found - found.mean(axis=0), tol=1e-3) == 2
    others = [
        np.linalg.lstsq(np.column_stack([given @ V, np.ones(len(X))]), X, rcond=None)
        for V in random.normal(size=(200, 8, 2))
    ]
    assert np.square(found - X).sum() < min(other[1].sum() for other in others)
    with pytest.raises(ValueError, match="this LinearDenoiser is not fitted yet"):
        LinearDenoiser(2).transform(given)


def test_a_linear_autoencoder_of_digits_is_nearly_as_good_as_pca(X):
    model, _ = train_autoencoder(X, 2, (), 30, rate=0.005, output=nn.Identity)
    ratio = (
        reconstruction_error(model, X).mean() / reconstruction_error(PCA(2).fit(flat(X)), X).mean()
    )
    assert 1 <= ratio < 1.05


def test_training_with_noise_is_what_takes_noise_away():
    X, X_new = digits("fit")[0][:2000], digits("dev")[0]
    given = change(X_new, "noisy", 0.4)
    plain, denoising = (train_autoencoder(X, 32, (128,), 8, noise=noise)[0] for noise in (0.0, 0.4))
    errors = [reconstruction_error(model, given, X_new).mean() for model in (plain, denoising)]
    assert errors[1] < 0.95 * errors[0]
