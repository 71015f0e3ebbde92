import type { SearchSpace } from "../../core/space";

/** What the panel's figures mean, for whoever points at one. */
export const TERMS = {
  entropy:
    "Entropy: how open the choice still is. 0 bit when one operation is certain, log2 of their number when all are equally likely.",
  klToPrior:
    "Kullback-Leibler divergence of the posterior from the prior, over all architecture parameters: 0 before anything is learnt, more the further the data have moved the posterior. 1 nat = 1.44 bit.",
  signalToNoise:
    "Signal to noise: how far the largest mean is ahead of the runner-up's, in standard deviations of their difference, (μ1 − μ2) / √(σ1² + σ2²). Above 2 the leader beats the runner-up in 98 draws of 100.",
  ownSignalToNoise: "Signal to noise of this parameter alone: how many standard deviations its mean is from 0.",
  wins: "P(wins): how often this operation has the largest architecture parameter of its edge when all are drawn from the posterior.",
  chosen:
    "P(wins): how often a cell drawn from the posterior takes this candidate: it is among the largest of the row's architecture parameters, as many as the cell takes. Of several the part of each is drawn, and what leads is the set that comes up most, with how often it does.",
  kept: "P(kept): how often a cell drawn from the posterior keeps this edge with this operation, in 500 draws; the grey part is how often it drops the edge. A node keeps its two strongest edges.",
  mixingWeight:
    "Mixing weight: the softmax of the architecture parameters of a row, what the supernet weighs its operations, or inputs, by.",
} as const;

/** What an operation's probability stands for. */
export function winsOf({ keptEdges, rowsAre }: SearchSpace): string {
  if (rowsAre === "nodes") return TERMS.chosen;
  return keptEdges === null ? TERMS.wins : TERMS.kept;
}
