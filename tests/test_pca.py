"""Principal components: scikit-learn's, the SVD's, and no other plane is nearer to the data."""

import numpy as np
import pytest
from sklearn.decomposition import PCA as TheirPCA

from course_lib.pca import PCA, principal_angles, subspace_angle

RANDOM = np.random.default_rng(0)
SHAPES = [(50, 6, 3), (200, 30, 30), (8, 20, 5), (2, 3, 1)]


def some_data(n, d):
    return RANDOM.normal(size=(n, d)) @ RANDOM.normal(size=(d, d)) + 3


@pytest.mark.parametrize(("n", "d", "k"), SHAPES)
def test_all_that_is_fitted_is_scikit_learns(n, d, k):
    X = some_data(n, d)
    ours, theirs = PCA(k).fit(X), TheirPCA(k, svd_solver="full").fit(X)
    for name in ("mean_", "explained_variance_", "explained_variance_ratio_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-6, atol=1e-8)
    assert subspace_angle(ours.components_, theirs.components_) < 1e-4
    np.testing.assert_allclose(abs(ours.components_), abs(theirs.components_), atol=1e-6)
    rebuilt = ours.inverse_transform(ours.transform(X))
    np.testing.assert_allclose(rebuilt, theirs.inverse_transform(theirs.transform(X)), atol=1e-6)


def test_the_components_are_orthonormal_and_their_largest_entry_is_positive():
    components = PCA(4).fit(some_data(40, 9)).components_
    np.testing.assert_allclose(components @ components.T, np.eye(4), atol=1e-12)
    assert (components[range(4), abs(components).argmax(axis=1)] > 0).all()


def test_what_is_lost_is_the_variance_of_the_other_components():
    X = some_data(60, 7)
    pca, everything = PCA(3).fit(X), PCA(7).fit(X)
    lost = np.square(X - pca.inverse_transform(pca.transform(X))).sum() / (len(X) - 1)
    assert lost == pytest.approx(everything.explained_variance_[3:].sum())


def test_no_random_plane_of_the_same_dimension_is_nearer():
    X = some_data(60, 7)
    centred = X - X.mean(axis=0)
    pca = PCA(2).fit(X)
    best = np.square(X - pca.inverse_transform(pca.transform(X))).sum()
    for _ in range(50):
        plane, _ = np.linalg.qr(RANDOM.normal(size=(7, 2)))
        assert np.square(centred - centred @ plane @ plane.T).sum() > best


def test_samples_that_are_all_the_same_have_no_variance_to_explain():
    pca = PCA(2).fit(np.ones((5, 3)))
    assert pca.explained_variance_ratio_.tolist() == [0, 0]
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(np.ones((1, 3)))), 1)


def test_an_angle_between_planes_is_the_largest_one():
    x, y, z = np.eye(3)
    tilted = np.cos(0.3) * y + np.sin(0.3) * z
    assert subspace_angle([x, y], [2 * y, x + y]) == pytest.approx(0, abs=1e-6)
    assert subspace_angle([x, y], [x, tilted]) == pytest.approx(np.degrees(0.3))
    assert principal_angles([x, y], [x, tilted]) == pytest.approx([0, np.degrees(0.3)], abs=1e-6)
    with pytest.raises(ValueError, match="A and B must have the same shape"):
        subspace_angle([x], [x, y])


def test_what_has_another_width_than_in_fit_is_said():
    pca = PCA(2).fit(np.eye(3))
    with pytest.raises(ValueError, match="X must have 3 features as in fit, came 2"):
        pca.transform(np.eye(2))
    with pytest.raises(ValueError, match="codes must have 2 columns, came 3"):
        pca.inverse_transform(np.eye(3))


def test_what_is_not_fitted_yet_says_so():
    for method in (PCA(2).transform, PCA(2).inverse_transform):
        with pytest.raises(ValueError, match="this PCA is not fitted yet: call fit first"):
            method(np.eye(2))


@pytest.mark.parametrize(
    ("k", "X", "message"),
    [
        (0, np.eye(3), "n_components must be at least 1"),
        (4, np.eye(3), r"n_components must be at most .* came 4 for X of shape \(3, 3\)"),
        (1, [[1.0, 2.0]], "n_components must be at most"),
        (1, [1.0, 2.0], r"X must have shape \(n_samples, n_features\)"),
        (1, [[1.0], [np.nan]], "X must be finite"),
    ],
)
def test_bad_input_is_said(k, X, message):
    with pytest.raises(ValueError, match=message):
        PCA(k).fit(X)
