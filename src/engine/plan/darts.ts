import { STEM_MULTIPLIER } from "../../core/darts";
import { type DartsCell, dartsCells, strideOf } from "../darts";
import { copyChannels, reductions } from "./factorised";
import { type Fan, fanOut } from "./fan";
import {
  type Context,
  cellNorm,
  convData,
  convForward,
  convolution,
  convWeights,
  keeps,
  learnsMixing,
  normBackward,
  normForward,
  releaseNorm,
} from "./layer";
import { type Candidate, nodeBackward, termsOf } from "./node";
import { Bypass, mixingSize, type Stretch } from "./partial";
import type { Tensor } from "./program";
import { meanHead, stem } from "./skeleton";
import { vectorsOf } from "./weights";

/** An output of the stem or of a cell, which up to three inputs of cells read. */
interface State {
  readonly y: Tensor;
  /** Whether anybody needs dL/dy. */
  readonly wanted: boolean;
  /** dL/dy as far as it is known. */
  gradient?: Tensor;
}

/** Adds the entries of one pass through a network of DARTS, up to its gradients. */
export function dartsNetwork(context: Context): void {
  const { spec, pass, program, regions } = context;
  const { channels, image, imageChannels } = spec.sizes;
  const learnsWeights = pass === "weights";
  program.layer = "stem";
  const images = { offset: regions.images, side: image, vectors: vectorsOf(imageChannels) };
  const first = stem(context, images, STEM_MULTIPLIER * channels);
  const states: State[] = [{ y: first.y, wanted: learnsWeights }];
  const cells = dartsCells(spec.space, spec.sizes, spec.architecture).map((shape, i) => {
    const inputs = [states[Math.max(0, i - 1)], states[i]] as const;
    const made = dartsCell(context, shape, inputs);
    states.push({ y: made.y, wanted: true });
    // The stem feeds both inputs of the first cell, and one of the second.
    if (!keeps(context) && i > 0) program.release(inputs[0].y);
    return made;
  });
  program.layer = "head";
  const last = meanHead(context, states[states.length - 1].y);
  if (!keeps(context)) return;

  states[states.length - 1].gradient = last.backward();
  for (let i = cells.length - 1; i >= 0; i--) cells[i].backward(gradientOf(states[i + 1]));
  program.layer = "stem";
  if (learnsWeights) first.backward(gradientOf(states[0]), false);
}

function gradientOf({ gradient }: State): Tensor {
  if (!gradient) throw new Error("nobody reads an output of the network's");
  return gradient;
}

/** An input of a cell, brought to the cell's channels and side, whose forward entries were added. */
interface Input {
  readonly y: Tensor;
  /** Adds the backward entries; takes dL/dy over. */
  backward(dy: Tensor): void;
  release(): void;
}

/** Rectifier, 1 x 1 convolution (a factorised reduction where `halves`) and batch norm. */
function inputOf(context: Context, name: string, state: State, channels: number, halves: boolean): Input {
  const { program } = context;
  const x = state.y;
  const made = halves
    ? reductions(context, [name], x, channels)
    : pointConvolution(context, `${name}/conv`, x, channels);
  const norm = cellNorm(context, name, made.z);
  const y = normForward(context, norm);
  const release = () => {
    releaseNorm(context, norm);
    program.release(made.z);
    if (keeps(context)) made.release();
  };
  if (!keeps(context)) release();
  return {
    y,
    backward(dy) {
      normBackward(context, norm, dy);
      program.release(dy);
      const isFirst = !state.gradient;
      state.gradient ??= program.tensor(x.side, x.vectors);
      made.backward(state.gradient, !isFirst);
    },
    release() {
      program.release(y);
      if (keeps(context)) release();
    },
  };
}

/** As `reductions`, with a single convolution that keeps the side. */
function pointConvolution(context: Context, name: string, x: Tensor, channels: number) {
  const conv = convolution(context, name, x, { kernel: 1, stride: 1, channels, rectify: true });
  convForward(context, conv);
  return {
    z: conv.z,
    backward(dx: Tensor, add: boolean) {
      convWeights(context, conv, conv.z);
      convData(context, conv, conv.z, dx, add);
    },
    release() {},
  };
}

/** A cell whose forward entries were added. */
interface Cell {
  readonly y: Tensor;
  /** Adds the backward entries; takes dL/dy over and releases it, with all tensors that the cell made. */
  backward(dy: Tensor): void;
}

/**
 * Every node of a cell is the sum over its incoming edges and their candidates of p * candidate; the output is all nodes. With
 * partial channels (partial.ts) `nodes` are those channels that operations read.
 */
function dartsCell(context: Context, shape: DartsCell, states: readonly [State, State]): Cell {
  const { program, spec } = context;
  const { name, channels, edges } = shape;
  const { space } = spec;
  const partial = spec.architecture ? 1 : (spec.partial ?? 1);
  program.layer = `${name}/inputs`;
  const inputs = [
    inputOf(context, `${name}/input0`, states[0], channels, shape.halvesFirst),
    inputOf(context, `${name}/input1`, states[1], channels, false),
  ];
  const { first, end } = space.cellKinds[shape.isReduction ? 1 : 0];
  const around = { channels, first, end, strideOf: (node: number) => strideOf(shape, node) };
  const bypass = partial > 1 ? new Bypass(context, around) : undefined;
  const nodes = inputs.map(({ y }) => bypass?.open(y) ?? y);
  const stretches = (node: number, tensor: Tensor, of: "value" | "gradient"): Stretch[] =>
    bypass?.stretches(node, tensor, of) ?? [{ tensor, at: 0, channels }];
  const fans: Fan[] = [];
  const side = Math.ceil(nodes[1].side / strideOf(shape, 0));
  const { outputs } = space;
  const y = program.tensor(side, vectorsOf(outputs.length * channels));
  for (const to of outputs) {
    // Candidates come with their source, which is complete by now.
    for (let from = fans.length; from < to; from++) {
      const leaving = edges.filter((edge) => edge.from === from);
      program.layer = `${name}/${from}`;
      fans.push(fanOut(context, name, leaving, nodes[from], channels / partial, strideOf(shape, from)));
    }
    program.layer = `${name}/${to}`;
    const mixed = program.tensor(side, nodes[0].vectors);
    const into = candidatesInto(fans, to);
    const branches = fans.flatMap((fan) => fan.branches.filter((branch) => branch.to === to));
    const isSet = into.length > 0 || branches.length === 0;
    if (isSet) program.addTerms("node", { y: mixed.offset, side, vectors: mixed.vectors }, termsOf(into));
    for (const [i, { norm }] of branches.entries()) {
      normForward(context, norm, { addend: isSet || i > 0 ? mixed : undefined, y: mixed });
    }
    const node = bypass?.join(to, mixed) ?? mixed;
    for (const { tensor, at, channels: own } of stretches(to, node, "value")) {
      copyChannels(context, whole(tensor), { tensor: y, channel: (to - 2) * channels + at }, own);
    }
    nodes.push(node);
  }
  const release = () => {
    for (const fan of fans) fan.release();
    program.release(...nodes.slice(2));
    bypass?.release();
    for (const input of inputs) input.release();
  };
  if (!keeps(context)) release();
  return {
    y,
    backward(dy) {
      const isWanted = (node: number) => node > 1 || states[node].wanted;
      const gradients: (Tensor | undefined)[] = nodes.map(() => undefined);
      const sums: number[] = Array.from({ length: mixingSize(spec) }, () => -1);
      for (let node = nodes.length - 1; node >= 0; node--) {
        program.layer = `${name}/${node}`;
        if (!isWanted(node)) continue;
        const fan: Fan | undefined = fans[node];
        const gradient = fan ? fan.backward(gradients) : program.tensor(side, nodes[node].vectors);
        bypass?.spread(node);
        if (node < 2) {
          const whole = bypass?.close(node, gradient) ?? gradient;
          program.layer = `${name}/inputs`;
          inputs[node].backward(whole);
          continue;
        }
        for (const { tensor, at, channels: own } of stretches(node, gradient, "gradient")) {
          const channel = (node - 2) * channels + at;
          copyChannels(context, { tensor: dy, channel }, whole(tensor), own, fan !== undefined);
        }
        const mixed = bypass?.separate(node, gradient) ?? gradient;
        gradients[node] = mixed;
        nodeBackward(context, candidatesInto(fans, node), mixed, isWanted, sums);
      }
      if (learnsMixing(context))
        context.mixingSums.push([nodes[0].vectors, ...sums], ...(bypass ? [bypass.mixingSums] : []));
      program.release(...gradients.filter((gradient) => gradient !== undefined), dy, y);
      release();
    },
  };
}

function whole(tensor: Tensor): { tensor: Tensor; channel: number } {
  return { tensor, channel: 0 };
}

function candidatesInto(fans: readonly Fan[], to: number): Candidate[] {
  return fans.flatMap(({ candidates }) => candidates.filter((candidate) => candidate.to === to));
}
