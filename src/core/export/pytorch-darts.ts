import type { Choices, EdgeSpace, NetworkSizes } from "../space";
import { listedEdges } from "./genotype";

/**
 * A PyTorch module of the evaluation network of DARTS for CIFAR (Liu et al., ICLR 2019) around its two cells, with affine batch norm
 * and without the auxiliary head. The cells stand in two tables, NORMAL and REDUCE.
 */
export function dartsModule(space: EdgeSpace, choices: Choices, sizes: NetworkSizes): string {
  const tables = space.cellKinds.map((kind) => {
    const edges = listedEdges(space, choices, kind).map(
      ({ from, to, operation }) => `    (${from}, ${to}, "${operation}"),`,
    );
    return `${kind.name.toUpperCase()} = [\n${edges.join("\n")}\n]`;
  });
  const { channels, cells, image, imageChannels, classes } = sizes;
  return `"""Cells of the ${space.title} space, found with BaLeNAS Playground.

${space.format(choices)}
"""

import torch
from torch import nn

# Source node, target node, operation. Nodes 0 and 1 are the outputs of the two cells before; the others are summed, then concatenated.
${tables.join("\n")}
NODES = ${space.nodes}
INPUTS = ${space.inputs}


class ReLUConvBN(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(
            nn.ReLU(inplace=False),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )


class Separable(nn.Sequential):
    """ReLU, depthwise convolution, pointwise convolution, batch norm."""

    def __init__(self, channels, kernel, stride, dilation=1):
        padding = dilation * (kernel // 2)
        super().__init__(
            nn.ReLU(inplace=False),
            nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )


class FactorizedReduce(nn.Module):
    """Halves the sides by two 1x1 convolutions of stride 2, the second one pixel further down and right."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.relu = nn.ReLU(inplace=False)
        self.even = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs - outputs // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = self.relu(x)
        return self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], dim=1))


def operation(name, channels, stride):
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, padding=1)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
    if name == "sep_conv_3x3":
        return nn.Sequential(Separable(channels, 3, stride), Separable(channels, 3, 1))
    if name == "sep_conv_5x5":
        return nn.Sequential(Separable(channels, 5, stride), Separable(channels, 5, 1))
    if name == "dil_conv_3x3":
        return Separable(channels, 3, stride, dilation=2)
    if name == "dil_conv_5x5":
        return Separable(channels, 5, stride, dilation=2)
    raise ValueError(f"unknown operation {name}")


class Cell(nn.Module):
    """Every node is the sum of its incoming edges; the output is the concatenation of all nodes but the inputs."""

    def __init__(self, before_last, last, channels, reduction, after_reduction):
        super().__init__()
        self.edges = REDUCE if reduction else NORMAL
        self.inputs = nn.ModuleList([
            (FactorizedReduce if after_reduction else ReLUConvBN)(before_last, channels),
            ReLUConvBN(last, channels),
        ])
        self.operations = nn.ModuleList([
            operation(name, channels, 2 if reduction and source < INPUTS else 1) for source, _, name in self.edges
        ])

    def forward(self, before_last, last):
        nodes = [self.inputs[0](before_last), self.inputs[1](last)] + [None] * (NODES - INPUTS)
        for (source, target, _), op in zip(self.edges, self.operations):
            y = op(nodes[source])
            nodes[target] = y if nodes[target] is None else nodes[target] + y
        return torch.cat(nodes[INPUTS:], dim=1)


class Network(nn.Module):
    """3N + 2 cells, two of them reduction cells. Takes batch x channels x height x width, returns logits."""

    def __init__(self, C=${channels}, N=${cells}, image_channels=${imageChannels}, classes=${classes}):
        super().__init__()
        before_last = last = 3 * C
        self.stem = nn.Sequential(nn.Conv2d(image_channels, last, 3, padding=1, bias=False), nn.BatchNorm2d(last))
        self.cells = nn.ModuleList()
        after_reduction = False
        for i in range(3 * N + 2):
            reduction = i in (N, 2 * N + 1)
            if reduction:
                C *= 2
            self.cells.append(Cell(before_last, last, C, reduction, after_reduction))
            before_last, last, after_reduction = last, (NODES - INPUTS) * C, reduction
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(last, classes)

    def forward(self, x):
        before_last = last = self.stem(x)
        for cell in self.cells:
            before_last, last = last, cell(before_last, last)
        return self.classifier(self.pool(last))


if __name__ == "__main__":
    network = Network()
    print(sum(p.numel() for p in network.parameters()), "parameters")
    print(network(torch.zeros(2, ${imageChannels}, ${image}, ${image})).shape)
`;
}
