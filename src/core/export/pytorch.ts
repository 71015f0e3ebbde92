import { DARTS } from "../darts";
import type { Choices, EdgeSpace, NetworkSizes } from "../space";
import { dartsModule } from "./pytorch-darts";

/**
 * A PyTorch module of the network around an architecture, which needs nothing but torch.
 * @param sizes what the arguments of `Network` default to
 */
export function pytorchModule(space: EdgeSpace, choices: Choices, sizes: NetworkSizes): string {
  return space === DARTS ? dartsModule(space, choices, sizes) : nasBench201Module(space, choices, sizes);
}

/**
 * A PyTorch module of the network around one NAS-Bench-201 cell: the macro skeleton of Dong and Yang (ICLR 2020) with affine batch
 * norm. The cell stands in one table, EDGES.
 */
function nasBench201Module(space: EdgeSpace, choices: Choices, sizes: NetworkSizes): string {
  const edges = choices.map((choice, row) => {
    const [from, to] = space.edges[row];
    return `    (${from}, ${to}, "${space.rows[row].choices[choice]}"),`;
  });
  const { channels, cells, imageChannels, classes } = sizes;
  return `"""${space.title} cell, found with BaLeNAS Playground.

${space.format(choices)}
"""

import torch
from torch import nn

# Source node, target node, operation. Node 0 is the input of the cell, node ${space.nodes - 1} its output.
EDGES = [
${edges.join("\n")}
]
NODES = ${space.nodes}


class Zero(nn.Module):
    """The operation \`none\`: no connection."""

    def forward(self, x):
        return torch.zeros_like(x)


class ReLUConvBN(nn.Sequential):
    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__(
            nn.ReLU(inplace=False),
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )


def operation(name, channels):
    if name == "none":
        return Zero()
    if name == "skip_connect":
        return nn.Identity()
    if name == "nor_conv_1x1":
        return ReLUConvBN(channels, channels, 1)
    if name == "nor_conv_3x3":
        return ReLUConvBN(channels, channels, 3)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    raise ValueError(f"unknown operation {name}")


class Cell(nn.Module):
    """Every node is the sum of its incoming edges."""

    def __init__(self, channels):
        super().__init__()
        self.operations = nn.ModuleList([operation(name, channels) for _, _, name in EDGES])

    def forward(self, x):
        nodes = [x] + [None] * (NODES - 1)
        for (source, target, _), op in zip(EDGES, self.operations):
            y = op(nodes[source])
            nodes[target] = y if nodes[target] is None else nodes[target] + y
        return nodes[-1]


class Reduction(nn.Module):
    """Residual block of stride 2 that doubles the channels."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.main = nn.Sequential(ReLUConvBN(inputs, outputs, 3, 2), ReLUConvBN(outputs, outputs, 3))
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False),
            nn.Conv2d(inputs, outputs, 1, bias=False),
        )

    def forward(self, x):
        return self.main(x) + self.shortcut(x)


class Network(nn.Module):
    """Three stages of N cells at C, 2C and 4C channels. Takes batch x channels x height x width, returns logits."""

    def __init__(self, C=${channels}, N=${cells}, image_channels=${imageChannels}, classes=${classes}):
        super().__init__()
        layers = [nn.Conv2d(image_channels, C, 3, padding=1, bias=False), nn.BatchNorm2d(C)]
        for stage in range(3):
            if stage > 0:
                layers.append(Reduction(C * 2 ** (stage - 1), C * 2**stage))
            layers += [Cell(C * 2**stage) for _ in range(N)]
        layers += [nn.BatchNorm2d(4 * C), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(4 * C, classes)

    def forward(self, x):
        return self.classifier(self.features(x))


if __name__ == "__main__":
    network = Network()
    print(sum(p.numel() for p in network.parameters()), "parameters")
    print(network(torch.zeros(2, ${imageChannels}, ${sizes.image}, ${sizes.image})).shape)
`;
}
