"""Go, voices, sentences: the data are what they say, and the small networks learn what they can."""

import numpy as np
import pytest
import torch

from course_lib import beyond_images as beyond
from course_lib.cnn import train_classifier
from course_lib.training import build, evaluate

MAKERS = [beyond.make_go_boards, beyond.make_voices, beyond.make_sentences]


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_seed_gives_the_same_data(make):
    (a, y), (b, z), (other, _) = make(20, seed=3), make(20, seed=3), make(20, seed=4)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(y, z)
    assert not np.array_equal(a, other)
    assert len(a) == len(y) == 20


@pytest.mark.parametrize("make", MAKERS)
def test_no_examples_are_no_data(make):
    with pytest.raises(ValueError, match="n must be at least 1"):
        make(0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: beyond.make_go_boards(1, size=1), "size must be at least 2"),
        (lambda: beyond.make_go_boards(1, stones=-1), "stones must be at least 0"),
        (lambda: beyond.make_sentences(1, length=2), "length must be at least 3"),
        (lambda: beyond.make_voices(1, pitches=(50, 60)), "pitches must be below 32, came 60"),
        (lambda: beyond.make_voices(1, pitches=(9, 5)), "pitches must be at least 9"),
        (lambda: beyond.make_voices(1, noise=-1), "noise must be at least 0"),
        (lambda: beyond.go_network("some"), "pooling must be one of none, repeated, learned"),
    ],
)
def test_bad_settings_are_said(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def captures(board, point):
    """The white stones with no free neighbour once black has played there."""
    taken = board[0] + board[1]
    taken[point] = 1
    free = 1 - np.pad(taken, 1, constant_values=1)
    beside = free[:-2, 1:-1] + free[2:, 1:-1] + free[1:-1, :-2] + free[1:-1, 2:]
    return int(((board[1] == 1) & (beside == 0)).sum())


def test_the_answer_captures_a_stone_and_no_other_point_does():
    boards, answers = beyond.make_go_boards(50, size=7)
    for board, answer in zip(boards, answers, strict=True):
        assert (board[0] * board[1] == 0).all()
        assert (board[2] == 1).all()
        empty = zip(*np.nonzero(board[0] + board[1] == 0), strict=True)
        assert [7 * r + c for r, c in empty if captures(board, (r, c))] == [answer]


def test_a_higher_voice_is_the_same_word_further_up():
    low, words = beyond.make_voices(30, pitches=(4, 4), noise=0, seed=1)
    high, same = beyond.make_voices(30, pitches=(9, 9), noise=0, seed=1)
    np.testing.assert_array_equal(words, same)
    np.testing.assert_allclose(high[:, :, 5:], low[:, :, :-5], atol=1e-5)


def test_sentences_praise_as_their_two_words_say():
    sentences, praise = beyond.make_sentences(300)
    for sentence, label in zip(sentences, praise, strict=True):
        words = beyond.words_of(sentence).split()
        (place,) = [i for i, word in enumerate(words) if word in ("good", "bad")]
        negated = place > 0 and words[place - 1] == "not"
        assert label == ((words[place] == "good") != negated)
    assert 0.4 < praise.mean() < 0.6


def test_the_words_alone_do_not_tell_when_there_is_one_not():
    sentences, praise = beyond.make_sentences(4000)
    one = (sentences == 2).sum(axis=1) == 1
    good = (sentences == 0).any(axis=1)
    assert 0.4 < one.mean() < 0.6
    assert abs(praise[one & good].mean() - 0.5) < 0.06


def test_the_points_of_a_repeated_window_are_alike_and_those_of_a_learned_one_are_not():
    boards, _ = beyond.make_go_boards(3)
    for pooling, alike in (("repeated", True), ("learned", False)):
        network = build(lambda p=pooling: beyond.go_network(p))
        windows = network(torch.tensor(boards)).reshape(3, 3, 3, 3, 3).swapaxes(2, 3).flatten(3)
        assert bool((windows == windows[..., :1]).all()) is alike


def test_pooling_loses_the_place_unless_many_filters_remember_it():
    X, y = beyond.make_go_boards(1200, size=6, stones=2)
    new = beyond.make_go_boards(300, size=6, stones=2, seed=1)
    scores = [
        evaluate(
            train_classifier(lambda c=case: beyond.go_network(*c), X, y, 5, rate=0.02)[0], *new
        ).accuracy
        for case in (("none", 4), ("learned", 4), ("learned", 16))
    ]
    assert scores[0] > 0.85 > 0.6 > scores[1]
    assert scores[2] > scores[1] + 0.2


def test_a_filter_that_slides_along_frequency_understands_a_higher_voice():
    X, y = beyond.make_voices(400)
    high = beyond.make_voices(200, pitches=(16, 28), seed=1)
    scores = [
        evaluate(
            train_classifier(lambda s=s: beyond.voice_network(s), X, y, 6, rate=0.01)[0], *high
        )
        for s in (True, False)
    ]
    assert scores[0].accuracy > 0.9 > 0.6 > scores[1].accuracy


def test_two_words_in_a_row_need_a_filter_over_two_words():
    X, y = beyond.make_sentences(1000)
    new = beyond.make_sentences(500, seed=1)
    scores = [
        evaluate(train_classifier(lambda w=w: beyond.text_network(w), X, y, 8, rate=0.02)[0], *new)
        for w in (2, 1)
    ]
    assert scores[0].accuracy > 0.95
    assert 0.7 < scores[1].accuracy < 0.78  # the best without the order of words is 0.75
