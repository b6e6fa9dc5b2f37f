"""The experiments of lesson 12: fair to their arms, and each says what its columns are."""

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib.cnn import load_digit_network, of_classes, small_cnn
from course_lib.distillation import raise_bias
from course_lib.explorers.what_comes_next import SMALLER, make_it_smaller
from course_lib.few_shot import photo_code
from course_lib.shifts import change
from course_lib.training import build, count_parameters, evaluate
from course_lib.unknown import KNOWN
from course_lib.what_comes_next import (
    NewNetwork,
    best_bias,
    best_strengths,
    cleaners,
    cleaning_errors,
    codes,
    compress,
    digits,
    forget,
    hans,
    known_autoencoder,
    network,
    shifted,
    strangeness,
    student,
    teacher_logits,
    temperature,
    turn_move_zoom,
)


def test_what_is_fitted_on_is_not_in_the_dev_or_the_test_set():
    sizes = {part: len(digits(part)[1]) for part in ("fit", "dev", "test")}
    assert sizes == {"fit": 7000, "dev": 1000, "test": 2000}
    together = np.concatenate([digits(part)[0] for part in sizes]).reshape(10_000, -1)
    assert len(np.unique(together, axis=0)) == 10_000


def test_turned_digits_are_still_images():
    images = torch.from_numpy(digits("dev")[0][:50])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        turned = turn_move_zoom(None, images, None)
    assert turned.shape == images.shape
    assert turned.min() >= 0
    assert turned.max() <= 1
    assert (turned != images).flatten(1).any(dim=1).all()


def test_the_stored_network_never_answers_what_it_never_saw():
    answers = network("known")(torch.from_numpy(digits("dev")[0])).argmax(dim=1)
    assert set(answers.tolist()) <= set(KNOWN)


def test_noise_is_stranger_than_digits_by_the_reconstruction_error():
    models, (X, _) = (network("known"), known_autoencoder()), of_classes(*digits("dev"), KNOWN)
    known, strange = (strangeness(*models, x[:100]) for x in (X, change(0 * X + 0.5, "noisy", 0.5)))
    assert list(known) == ["1 − max p", "entropy", "energy", "reconstruction"]
    assert strange["reconstruction"].min() > known["reconstruction"].max()


def test_students_get_as_many_updates_and_the_teacher_says_more_than_the_labels():
    assert teacher_logits().shape == (7000, 10)
    accuracies = {
        targets: evaluate(student(targets, 100, updates=200), *digits("dev")).accuracy
        for targets in ("labels", "soft")
    }
    assert accuracies["soft"] > accuracies["labels"] > 0.6
    assert count_parameters(student("answers", 50, updates=1)) == 785 * 100 + 101 * 10


def test_a_student_without_threes_has_seen_none_and_a_larger_bias_makes_it_say_three():
    model = student("labels", 300, without=3, updates=150)
    threes = of_classes(*digits("test"), [3])
    assert evaluate(model, *threes).accuracy < 0.01
    assert evaluate(raise_bias(model, 3, 100), *threes).accuracy == 1
    model = student("soft", 300, without=3, updates=300)
    by = best_bias(model, 3)
    before, after = (
        evaluate(m, *digits("dev")).accuracy for m in (model, raise_bias(model, 3, by))
    )
    assert after > before + 0.02
    assert by > 0


def test_a_smaller_network_is_written_in_fewer_bytes():
    whole, tuned = compress("mlp", "pruning", 0.0, epochs=1)
    [bits] = compress("mlp", "bits", 4)
    assert whole["bytes"] == 4 * count_parameters(load_digit_network("mlp")) == tuned["bytes"]
    assert bits["bytes"] < whole["bytes"] / 7
    assert not whole["tuned"]
    assert tuned["tuned"]
    assert whole["test"] == evaluate(load_digit_network("mlp"), *digits("test")).accuracy


def test_all_codes_are_of_the_same_images():
    images = digits("test")[0][:5]
    sizes = {name: code.shape for name, code in codes(images).items()}
    assert sizes == {
        "pixels": (5, 784),
        "PCA": (5, 16),
        "autoencoder": (5, 16),
        "network": (5, 32),
        "conv layers": (5, 400),
        "random network": (5, 32),
    }
    assert photo_code(images[:2], layer=4, side=32).shape == (2, 32)


def test_a_new_network_learns_a_few_images_by_heart():
    X, y = (array[:30] for array in digits("fit"))
    assert NewNetwork().fit(X.reshape(30, -1), y).score(X.reshape(30, -1), y) == 1


def test_unchanged_digits_are_read_as_always_and_a_negative_is_not():
    model = network("plain")
    same = shifted(model, "inverted", 0.0, n=500)
    X, y = (array[:500] for array in digits("test"))
    assert same["accuracy"] == evaluate(model, X, y).accuracy
    assert same["calibration"] == same["tempered"]  # T = 1
    changed = shifted(model, "inverted", 1.0, temperature(model), n=500)
    assert changed["accuracy"] < 0.3
    assert changed["calibration"] > 0.4
    assert changed["reconstruction"] > 10 * same["reconstruction"]


def test_a_seed_other_than_0_is_trained_anew():
    assert network("known").state_dict().keys() == build(small_cnn).state_dict().keys()
    with pytest.raises(ValueError, match="kind must be one of"):
        network("other", seed=1)


def test_what_takes_noise_away_goes_through_as_many_numbers():
    X = digits("test")[0][:3]
    assert {
        name: model.transform(X.reshape(3, -1)).shape for name, model in cleaners().items()
    } == dict.fromkeys(("PCA", "the usual autoencoder", "the denoising one"), (3, 32))
    rows = {row["way"]: row for row in cleaning_errors(cleaners(), [0.4], n=100)}
    assert rows["the denoising one"]["error"] < rows["PCA"]["error"] < rows["as it is"]["error"]
    assert rows["PCA"]["noise"] == 0.4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: student("guesses"), "targets must be one of labels, answers, soft"),
        (lambda: student("labels", 99999), "n must be at most 7000, came 99999"),
        (lambda: student("labels", without=77), "without must be a digit from 0 to 9, came 77"),
        (lambda: hans("cmm", 0.5), "kind must be one of mlp, cnn"),
        (lambda: next(compress("mlp", "smaller", 2)), "way must be one of pruning"),
        (lambda: forget("three"), "tasks must be one of split, permuted"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_rank_is_a_whole_number():
    with pytest.raises(TypeError, match="setting must be a whole number, came 2.7"):
        next(compress("mlp", "low rank", 2.7))


def test_springs_at_which_a_training_diverged_are_out():
    rows = [("split", 10, 0, 0.2), ("split", 10, 1, 0.4), ("split", 99, 0, 0.9)]  # seed 1 diverged
    table = pd.DataFrame(rows, columns=["tasks", "amount", "seed", "old_dev"])
    table = table.assign(way="elastic", update=400, new_dev=0.5)
    assert best_strengths(table) == {"split": 10}


def test_each_position_of_the_slider_makes_the_network_smaller_and_presets_say_what_they_are():
    view = make_it_smaller()
    for way in SMALLER:
        words = []
        for amount in range(9):
            view.set(way=way, amount=amount)
            words.append(view.words.partition(": ")[2])
        assert len(set(words)) == 9
    for preset, words in (("half of the weights", "50%"), ("four bits", "4 bits a weight: ")):
        view.set(**make_it_smaller.presets[preset])
        assert words in view.words
