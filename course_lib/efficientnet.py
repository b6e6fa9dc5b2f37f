"""EfficientNet-Lite0: the convolutional network that lessons use on photographs.

Architecture: Tan & Le, "EfficientNet" (ICML 2019), in the Lite form of TensorFlow (2020): no
squeeze-and-excitation, ReLU6 for swish. The weights come with `datasets.load_imagenet_network`.
"""

import torch
from torch import nn

# kernel size, stride of the first block, expansion, output channels, number of blocks
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


class Normalize(nn.Module):
    """Pixels in [0, 1] to what the network was trained on: (x − 127/255) / (128/255)."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Same shape; about [−1, 1]."""
        return (image - 127 / 255) / (128 / 255)


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
    """Padding, convolution, batch norm; an even size n becomes n / stride.

    With stride 2 TensorFlow pads more on the right and at the bottom than on the left.
    """
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    return [
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    ]


class InvertedResidual(nn.Module):
    """Expand 1×1, filter each channel k×k, project 1×1; add the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        width = inputs * expansion
        expand = [*conv_bn(inputs, width, 1), nn.ReLU6()] if expansion > 1 else []
        depthwise = [*conv_bn(width, width, kernel, stride, groups=width), nn.ReLU6()]
        self.layers = nn.Sequential(*expand, *depthwise, *conv_bn(width, outputs, 1))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) → (n, outputs, h / stride, w / stride)."""
        return x + self.layers(x) if self.residual else self.layers(x)


def efficientnet_lite0(classes: int = 1000) -> nn.Sequential:
    """The network with random weights: images (n, 3, 224, 224) in [0, 1] → (n, classes) logits."""
    layers, channels = [Normalize(), *conv_bn(3, 32, 3, stride=2), nn.ReLU6()], 32
    for kernel, stride, expansion, outputs, repeats in STAGES:
        for block in range(repeats):
            first = stride if block == 0 else 1
            layers.append(InvertedResidual(channels, outputs, kernel, first, expansion))
            channels = outputs
    layers += [*conv_bn(channels, 1280, 1), nn.ReLU6()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, classes)]
    return nn.Sequential(*layers)
