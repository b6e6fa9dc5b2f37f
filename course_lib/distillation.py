"""Knowledge distillation: a student learns not the right answers but all that a teacher says.

The teacher's probabilities tell which wrong classes are nearly right: a 7 that resembles a 1. A
temperature T > 1 makes these small numbers large enough to be learned.
Source: Hinton, Vinyals & Dean (2015), "Distilling the knowledge in a neural network"; Ba & Caruana
(2014), "Do deep nets really need to be deep?". Lecture: "Why deep?", knowledge distillation.
"""

import copy

import numpy as np
import torch
from torch.nn import functional

from course_lib.cnn import train_classifier
from course_lib.validation import (
    as_array,
    as_integer,
    as_number,
    check_same_length,
    check_same_shape,
)


def soft_targets(logits, T=1.0):
    """softmax(z / T), a tensor: the larger T, the more alike the probabilities."""
    return (torch.as_tensor(logits) / as_number(T, "T", above=0)).softmax(dim=-1)


def distillation_loss(student_logits, teacher_logits, y=None, T=4.0, share=1.0):
    """share · T² KL(p_teacher ‖ p_student) + (1 − share) · C(y, student), the mean of the batch.

    Both p are softened by T; the cross-entropy C with the labels is not, and with share 1 no labels
    are needed. KL and the cross-entropy with soft targets, which the paper writes, have the same
    gradient. That gradient is about 1/T² as large for a large T: the factor T² makes up for it.
    """
    T, share = as_number(T, "T", above=0), as_number(share, "share", minimum=0, maximum=1)
    check_same_shape(student_logits=student_logits, teacher_logits=teacher_logits)
    if y is None and share < 1:
        raise ValueError(f"without labels y the share must be 1, came {share:g}")
    student, teacher = (z.div(T).log_softmax(dim=1) for z in (student_logits, teacher_logits))
    soft = T**2 * functional.kl_div(student, teacher, reduction="batchmean", log_target=True)
    if share == 1:
        return soft
    return share * soft + (1 - share) * functional.cross_entropy(student_logits, y)


def matching_loss(student_logits, teacher_logits):
    """1/(2K) Σ_k (z̃_k − ṽ_k)², the mean of the batch; z̃, ṽ are logits less their mean.

    What `distillation_loss` tends to as T → ∞: the student then learns the logits themselves. With
    e^(z/T) ≈ 1 + z/T, T² KL has the gradient T (p_k − q_k) → (z̃_k − ṽ_k) / K.
    """
    check_same_shape(student_logits=student_logits, teacher_logits=teacher_logits)
    both = student_logits, teacher_logits
    z, v = (logits - logits.mean(dim=1, keepdim=True) for logits in both)
    return (z - v).square().sum(dim=1).mean() / (2 * z.shape[1])


def shuffle_wrong(logits, seed=0):
    """The logits with those of all classes but the likeliest in another order, anew in each row.

    As soft as before, but *which* wrong class is nearly right is lost: what one compares with.
    """
    logits = as_array(logits, "logits", ndim=2, keep_single=True)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    order, shuffled = np.argsort(-logits, axis=1)[:, 1:], logits.copy()
    there = random.permuted(order, axis=1)
    np.put_along_axis(shuffled, there, np.take_along_axis(logits, order, axis=1), axis=1)
    return shuffled


def distil(make, X, teacher_logits, y=None, *, epochs, T=4.0, share=1.0, **options):
    """A student made by `make()` and taught by the logits of a teacher for X: (student, History).

    Without labels y (and share 1) X may be any images: the teacher says what they are. `options`
    are those of `cnn.train_classifier`: rate, batch_size, seed, ….
    """
    teacher_logits = as_array(teacher_logits, "teacher_logits", ndim=2, keep_single=True)
    labels = np.zeros(len(X)) if y is None else np.asarray(y)
    check_same_length(X=X, teacher_logits=teacher_logits, y=labels)

    def loss(logits, targets):  # a target is the teacher's logits and the label, side by side
        label = None if y is None else targets[:, -1].long()
        return distillation_loss(logits, targets[:, :-1], label, T, share)

    targets = np.column_stack([teacher_logits, labels]).astype(np.float32)
    return train_classifier(make, X, targets, epochs, loss=loss, **options)


def raise_bias(network, k, by):
    """A copy of a network whose last layer gives class k a larger bias: z_k + by."""
    network, by = copy.deepcopy(network), as_number(by, "by")
    bias = network[-1].bias
    if as_integer(k, "k", minimum=0) >= len(bias):
        raise ValueError(f"k must be below {len(bias)}, came {k}")
    with torch.no_grad():
        bias[k] += by
    return network
