"""Write the tables, networks and images of lesson 11 that take too long for a notebook.

Run it from the root of the repository: python data/experiments/make_adversarial_attacks.py [name …]
Without a name it makes what is not there yet; with names it makes those anew. A run that was cut
off goes on where it was: finished rows are in NAME.part. All of it takes about 45 minutes of one
core; `--jobs` says how many cores work. The networks that ship with the course, robust_cnn.npz and
others, are those of seed 0.
"""

from functools import partial
from itertools import product

import numpy as np
import torch
from torch import nn

from course_lib.attacks import (
    Average,
    add,
    carlini_wagner,
    fgsm,
    fooled,
    pgd,
    random_start,
    universal_perturbation,
)
from course_lib.black_box import imitate, success, transfer_matrix
from course_lib.cnn import (
    KINDS,
    digit_cnn,
    digit_images,
    falling_adam,
    load_digit_network,
    save_weights,
    tanh_cnn,
    train_classifier,
)
from course_lib.datasets import imagenet_image, load_imagenet_network, load_photo
from course_lib.defenses import (
    Defended,
    adversarial_fit,
    randomize,
    robust_accuracy,
    smooth,
    soft_squeeze,
    squeeze,
    squeezing_score,
)
from course_lib.efficientnet import efficientnet_lite0
from course_lib.experiments import EXPERIMENTS
from course_lib.physical_attacks import RandomView, disc, make_patch, over_views, stick, view
from course_lib.reprogramming import CELLS, Reprogrammed, frame_mask, make_squares
from course_lib.storing import grid, made, main
from course_lib.training import build, evaluate, fit

EPOCHS, RATE = 10, 0.002  # of adversarial training
TRAINED_ON = {  # what each network sees in training: the attack and its ε
    "nothing": (None, 0.0),
    "noise linf": ("noise", 0.3),
    "fgsm linf": ("fgsm", 0.3),
    "pgd linf": ("pgd", 0.3),
    "pgd l2": ("pgd", 2.0),
}
SHIPPED = {"pgd linf": "robust_cnn", "pgd l2": "robust_l2", "fgsm linf": "fgsm_cnn"}
TESTS = [  # attack, norm, ε
    ("none", "linf", 0.0),
    *(("noise", "linf", epsilon) for epsilon in (0.1, 0.2, 0.3)),
    *(("fgsm", "linf", epsilon) for epsilon in (0.1, 0.2, 0.3)),
    *(("pgd", "linf", epsilon) for epsilon in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)),
    *(("pgd", "l2", epsilon) for epsilon in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)),
]


def digits(part, n=None):
    return [torch.from_numpy(array[:n]) for array in digit_images(part)]


def noise(model, x, y, epsilon, norm="linf", seed=0):
    """Nothing but chance: an image drawn evenly from the ball, an attack as little as can be."""
    return random_start(x, epsilon, norm, torch.Generator().manual_seed(seed))


# --- Adversarial training ------------------------------------------------------------------------


def start_network(seed):
    """Seed 0: the network that ships with the course, else one trained as briefly; no dropout."""
    if seed == 0:
        network = build(partial(digit_cnn, dropout=0.0))
        network.load_state_dict(load_digit_network().state_dict())
        return network
    return train_classifier(partial(digit_cnn, dropout=0.0), *digits("train"), 4, seed=seed)[0]


def adversarial_training(trained, seed):
    """Train a network on attacked digits, and judge it by several attacks: a row each."""
    network, (X, y) = start_network(seed), digits("train")
    name, epsilon = TRAINED_ON[trained]
    norm = trained.split()[-1]
    attacks = {
        None: lambda model, x, y, epsilon: x,
        "noise": partial(noise, norm="linf"),
        "fgsm": fgsm,
        "pgd": partial(pgd, norm=norm, steps=7),
    }
    optimizer = falling_adam(network, RATE, EPOCHS * len(X) // 64)
    adversarial_fit(network, X, y, optimizer, EPOCHS, attacks[name], epsilon, seed=seed)
    if seed == 0 and trained in SHIPPED:
        save_weights(network.eval(), EXPERIMENTS / f"{SHIPPED[trained]}.npz")
    return judged(network)


def judged(network, n=300):
    """The accuracy on the first n test digits under each attack; without one, on all of them."""
    x, y = digits("test", n)
    for attack, norm, epsilon in TESTS:
        if attack == "none":
            accuracy = evaluate(network, *digits("test")).accuracy
        else:
            run = {
                "noise": partial(noise, epsilon=epsilon),
                "fgsm": partial(fgsm, epsilon=epsilon),
                "pgd": partial(pgd, epsilon=epsilon, norm=norm, steps=20, restarts=1),
            }[attack]
            accuracy = robust_accuracy(network, x, y, run)
        yield {"attack": attack, "norm": norm, "epsilon": epsilon, "accuracy": accuracy}


# --- Black box -----------------------------------------------------------------------------------

MODELS = ("cnn", "mlp", "residual", "tanh", "robust_cnn")


def other_networks(kind):
    """Two networks of other kinds, trained on the same digits; their test accuracy."""
    make, name = KINDS[kind]
    network, _ = train_classifier(make, *digits("train"), 6, rate=0.003)
    save_weights(network, EXPERIMENTS / f"{name}.npz")
    yield {"accuracy": evaluate(network, *digits("test")).accuracy}


def transfer_attacks(epsilon):
    """Success of images that were made for one network and are read by another; and of noise."""
    models, (x, y) = {kind: load_digit_network(kind) for kind in MODELS}, digits("test", 200)
    table = transfer_matrix(models, x, y, partial(pgd, epsilon=epsilon, steps=20))
    signs = torch.randint(2, x.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    noisy = add(x, epsilon * signs)
    table.loc["noise"] = {kind: success(models[kind], noisy, x, y) for kind in MODELS}
    for made_for, read_by in product(table.index, table.columns):
        share = table.loc[made_for, read_by]
        yield {"made_for": made_for, "read_by": read_by, "success": share}


PROXIES = {"cnn": partial(digit_cnn, dropout=0.0), "tanh": tanh_cnn}
ASKED = {  # ways to come to a proxy: how many digits are asked about first, and rounds
    "new digits": ((100, 1), (300, 1), (1000, 1)),
    "jacobian": ((100, 3),),
    "noise": ((100, 3),),
}
STEP = 0.3  # from an image to its changed copy


def imitation(seed, proxy, way):
    """A proxy from the network's answers alone: how often it agrees, and its attack succeeds.

    The attacker asks about test digits from the second half; the first half judges. With "right
    labels" it asks nothing, and learns from the training digits of the network itself. Seed 0 is
    the network's own: a proxy of the same kind would start from the same weights.
    """
    network, (x, y), make = load_digit_network(), digits("test"), PROXIES[proxy]
    if way == "right labels":
        found, _ = train_classifier(make, *digits("train"), 4, seed=seed)
        yield {"queries": 0} | compared(found, network, x, y)
        return
    order = 1000 + torch.from_numpy(np.random.default_rng(seed).permutation(1000))
    for first, rounds in ASKED[way]:
        steps = "noise" if way == "noise" else "jacobian"
        answers, some = partial(classes, network), x[order[:first]]
        found = imitate(answers, some, make, rounds, steps, STEP, updates=300, seed=seed)
        for model, queries in zip(found.proxies, found.queries, strict=True):
            yield {"queries": queries} | compared(model, network, x, y)


def compared(proxy, network, x, y, n=200):
    """How often proxy and network agree, and how often images made for the one fool the other."""
    row = {"agreement": (classes(proxy, x[:1000]) == classes(network, x[:1000])).double().mean()}
    for epsilon in (0.2, 0.3):
        images = pgd(proxy, x[:n], y[:n], epsilon, steps=20)
        row[f"success_{epsilon}"] = success(network, images, x[:n], y[:n])
    return row


def classes(network, x):
    with torch.no_grad():
        return network.eval()(x).argmax(dim=1)


def universal(images, epsilon, seed):
    """One change for all digits, made with so many: how often it fools, and noise as large."""
    network, (X, y), (x_new, y_new) = load_digit_network(), digits("train"), digits("test")
    chosen = np.random.default_rng(seed).permutation(len(X))[:images]
    X, y, epochs = X[chosen], y[chosen], 10_000 // images
    change = universal_perturbation(network, X, y, epsilon, epochs=epochs, seed=seed)
    signs = torch.randint(2, change.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    yield {
        "success_seen": success(network, add(X, change), X, y),
        "success_new": success(network, add(x_new, change), x_new, y_new),
        "noise": success(network, add(x_new, epsilon * signs), x_new, y_new),
    }


# --- Reprogramming -------------------------------------------------------------------------------

PROGRAMS = {  # what is reprogrammed: side, pixels of a square's cell, channels, updates
    "digits": (28, 3, 1, 600),
    "random digits": (28, 3, 1, 600),
    "imagenet": (96, 8, 3, 800),
    "random imagenet": (96, 8, 3, 800),
}


def reprogramming(network, seed, batch=20):
    """Counting squares by the frame alone: accuracy on new squares as training goes on."""
    side, cell, channels, updates = PROGRAMS[network]
    fixed = {
        "digits": load_digit_network,
        "random digits": lambda: build(digit_cnn, seed),
        "imagenet": load_imagenet_network,
        "random imagenet": lambda: untrained_network(seed, side, cell),
    }[network]()
    model = build(lambda: Reprogrammed(fixed, side, CELLS * cell, channels), seed)
    test = make_squares(300, 1000 + seed, side, cell)
    optimizer = torch.optim.Adam([model.w], 0.1)
    yield {"updates": 0} | counted(model, *test)
    for look in range(1, 9):
        n = updates * batch // 8
        fit(model, *make_squares(n, 10 * seed + look, side, cell), optimizer, 1, batch_size=batch)
        yield {"updates": look * updates // 8} | counted(model, *test)
    if network == "imagenet" and seed == 0:
        frame = (model.frame[0] * 255).round().to(torch.uint8)
        np.savez_compressed(EXPERIMENTS / "frame.npz", made=made("seed 0"), frame=frame.numpy())


def untrained_network(seed, side, cell):
    """The large network with random weights; its batch norms know what comes in.

    Their means and variances are those of squares in random frames. Left at 0 and 1, they would
    make the network say the same of every image, and it would have no chance.
    """
    network = build(efficientnet_lite0, seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics of the next images, and no others
    squares, mask = make_squares(200, seed, side, cell)[0], frame_mask(side, CELLS * cell)
    frames = torch.rand(len(squares), 3, side, side, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        network.train()(squares * (1 - mask) + frames * mask)
    return network.eval()


def counted(model, x, y):
    """How often the count is right, and how far it is off on average."""
    model.eval()
    with torch.no_grad():
        said = torch.cat([model(part).argmax(dim=1) for part in x.split(50)])
    off = (said - y).abs().double()
    return {"accuracy": (off == 0).double().mean(), "off": off.mean()}


# --- The physical world --------------------------------------------------------------------------

CAT = (281, 282, 285)  # tabby, tiger cat, Egyptian cat
GOLDFISH, PRINT_EPSILON = 1, 8 / 255


def prints():
    """The cat as a goldfish, made for one view and for many: images of whole numbers, 0 to 255."""
    network, cat = load_imagenet_network(), imagenet_image(load_photo("cat"))
    many = over_views(network, views=6)
    for name, model, steps in (("plain", network, 20), ("many views", many, 30)):
        found = pgd(model, cat, [CAT[0]], PRINT_EPSILON, target=GOLDFISH, steps=steps)
        yield name, (found[0] * 255).round().to(torch.uint8)


def printed():
    """What the network says of the two prints, as they are turned, enlarged and lit."""
    network = load_imagenet_network()
    images = dict(prints())
    names = {name.replace(" ", "_"): image.numpy() for name, image in images.items()}
    np.savez_compressed(EXPERIMENTS / "printed_cat.npz", made=made("seed 0"), **names)
    images["photo"] = (imagenet_image(load_photo("cat"))[0] * 255).round()
    changes = {
        "degrees": np.arange(-60, 61, 5.0),
        "zoom": 1.25 ** np.arange(-2, 2.01, 0.25),
        "light": np.arange(0.4, 1.61, 0.1),
    }
    for (name, image), (change, values) in product(images.items(), changes.items()):
        x = image[None].float().expand(len(values), -1, -1, -1) / 255
        with torch.no_grad():
            p = network(view(x, **{change: torch.tensor(values)})).softmax(dim=1)
        for value, here in zip(values, p, strict=True):
            yield {
                "image": name,
                "change": change,
                "value": value,
                "goldfish": here[GOLDFISH],
                "cat": here[list(CAT)].sum(),
            }


SEEN, NEW = ("astronaut", "china", "flower", "galaxies"), ("cat", "coffee", "rocket")
PATCH = 88  # pixels, of 224


def crops(photo, n, seed):
    """So many squares out of a photograph, of 60 % of its shorter side or more, 224 × 224."""
    random, photo = np.random.default_rng(seed), load_photo(photo)
    height, width = photo.shape[:2]
    found = []
    for _ in range(n):
        side = int(min(height, width) * random.uniform(0.6, 1))
        top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
        found.append(imagenet_image(photo[top : top + side, left : left + side]))
    return torch.cat(found)


def patches():
    """A patch that says goldfish, made on four photographs: how often it wins on new ones too."""
    network, n = load_imagenet_network(), 16
    x = torch.cat([crops(photo, 8, seed=0) for photo in SEEN])
    ranges = {"degrees": 20, "zoom": 1.2, "light": 0.2}
    patch = make_patch(network, x, GOLDFISH, PATCH, steps=200, ranges=ranges)
    stored = (patch[0] * 255).round().to(torch.uint8)
    np.savez_compressed(EXPERIMENTS / "patch.npz", made=made("seed 0"), patch=stored.numpy())
    generator = torch.Generator().manual_seed(0)
    stickers = {"made": stored[None] / 255, "noise": torch.rand(patch.shape, generator=generator)}
    for photo, (name, sticker), zoom in product(SEEN + NEW, stickers.items(), (0.5, 0.75, 1, 1.25)):
        case = {"photo": photo, "seen": photo in SEEN, "patch": name}
        yield case | stuck_on(photo, sticker, zoom, network, n)


def stuck_on(photo, sticker, zoom, network, n=16):
    """A patch on so many crops of a photograph: how many are a goldfish, how many unchanged."""
    x = crops(photo, n, seed=1)
    places = RandomView(network, 20, 1, (224 - PATCH * zoom) / 2, 0.2, seed=2)
    degrees, _, dx, dy, light = places.draw(n)
    said = classes(network, stick(x, sticker, degrees, zoom, dx, dy, light))
    return {
        "area": disc(PATCH).sum() * zoom**2 / 224**2,
        "goldfish": (said == GOLDFISH).double().mean(),
        "unchanged": (said == classes(network, x)).double().mean(),
        "crops": n,
    }


# --- Passive defences ----------------------------------------------------------------------------

DEFENCES = ("none", "median", "gaussian", "1 bit", "2 bits", "random", "adversarial training")
BALLS = (("linf", 0.2), ("l2", 2.0))
PACES = (1 / 12, 1 / 4, 1 / 2)  # step sizes, in units of ε
READINGS = {"random": 20}  # how often a defence that changes with every reading is read


def defended(defence, seed=0):
    """The network behind a defence; and what an attacker who knows it takes the gradient of."""
    if defence == "adversarial training":
        return (load_digit_network("robust_cnn"),) * 2
    network, generator = load_digit_network(), torch.Generator().manual_seed(seed)
    filters = {
        "median": smooth,
        "gaussian": partial(smooth, kind="gaussian"),
        "1 bit": squeeze,
        "2 bits": partial(squeeze, bits=2),
        "random": partial(randomize, generator=generator),
    }
    if defence == "none":
        return network, network
    model = Defended(network, filters[defence])
    if "bit" in defence:
        soft = partial(soft_squeeze, bits=int(defence[0]))
        return model, Defended(network, filters[defence], straight_through=soft)
    return model, Average([model] * 8) if defence == "random" else model


def defences(defence, n=200):
    """Accuracy without an attack; with one made for the bare network; with one that knows it."""
    model, known = defended(defence)
    bare, (x, y) = load_digit_network(), digits("test", n)
    cases = [("none", "linf", 0.0, x)]
    for (norm, epsilon), (name, made_for) in product(BALLS, (("unaware", bare), ("aware", known))):
        cases.append((name, norm, epsilon, best_of_six(made_for, x, y, epsilon, norm, restarts=2)))
    for name, norm, epsilon, images in cases:
        read = [robust_accuracy(model, images, y) for _ in range(READINGS.get(defence, 1))]
        yield {"attack": name, "norm": norm, "epsilon": epsilon, "accuracy": np.mean(read)}


def best_of_six(model, x, y, epsilon, norm, steps=40, restarts=0):
    """PGD with three step sizes and two losses, one after another: each for what is left."""
    found = x.clone()
    for loss, pace in product(("cross_entropy", "margin"), PACES):
        left = ~fooled(model, found, y)
        if left.any():
            pace_of = {"steps": steps, "step_size": pace * epsilon, "restarts": restarts}
            found[left] = pgd(model, x[left], y[left], epsilon, norm, loss=loss, **pace_of)
    return found


FILTERS = (squeeze, smooth)
SCORED = (
    "clean", "noise", "pgd linf 0.2", "pgd l2 2", "pgd l2 3", "carlini wagner", "aware l2 2",
    "aware l2 3",
)  # fmt: skip


def squeezing_scores(kind, n=200):
    """How much two filters change the network's mind about digits, and about attacks on them."""
    network, (x, y) = load_digit_network(), digits("test", n)
    images = {
        "clean": lambda: x,
        "noise": lambda: noise(network, x, y, 0.2),
        "pgd linf 0.2": lambda: best_of_six(network, x, y, 0.2, "linf"),
        "pgd l2 2": lambda: best_of_six(network, x, y, 2.0, "l2"),
        "pgd l2 3": lambda: best_of_six(network, x, y, 3.0, "l2"),
        "carlini wagner": lambda: carlini_wagner(network, x, y, steps=100, searches=4),
        "aware l2 2": lambda: unnoticed(network, x, y, 2.0, "l2"),
        "aware l2 3": lambda: unnoticed(network, x, y, 3.0, "l2"),
    }[kind]()
    scores, won = squeezing_score(network, images, FILTERS), fooled(network, images, y)
    for number in range(n):
        yield {"image": number, "fooled": won[number], "score": scores[number]}


def unnoticed(network, x, y, epsilon, norm, steps=40):
    """The attack of who knows the detector: on the mean of the plain and the filtered readings.

    Of what fools the network with steps of each size, the image with the lowest score is kept.
    """
    squeezed = Defended(network, squeeze, straight_through=soft_squeeze)
    readings = Average([network, squeezed, Defended(network, smooth)])
    found, lowest = x.clone(), torch.full((len(x),), torch.inf)
    for pace in PACES:
        images = pgd(readings, x, y, epsilon, norm, None, steps, pace * epsilon)
        scores = squeezing_score(network, images, FILTERS)
        better = fooled(network, images, y) & (scores < lowest)
        found[better], lowest[better] = images[better], scores[better]
    return found


# --- All tables ----------------------------------------------------------------------------------


TABLES = {
    adversarial_training: grid(seed=range(2), trained=tuple(TRAINED_ON)),
    other_networks: grid(kind=("residual", "tanh")),
    transfer_attacks: grid(epsilon=(0.05, 0.1, 0.15, 0.2, 0.25, 0.3)),
    imitation: grid(seed=range(1, 5), proxy=("cnn",), way=(*ASKED, "right labels"))
    + grid(seed=range(1, 5), proxy=("tanh",), way=("new digits", "right labels")),
    universal: grid(seed=range(3), images=(10, 100, 1000), epsilon=(0.1, 0.2, 0.3)),
    defences: grid(defence=DEFENCES),
    squeezing_scores: grid(kind=SCORED),
    printed: [{}],
    patches: [{}],
    reprogramming: grid(network=("digits", "random digits"), seed=range(3))
    + grid(network=("imagenet", "random imagenet"), seed=(0,)),
}


if __name__ == "__main__":
    main(TABLES, __doc__)
