/**
 * One description per control. The form, the link, the command line's flags and help, the run file and the validation are all
 * derived from it, so that a limit or a sentence stands in one place.
 */

/** When a changed value takes effect in a search that is under way. */
export type Acts = "live" | "epoch" | "restart";

export type Group = "set-up" | "objective" | "data" | "network" | "budget" | "weights" | "architecture";

interface ControlBase {
  readonly label: string;
  /** Symbol of the field's notation, where there is one. */
  readonly symbol?: string;
  readonly unit?: string;
  /** One sentence: what it does. */
  readonly help: string;
  readonly group: Group;
  readonly acts: Acts;
  /** Methods that read it; absent where every method does. */
  readonly methods?: readonly string[];
  /** Objectives that read it; absent where both do. */
  readonly objectives?: readonly string[];
}

export interface NumberControl extends ControlBase {
  readonly kind: "number";
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  /** Valid values are multiples of it, counted from 0. */
  readonly multipleOf?: number;
  /** How a slider should run. */
  readonly scale: "linear" | "log";
}

export interface ChoiceControl<Value extends string = string> extends ControlBase {
  readonly kind: "choice";
  readonly default: Value;
  /** The note is a sentence: what this option does that the others don't. */
  readonly options: readonly { readonly value: Value; readonly label: string; readonly note?: string }[];
}

export interface SwitchControl extends ControlBase {
  readonly kind: "switch";
  readonly default: boolean;
}

export type Control = NumberControl | ChoiceControl | SwitchControl;

const number = (control: Omit<NumberControl, "kind">): NumberControl => ({ kind: "number", ...control });
const toggle = (control: Omit<SwitchControl, "kind">): SwitchControl => ({ kind: "switch", ...control });
const choice = <Value extends string>(control: Omit<ChoiceControl<Value>, "kind">): ChoiceControl<Value> => ({
  kind: "choice",
  ...control,
});

const BALENAS = ["balenas"] as const;
/** One value per architecture parameter, learnt by Adam. */
const POINT_ESTIMATES = [
  "darts",
  "gdas",
  "snas",
  "drnas",
  "sdarts-rs",
  "sdarts-adv",
  "beta-darts",
  "darts-es",
  "pc-darts",
] as const;
const LEARNERS = [...BALENAS, ...POINT_ESTIMATES] as const;
const PERTURBED = ["sdarts-rs", "sdarts-adv"] as const;
const GUMBEL = ["gdas", "snas"] as const;
const SUPERNET = ["supernet"] as const;
const INSTANT = ["instant"] as const;

export const CONTROLS = {
  space: choice<"nasbench201" | "darts" | "1shot1-s1" | "1shot1-s2" | "1shot1-s3">({
    label: "Search space",
    default: "nasbench201",
    options: [
      { value: "nasbench201", label: "NAS-Bench-201" },
      { value: "darts", label: "DARTS" },
      { value: "1shot1-s1", label: "1Shot1 S1" },
      { value: "1shot1-s2", label: "1Shot1 S2" },
      { value: "1shot1-s3", label: "1Shot1 S3" },
    ],
    help: "The set of cells that the search chooses from.",
    group: "set-up",
    acts: "restart",
  }),
  method: choice<"balenas" | (typeof POINT_ESTIMATES)[number] | "rsps">({
    label: "Method",
    default: "balenas",
    options: [
      {
        value: "balenas",
        label: "BaLeNAS",
        note: "Keeps a Gaussian over each architecture parameter and learns its mean and scale by natural gradients.",
      },
      {
        value: "darts",
        label: "DARTS",
        note: "Keeps one value for each operation and mixes all operations by their softmax.",
      },
      {
        value: "gdas",
        label: "GDAS",
        note: "Mixes in one operation an edge, sampled by Gumbel noise; the gradient takes the softmax behind the sample.",
      },
      {
        value: "snas",
        label: "SNAS",
        note: "Mixes by the softmax of parameters with Gumbel noise, which a falling temperature sharpens.",
      },
      {
        value: "drnas",
        label: "DrNAS",
        note: "Draws the mixing weights from a Dirichlet distribution and learns its concentrations.",
      },
      {
        value: "sdarts-rs",
        label: "SDARTS-RS",
        note: "DARTS, with the weights trained at randomly perturbed mixing weights; without weights, on the instant objective, it is DARTS.",
      },
      {
        value: "sdarts-adv",
        label: "SDARTS-ADV",
        note: "DARTS, with the weights trained at the nearby mixing weights that raise the loss of their batch most; on the instant objective it is DARTS.",
      },
      {
        value: "beta-darts",
        label: "β-DARTS",
        note: "DARTS, with a growing penalty on the log-sum-exp of each edge's parameters, which holds them together.",
      },
      {
        value: "darts-es",
        label: "DARTS-ES",
        note: "DARTS that ends the search once the validation loss curves more sharply, and goes back to before it did.",
      },
      {
        value: "pc-darts",
        label: "PC-DARTS",
        note: "DARTS whose operations see one in K channels, shuffled with the rest at each node, and whose edges into a node have a softmax of their own; on the instant objective it is DARTS.",
      },
      {
        value: "rsps",
        label: "RSPS",
        note: "Trains the weights on random cells and learns no architecture: the best of many random cells on a validation batch wins.",
      },
    ],
    help: "How the architecture is learnt.",
    group: "set-up",
    acts: "restart",
  }),
  seed: number({
    label: "Seed",
    default: 1,
    min: 0,
    max: 2147483647,
    integer: true,
    scale: "linear",
    help: "Fixes the initial weights, the batches and the architecture noise; the same seed repeats the run.",
    group: "set-up",
    acts: "restart",
  }),
  objective: choice<"supernet" | "instant">({
    label: "Objective",
    default: "supernet",
    options: [
      { value: "supernet", label: "supernet" },
      { value: "instant", label: "instant: the benchmark's answers" },
    ],
    help: "What the architecture learns from: a supernet trained on images, or the benchmark's own table of trained cells, which a real search never sees.",
    group: "set-up",
    acts: "restart",
  }),
  objectiveData: choice<"cifar10" | "cifar100" | "imagenet16-120">({
    label: "Answers for",
    default: "cifar10",
    options: [
      { value: "cifar10", label: "CIFAR-10" },
      { value: "cifar100", label: "CIFAR-100" },
      { value: "imagenet16-120", label: "ImageNet16-120" },
    ],
    help: "The data set whose validation accuracies the instant objective averages.",
    group: "objective",
    acts: "restart",
    objectives: INSTANT,
  }),
  objectiveNoise: number({
    label: "Sampled cells",
    symbol: "B",
    unit: "cells",
    default: 0,
    min: 0,
    max: 256,
    integer: true,
    scale: "linear",
    help: "How many sampled cells each step's gradient is estimated from, on CIFAR-10 with the benchmark's spread between runs; 0 averages all cells exactly.",
    group: "objective",
    acts: "live",
    objectives: INSTANT,
  }),
  data: choice<"fashion-mnist">({
    label: "Data",
    default: "fashion-mnist",
    options: [{ value: "fashion-mnist", label: "Fashion-MNIST" }],
    help: "The images that train the supernet: one half for the weights, the other for the architecture.",
    group: "data",
    acts: "restart",
    objectives: SUPERNET,
  }),
  images: number({
    label: "Images a half",
    default: 25000,
    min: 1250,
    max: 30000,
    integer: true,
    multipleOf: 1250,
    scale: "linear",
    help: "Training images for the weights, and as many others for the architecture; too few are over-fitted within a dozen epochs.",
    group: "data",
    acts: "restart",
    objectives: SUPERNET,
  }),
  image: number({
    label: "Image size",
    unit: "px",
    default: 8,
    min: 8,
    max: 32,
    integer: true,
    multipleOf: 2,
    scale: "linear",
    help: "Side to which the 28 px images are averaged down, or padded up.",
    group: "data",
    acts: "restart",
    objectives: SUPERNET,
  }),
  shift: number({
    label: "Shift",
    unit: "px",
    default: 1,
    min: 0,
    max: 4,
    integer: true,
    scale: "linear",
    help: "Each training image moves by up to this much in both directions.",
    group: "data",
    acts: "epoch",
    objectives: SUPERNET,
  }),
  flip: toggle({
    label: "Flip",
    default: true,
    help: "Mirrors half of the training images left to right.",
    group: "data",
    acts: "epoch",
    objectives: SUPERNET,
  }),
  cutout: number({
    label: "Cutout",
    unit: "px",
    default: 0,
    min: 0,
    max: 16,
    integer: true,
    scale: "linear",
    help: "Side of a square that is blanked at a random place of each training image.",
    group: "data",
    acts: "epoch",
    objectives: SUPERNET,
  }),
  channels: number({
    label: "Channels",
    symbol: "C",
    default: 4,
    min: 1,
    max: 64,
    integer: true,
    scale: "log",
    help: "Channels of the first stage; the second and third have twice and four times as many.",
    group: "network",
    acts: "restart",
    objectives: SUPERNET,
  }),
  cells: number({
    label: "Cells a stage",
    symbol: "N",
    default: 1,
    min: 1,
    max: 5,
    integer: true,
    scale: "linear",
    help: "Cells in each of the three stages, the reduction cells of the DARTS space not counted; all share the same architecture parameters.",
    group: "network",
    acts: "restart",
    objectives: SUPERNET,
  }),
  batch: number({
    label: "Batch",
    symbol: "B",
    unit: "images",
    default: 64,
    min: 2,
    max: 256,
    integer: true,
    scale: "log",
    help: "Images in each half of a search step.",
    group: "network",
    acts: "restart",
    objectives: SUPERNET,
  }),
  steps: number({
    label: "Steps",
    default: 2400,
    min: 1,
    max: 100000,
    integer: true,
    scale: "log",
    help: "Length of the search; a step is one architecture step, then one weight step.",
    group: "budget",
    acts: "restart",
  }),
  patience: number({
    label: "Stop when settled for",
    unit: "steps",
    default: 0,
    min: 0,
    max: 100000,
    integer: true,
    scale: "log",
    help: "Ends the search once the most probable cell has stayed the same for so many architecture steps; RSPS, which has none, counts those between decisions alike; 0 takes all steps.",
    group: "budget",
    acts: "live",
  }),
  minutes: number({
    label: "Time limit",
    unit: "min",
    default: 0,
    min: 0,
    max: 1440,
    scale: "log",
    help: "Ends the search after so much time spent stepping; 0 sets no limit. Another machine ends at another step, so such a run does not repeat.",
    group: "budget",
    acts: "live",
  }),
  warmupSteps: number({
    label: "Warm-up",
    unit: "steps",
    default: 0,
    min: 0,
    max: 10000,
    integer: true,
    scale: "linear",
    help: "Steps at the start that train the weights alone.",
    group: "budget",
    acts: "restart",
    methods: LEARNERS,
    objectives: SUPERNET,
  }),
  evaluateEvery: number({
    label: "Evaluate every",
    unit: "steps",
    default: 200,
    min: 1,
    max: 100000,
    integer: true,
    scale: "log",
    help: "How often the supernet is scored on images of the architecture half, without augmentation.",
    group: "budget",
    acts: "live",
  }),
  evaluateImages: number({
    label: "Evaluate on",
    unit: "images",
    default: 256,
    min: 1,
    max: 30000,
    integer: true,
    scale: "log",
    help: "How many images each evaluation looks at, rounded up to whole batches.",
    group: "budget",
    acts: "live",
    objectives: SUPERNET,
  }),
  sharpnessEvery: number({
    label: "Measure sharpness every",
    unit: "steps",
    default: 0,
    min: 0,
    max: 100000,
    integer: true,
    scale: "log",
    help: "How often, and at the end, the curvature of the validation loss at the mean is measured, between two steps; 0 for never.",
    group: "budget",
    acts: "live",
  }),
  weightRate: number({
    label: "Weight rate",
    default: 0.05,
    min: 1e-5,
    max: 1,
    scale: "log",
    help: "Learning rate of the weights at the first step; it falls along a cosine.",
    group: "weights",
    acts: "live",
    objectives: SUPERNET,
  }),
  weightRateEnd: number({
    label: "Final weight rate",
    default: 0.001,
    min: 0,
    max: 1,
    scale: "log",
    help: "Where the cosine ends.",
    group: "weights",
    acts: "live",
    objectives: SUPERNET,
  }),
  weightMomentum: number({
    label: "Weight momentum",
    default: 0.9,
    min: 0,
    max: 0.999,
    scale: "linear",
    help: "Nesterov momentum of the weights' gradient.",
    group: "weights",
    acts: "live",
    objectives: SUPERNET,
  }),
  weightDecay: number({
    label: "Weight decay",
    default: 5e-4,
    min: 0,
    max: 0.1,
    scale: "log",
    help: "Pull of the weights towards zero, added to their gradient.",
    group: "weights",
    acts: "live",
    objectives: SUPERNET,
  }),
  gradientClip: number({
    label: "Gradient clip",
    default: 5,
    min: 0.01,
    max: 1000,
    scale: "log",
    help: "Largest norm of the weights' gradient; a longer one is scaled back to it.",
    group: "weights",
    acts: "live",
    objectives: SUPERNET,
  }),
  archRate: number({
    label: "Architecture rate",
    symbol: "lr",
    default: 0.0025,
    min: 1e-6,
    max: 1,
    scale: "log",
    help: "Learning rate of the architecture parameters; a parameter can travel at most about rate times steps.",
    group: "architecture",
    acts: "live",
    methods: LEARNERS,
  }),
  archBeta1: number({
    label: "Gradient memory",
    symbol: "β₁",
    default: 0.5,
    min: 0,
    max: 0.999,
    scale: "linear",
    help: "Share of the running mean of the architecture gradient that each step keeps.",
    group: "architecture",
    acts: "live",
    methods: LEARNERS,
  }),
  archBeta2: number({
    label: "Curvature memory",
    symbol: "β₂",
    default: 0.999,
    min: 0.5,
    max: 0.99999,
    scale: "linear",
    help: "Share of the running curvature that each step keeps; it sets how fast the scales change.",
    group: "architecture",
    acts: "live",
    methods: LEARNERS,
  }),
  archDecay: number({
    label: "Architecture decay",
    default: 1e-3,
    min: 0,
    max: 0.1,
    scale: "log",
    help: "Pull of the architecture parameters towards zero, in DrNAS of the concentrations towards one; BaLeNAS has its prior instead.",
    group: "architecture",
    acts: "live",
    methods: POINT_ESTIMATES,
  }),
  order: choice<"first" | "second">({
    label: "Order",
    default: "first",
    options: [
      { value: "first", label: "first", note: "Takes the weights as they are." },
      {
        value: "second",
        label: "second: one weight step ahead",
        note: "Follows the validation loss after one weight step, which depends on the architecture too; each sample then costs six times as much.",
      },
    ],
    help: "Whether the architecture's gradient heeds that the weights answer to the architecture.",
    group: "architecture",
    acts: "restart",
    methods: ["balenas", "darts"],
    objectives: SUPERNET,
  }),
  update: choice<"vadam" | "vogn">({
    label: "Update",
    default: "vadam",
    options: [
      { value: "vadam", label: "Vadam (square root)" },
      { value: "vogn", label: "VOGN (natural gradient)" },
    ],
    help: "Vadam divides by the root of the curvature, as the author's code does; VOGN by the curvature itself.",
    group: "architecture",
    acts: "restart",
    methods: BALENAS,
  }),
  curvature: choice<"batch" | "example">({
    label: "Curvature",
    default: "batch",
    options: [
      { value: "batch", label: "square of the batch gradient" },
      { value: "example", label: "mean of per-example squares" },
    ],
    help: "What stands for the curvature: the second is larger by the noise between examples, so the scales shrink further.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
  }),
  priorPrecision: number({
    label: "Prior precision",
    symbol: "δ",
    default: 1,
    min: 0.01,
    max: 1000,
    scale: "log",
    help: "Precision of the Gaussian prior around zero; no scale can exceed one over its root.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
  }),
  initialPrecision: number({
    label: "Initial precision",
    symbol: "λ₀",
    default: 1,
    min: 0.01,
    max: 100000,
    scale: "log",
    help: "Precision of every Gaussian at the start, at least the prior's; VOGN needs it well above the prior's.",
    group: "architecture",
    acts: "restart",
    methods: BALENAS,
  }),
  posteriorN: number({
    label: "Data size",
    symbol: "N",
    default: 25000,
    min: 100,
    max: 1000000,
    integer: true,
    scale: "log",
    help: "How many examples the posterior believes the validation loss stands for; more make the scales smaller.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
  }),
  klWeight: number({
    label: "Prior weight",
    symbol: "τ",
    default: 1,
    min: 0,
    max: 100,
    scale: "linear",
    help: "Weight of the divergence from the prior in the objective.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
  }),
  samples: number({
    label: "Monte Carlo samples",
    symbol: "K",
    default: 1,
    min: 1,
    max: 16,
    integer: true,
    scale: "linear",
    help: "Architectures drawn from the posterior for each architecture step; each costs one more pass.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
  }),
  weightsAt: choice<"mean" | "sample">({
    label: "Train weights at",
    default: "sample",
    options: [
      { value: "sample", label: "a fresh sample" },
      { value: "mean", label: "the mean" },
    ],
    help: "Mixing weights of the weight step: the author trains at the mean; at this scale a sample did better.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
    objectives: SUPERNET,
  }),
  scales: choice<"learnt" | "fixed" | "none">({
    label: "Scales",
    default: "learnt",
    options: [
      { value: "learnt", label: "learnt" },
      { value: "fixed", label: "one fixed scale" },
      { value: "none", label: "no noise" },
    ],
    help: "BaLeNAS learns a scale for each Gaussian; the other two take that away to show what it adds.",
    group: "architecture",
    acts: "restart",
    methods: BALENAS,
  }),
  fixedScale: number({
    label: "Fixed scale",
    symbol: "σ",
    default: 0.5,
    min: 0.001,
    max: 10,
    scale: "log",
    help: "Standard deviation of every Gaussian where the scales are fixed.",
    group: "architecture",
    acts: "live",
    methods: BALENAS,
  }),
  temperatureStart: number({
    label: "First temperature",
    symbol: "T",
    default: 10,
    min: 0.01,
    max: 100,
    scale: "log",
    help: "Divides the parameters with their Gumbel noise at the first step; a high one makes the softmax even. It changes linearly.",
    group: "architecture",
    acts: "live",
    methods: GUMBEL,
  }),
  temperatureEnd: number({
    label: "Last temperature",
    symbol: "T",
    default: 0.1,
    min: 0.01,
    max: 100,
    scale: "log",
    help: "The temperature at the end; a low one makes the softmax all but one-hot. SNAS ends at 1 unless told otherwise.",
    group: "architecture",
    acts: "live",
    methods: GUMBEL,
  }),
  perturbationStart: number({
    label: "First perturbation",
    symbol: "ε",
    default: 0.03,
    min: 0,
    max: 1,
    scale: "linear",
    help: "How far the weight step's mixing weights may be moved at the first step; it changes linearly.",
    group: "architecture",
    acts: "live",
    methods: PERTURBED,
    objectives: SUPERNET,
  }),
  perturbationEnd: number({
    label: "Last perturbation",
    symbol: "ε",
    default: 0.3,
    min: 0,
    max: 1,
    scale: "linear",
    help: "How far the weight step's mixing weights may be moved at the end.",
    group: "architecture",
    acts: "live",
    methods: PERTURBED,
    objectives: SUPERNET,
  }),
  ascentSteps: number({
    label: "Ascent steps",
    unit: "steps",
    default: 7,
    min: 1,
    max: 50,
    integer: true,
    scale: "linear",
    help: "Gradient steps that look for the worst mixing weights within the perturbation, each of twice it over their number; each costs one more pass.",
    group: "architecture",
    acts: "live",
    methods: ["sdarts-adv"],
    objectives: SUPERNET,
  }),
  betaWeight: number({
    label: "Beta decay",
    symbol: "λ",
    default: 3,
    min: 0,
    max: 100,
    scale: "linear",
    help: "Weight at the end of the penalty on the parameters' log-sum-exp; it grows linearly from 0. The authors reach 50 in 39,100 steps.",
    group: "architecture",
    acts: "live",
    methods: ["beta-darts"],
  }),
  partialChannels: number({
    label: "Partial channels",
    symbol: "K",
    default: 4,
    min: 1,
    max: 16,
    integer: true,
    scale: "linear",
    help: "One in so many channels goes through the operations of an edge, the others bypass them; it must divide the channels, and 1 takes them all.",
    group: "architecture",
    acts: "restart",
    methods: ["pc-darts"],
    objectives: SUPERNET,
  }),
  stopFactor: number({
    label: "Stop at growth of",
    symbol: "λ/λ′",
    default: 1.3,
    min: 1,
    max: 100,
    scale: "log",
    help: "Ends the search once the largest eigenvalue of the Hessian, averaged over 5 evaluations, is so many times what it was 4 evaluations earlier; for that every evaluation takes 60 gradients.",
    group: "architecture",
    acts: "live",
    methods: ["darts-es"],
  }),
  earliestStop: number({
    label: "Go back at most to",
    unit: "evaluation",
    default: 10,
    min: 0,
    max: 1000,
    integer: true,
    scale: "linear",
    help: "The first evaluation, counted from 0, to which the search may go back when it ends; that takes 6 evaluations more.",
    group: "architecture",
    acts: "live",
    methods: ["darts-es"],
  }),
  trials: number({
    label: "Cells tried",
    unit: "cells",
    default: 100,
    min: 1,
    max: 1000,
    integer: true,
    scale: "log",
    help: "How many random cells are scored on one validation batch at each evaluation; the best is the decision.",
    group: "architecture",
    acts: "live",
    methods: ["rsps"],
  }),
} as const satisfies Record<string, Control>;

export type ControlKey = keyof typeof CONTROLS;

type ValueOf<C> = C extends ChoiceControl<infer Value> ? Value : C extends SwitchControl ? boolean : number;

/** A value for every control. */
export type Settings = { readonly [K in ControlKey]: ValueOf<(typeof CONTROLS)[K]> };

export type SettingValue = number | boolean | string;

export const CONTROL_KEYS = Object.keys(CONTROLS) as ControlKey[];

/** The control behind a key, with its kind to be told apart. */
export function controlOf(key: ControlKey): Control {
  return CONTROLS[key];
}

export function isControlKey(key: string): key is ControlKey {
  return Object.hasOwn(CONTROLS, key);
}
