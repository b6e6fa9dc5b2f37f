"""Convolution beyond photographs: a Go board, a voice, a sentence. Small, and made up here.

Three tasks, drawn at random, and a small network in torch for each; what slides, and whether to
pool, follows from the task. Lecture: "More applications: playing Go, speech, text".
"""

import numpy as np
from torch import nn

from course_lib.validation import as_integer, as_number, as_option

NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def _generator(n, seed):
    return as_integer(n, "n", minimum=1), np.random.default_rng(as_integer(seed, "seed", minimum=0))


# --- Go: capture a stone -------------------------------------------------------------------------


def make_go_boards(n, size=9, stones=6, seed=0):
    """Boards on which one white stone can be captured at once: (boards, answers).

    A board has the shape (3, size, size): black stones, white stones, and ones on every point (so
    that padding with zeros shows where the board ends, as in AlphaGo). A stone is captured when all
    its neighbours are taken. On each board one white stone has one free neighbour left; that point,
    row · size + column, is the answer. Other stones lie about, each with no stone beside it.
    """
    n, random = _generator(n, seed)
    size, stones = as_integer(size, "size", minimum=2), as_integer(stones, "stones", minimum=0)
    boards = np.zeros((n, 3, size, size), dtype=np.float32)
    boards[:, 2] = 1
    answers = np.empty(n, dtype=np.int64)
    for board, i in zip(boards, range(n), strict=True):
        target, last = _threatened_stone(random, size)
        answers[i] = last[0] * size + last[1]
        board[1][target] = 1
        for point in _around(target, size):
            board[0][point] = point != last
        _scatter(board, random, stones, taken={target, last, *_around(target, size)})
    return boards, answers


def _around(point, size):
    """The neighbours of a point that lie on the board."""
    places = [(point[0] + down, point[1] + right) for down, right in NEIGHBOURS]
    return [place for place in places if min(place) >= 0 and max(place) < size]


def _threatened_stone(random, size):
    target = tuple(int(k) for k in random.integers(size, size=2))
    around = _around(target, size)
    return target, around[random.integers(len(around))]


def _scatter(board, random, stones, taken):
    """Put up to so many single stones on points that touch nothing."""
    size, taken = board.shape[-1], set(taken)
    for point in map(tuple, random.integers(size, size=(stones, 2)).tolist()):
        if point not in taken and not taken.intersection(_around(point, size)):
            board[int(random.integers(2))][point] = 1
            taken.add(point)


def go_network(pooling="none", filters=16):
    """Boards (n, 3, size, size) → (n, size²) logits, one a point: two layers of 3×3 filters.

    `pooling`: "none"; "repeated": 3×3 max pooling, and then each number nine times, so that the
    nine points of a window cannot be told apart; "learned": after the pooling nine weights a
    filter, one for each point of the window (a transposed convolution), make the map large again.
    With pooling the size must be a multiple of 3.
    """
    ends = {
        "none": [nn.Conv2d(filters, 1, 1)],
        "repeated": [nn.MaxPool2d(3), nn.Conv2d(filters, 1, 1), nn.Upsample(scale_factor=3)],
        "learned": [nn.MaxPool2d(3), nn.ConvTranspose2d(filters, 1, 3, stride=3)],
    }
    return nn.Sequential(
        nn.Conv2d(3, filters, 3, padding=1), nn.ReLU(),
        nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(),
        *ends[as_option(pooling, "pooling", ends)],
        nn.Flatten(),
    )  # fmt: skip


# --- A voice: the same word, higher or lower -----------------------------------------------------

FREQUENCIES, TIMES = 40, 24  # bands, and moments, of a spectrogram
WORDS = ("rising", "falling", "rising, then falling")


def spectrogram(word, lowest, beginning):
    """How words sound, without noise: (n, FREQUENCIES, TIMES).

    n numbers of WORDS, their lowest bands and their first moments. A word lasts 16 moments; its
    tone moves over 8 bands.
    """
    moment = np.arange(TIMES)[None, :] - beginning[:, None]  # since the word began
    part = np.clip(moment / 15, 0, 1)
    rise = np.choose(word[:, None], [8 * part, 8 * (1 - part), 8 - np.abs(16 * part - 8)])
    tone = (lowest[:, None] + rise)[:, None, :]
    band = np.arange(FREQUENCIES)[None, :, None]
    spoken = ((moment >= 0) & (moment < 16))[:, None, :]
    return spoken * np.exp(-((band - tone) ** 2) / 2)


def make_voices(n, pitches=(4, 10), noise=0.15, seed=0):
    """Spectrograms of three "words" of different voices: (spectrograms, words).

    A spectrogram, (1, FREQUENCIES, TIMES), says how strong each frequency is at each moment; band 0
    is the lowest. A word is how the tone moves; whoever speaks, the movement is the same, only
    higher or lower: its lowest band is drawn from `pitches`, low to high, both included. To each
    number Gaussian noise is added, with the deviation `noise`.
    """
    n, random = _generator(n, seed)
    low, high = as_integer(pitches[0], "pitches", 0), as_integer(pitches[1], "pitches", pitches[0])
    if high + 8 >= FREQUENCIES:
        raise ValueError(
            f"pitches must be below {FREQUENCIES - 8}, came {high}: a word has 9 bands"
        )
    words, lowest = random.integers(3, size=n), random.integers(low, high + 1, size=n)
    heard = spectrogram(words, lowest, random.integers(0, TIMES - 16 + 1, size=n))
    heard = heard + as_number(noise, "noise", minimum=0) * random.normal(size=heard.shape)
    return heard[:, None].astype(np.float32), words


def voice_network(along_frequency=True, filters=8):
    """Spectrograms → 3 logits. One layer of filters, and the largest response over all its places.

    `along_frequency`: filters of 12 bands × 16 moments slide along frequency and time. Otherwise a
    filter sees all the bands at once, FREQUENCIES × 16, and slides along time only.
    """
    bands = 12 if along_frequency else FREQUENCIES
    return nn.Sequential(
        nn.Conv2d(1, filters, (bands, 16)), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(filters, len(WORDS)),
    )  # fmt: skip


# --- Text: two words in a row --------------------------------------------------------------------

VOCABULARY = (
    "good", "bad", "not",
    "the", "film", "was", "a", "and", "we", "saw", "it", "last", "night", "with", "friends",
)  # fmt: skip


def make_sentences(n, length=12, seed=0):
    """Sentences as the numbers of their words, (n, length), and whether they praise: 0 or 1.

    Filling words, and somewhere among them "good", "not bad" (praise), "bad" or "not good". In half
    of the sentences a "not" stands elsewhere, not before the adjective, and means nothing: so
    somebody who knows which words there are, but not their order, can be right in 3 of 4 at most.
    """
    n, random = _generator(n, seed)
    length = as_integer(length, "length", minimum=3)
    sentences = random.integers(3, len(VOCABULARY), size=(n, length))
    adjective, negated = random.integers(2, size=n), random.integers(2, size=n)
    place = random.integers(1, length, size=n)
    rows = np.arange(n)
    sentences[rows, place] = adjective
    elsewhere = (place + 1 + random.integers(0, length - 2, size=n)) % length
    decoy = random.integers(2, size=n) == 1
    sentences[rows[decoy], elsewhere[decoy]] = 2
    sentences[rows[negated == 1], place[negated == 1] - 1] = 2
    return sentences, (adjective == 0).astype(np.int64) ^ negated


class Embedding(nn.Module):
    """A vector for each word, learned: (n, length) word numbers → (n, dimensions, length)."""

    def __init__(self, words, dimensions):
        super().__init__()
        self.vectors = nn.Embedding(words, dimensions)

    def forward(self, x):
        """Position is the last axis, so that a filter can slide along it."""
        return self.vectors(x.long()).transpose(1, 2)


def text_network(width=2, filters=32):
    """Sentences → 2 logits. Filters over `width` words slide along the sentence; then the largest.

    With a width of 1 no filter sees two words at once. A filter never slides along the vector of a
    word: its entries have no order. Source: Kim 2014, "Convolutional neural networks for sentence
    classification".
    """
    return nn.Sequential(
        Embedding(len(VOCABULARY), 8), nn.Conv1d(8, filters, width), nn.ReLU(),
        nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Linear(filters, 2),
    )  # fmt: skip


def words_of(sentence):
    """The words of a sentence of numbers, as text."""
    return " ".join(VOCABULARY[number] for number in sentence)
