"""How good is a classifier? Accuracy, the confusion matrix and what is read from it, the ROC curve.

Everywhere `y` holds the true classes and `prediction` the predicted ones, both of shape (n,),
numbers or texts. Precision, recall, F1 and ROC are about one class: the one called `positive`.
Lecture notes: "Metrics".
"""

import math

import numpy as np
import pandas as pd

from course_lib.validation import as_array, as_integer, as_number, check_same_length


def as_labels(labels, name="y"):
    """`labels` as an array of shape (n,): classes, given as numbers or texts, none missing."""
    array = np.asarray(labels)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be 1-dimensional, not empty, came shape {array.shape}")
    if pd.isna(array).any():
        raise ValueError(f"{name} must have a class for every sample, some are missing")
    return array


def accuracy(y, prediction):
    """The share of samples that are classified rightly, from 0 to 1."""
    y, prediction = _pair(y, prediction)
    return float(np.mean(y == prediction))


def standard_error(share, n):
    """√(p (1 − p) / n): how far a share p, measured on n independent samples, is off by chance.

    For large n, and p not near 0 or 1: two in three times the true share lies within one standard
    error, 95 in 100 within two.
    """
    share, n = as_number(share, "share", minimum=0), as_integer(n, "n", minimum=1)
    if share > 1:
        raise ValueError(f"share must be from 0 to 1, came {share:g}")
    return math.sqrt(share * (1 - share) / n)


def confusion_matrix(y, prediction, classes=None):
    """How often each class was taken for each: entry (i, j) counts class i predicted as class j.

    A row is a true class, a column a predicted one, both in the order of `classes` (without it,
    sorted). Some books have it the other way round. ValueError where a label is in none of them.
    """
    y, prediction = _pair(y, prediction)
    both = np.concatenate([y, prediction])
    found, index = np.unique(both, return_inverse=True)
    classes = found if classes is None else as_labels(classes, "classes")
    matches = found[:, None] == classes
    if not (matches.sum(axis=1) == 1).all():
        odd = found[matches.sum(axis=1) != 1].tolist()[0]
        raise ValueError(f"each label must be one of {classes.tolist()}, once, came {odd!r}")
    row, column = matches.argmax(axis=1)[index].reshape(2, -1)
    k = len(classes)
    return np.bincount(k * row + column, minlength=k * k).reshape(k, k)


def precision(y, prediction, positive):
    """TP / (TP + FP): of those that were called positive, the share that is.

    ValueError where nothing was called positive: then there is no such share.
    """
    y, prediction = _pair(y, prediction)
    called = prediction == positive
    if not called.any():
        raise ValueError(f"precision is not defined: no sample was predicted to be {positive!r}")
    return float(np.mean(y[called] == positive))


def recall(y, prediction, positive):
    """TP / (TP + FN): of those that are positive, the share that was found.

    Also called sensitivity, or true positive rate. ValueError where no sample is positive.
    """
    y, prediction = _pair(y, prediction)
    truly = y == positive
    if not truly.any():
        raise ValueError(f"recall is not defined: no sample is {positive!r}")
    return float(np.mean(prediction[truly] == positive))


def f1(y, prediction, positive):
    """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall.

    It is 0 where nothing positive was found. ValueError where no sample is or was called positive.
    """
    y, prediction = _pair(y, prediction)
    truly, called = y == positive, prediction == positive
    if not (truly | called).any():
        raise ValueError(f"F1 is not defined: no sample is, or was predicted to be, {positive!r}")
    return float(2 * np.sum(truly & called) / (np.sum(truly) + np.sum(called)))


def roc_curve(y, scores, positive):
    """What each threshold gives: (false positive rate, true positive rate, thresholds).

    A sample is called positive where its score, such as P(positive | x), is at least the
    threshold. Thresholds fall, from ∞ (nothing is called positive) through every score that
    occurs: the rates rise from (0, 0) to (1, 1). ValueError unless y has positives and others.
    """
    truly, scores = as_labels(y) == positive, as_array(scores, "scores", ndim=1)
    check_same_length(y=truly, scores=scores)
    if truly.all() or not truly.any():
        raise ValueError(f"y must hold {positive!r} and at least one other class")
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]), -1) != 0)  # of equal scores
    true_positives = np.append(0, np.cumsum(truly[order])[last])
    false_positives = np.append(0, 1 + last) - true_positives
    thresholds = np.append(np.inf, scores[order][last])
    return false_positives / np.sum(~truly), true_positives / np.sum(truly), thresholds


def roc_auc(y, scores, positive):
    """The area under the ROC curve: 1 is perfect, 1/2 is chance.

    It is the chance that a random positive sample has a higher score than a random other one
    (equal scores count one half).
    """
    false_positive_rate, true_positive_rate, _ = roc_curve(y, scores, positive)
    return float(np.trapezoid(true_positive_rate, false_positive_rate))


def _pair(y, prediction):
    y, prediction = as_labels(y), as_labels(prediction, "prediction")
    check_same_length(y=y, prediction=prediction)
    if (y.dtype.kind in "biuf") != (prediction.dtype.kind in "biuf"):
        kinds = f"{y.tolist()[0]!r} and {prediction.tolist()[0]!r}"
        raise ValueError(f"y and prediction must hold the same kind of classes, came {kinds}")
    return y, prediction
