"""Black-box attacks: the network is not known, only what it answers, or what it was trained on.

An attack that was made for one network often fools another: it transfers. So the attacker trains a
proxy, on data of the same kind or on the network's own answers, and attacks that. Lecture: "Attack
ML Models", white box against black box.
"""

import math
from dataclasses import dataclass, field

import pandas as pd
import torch

from course_lib.attacks import Average, fooled, input_gradient
from course_lib.cnn import train_classifier
from course_lib.validation import as_integer, as_number, as_option

# --- Does an attack transfer? --------------------------------------------------------------------


def success(model, images, x, y):
    """How often the model misreads `images`, which were made from x: a share.

    Only those count whose x it reads rightly.
    """
    read = ~fooled(model, x, y)
    if not read.any():
        raise ValueError(f"the model reads none of the {len(read)} images x rightly")
    return float(fooled(model, images, y)[read].double().mean())


def transfer_matrix(models, x, y, attack):
    """How often images that were made for one model fool another: a DataFrame of shares.

    `models` is a dictionary of names and models, `attack` a function (model, x, y) → images. A row
    is the model that the images were made for, a column the model that reads them; of each column
    only the images count that its model reads rightly as they are. In the last row, "all others",
    they were made for the `Average` of all models but the one that reads them.
    """
    if len(models) < 2:
        raise ValueError(f"models must hold at least two, came {len(models)}")
    if "all others" in models:
        raise ValueError('no model may be called "all others": that is the last row')
    made = {name: attack(model, x, y) for name, model in models.items()}
    table = pd.DataFrame({
        to: {name: success(models[to], made[name], x, y) for name in models} for to in models
    })  # fmt: skip
    for to in models:
        others = Average([model for name, model in models.items() if name != to])
        table.loc["all others", to] = success(models[to], attack(others, x, y), x, y)
    return table.rename_axis("made for").rename_axis("read by", axis=1)


# --- A proxy from answers ------------------------------------------------------------------------


@dataclass(eq=False)
class Imitation:
    """What `imitate` came to, round by round."""

    proxies: list = field(default_factory=list)  # the network after each round
    queries: list = field(default_factory=list)  # how many images had been asked about until then


def imitate(answers, x, make, rounds=5, way="jacobian", step=0.1, updates=500, seed=0):
    """A proxy of a network that says no more than the class of an image: an `Imitation`.

    `answers` is a function from images to classes; x are the first images to ask about. In each
    round a network of `make()` is trained, anew and for about so many `updates`, on all answers so
    far. Then a changed copy of each image is asked about, too: the questions double. With
    "jacobian" every pixel goes a step down the proxy's ∂p_class/∂x, to where the proxy is about to
    change its mind (Jacobian-based augmentation: Papernot et al. 2017, whose step changes its sign
    every few rounds); with "noise" up or down by chance.
    """
    as_option(way, "way", ("jacobian", "noise"))
    step, updates = as_number(step, "step", minimum=0), as_integer(updates, "updates", 1)
    generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
    x, result, asked = torch.as_tensor(x), Imitation(), torch.tensor([], dtype=torch.long)
    if len(x) == 0:
        raise ValueError("x must not be empty")
    for _ in range(as_integer(rounds, "rounds", minimum=1)):
        asked = torch.cat([asked, torch.as_tensor(answers(x[len(asked) :]))])
        epochs = math.ceil(updates / math.ceil(len(x) / 64))
        proxy, _ = train_classifier(make, x, asked, epochs, seed=seed)
        result.proxies.append(proxy)
        result.queries.append(len(x))
        if way == "jacobian":  # ∇C and −∇p have the same sign
            signs = input_gradient(proxy, x, asked).sign()
        else:
            signs = torch.randint(2, x.shape, generator=generator) * 2 - 1
        x = torch.cat([x, (x + step * signs).clamp(0, 1)])
    return result
