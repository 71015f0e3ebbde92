import {
  type ChoiceControl,
  CONTROL_KEYS,
  CONTROLS,
  type ControlKey,
  controlOf,
  type NumberControl,
  type Settings,
  type SettingValue,
} from "./controls";
import { InputError } from "./errors";
import { SPACES } from "./spaces";
import { nearest } from "./text";

/** What may be done with values of controls: defaults, checks of one and of several together. */

/** What VOGN starts from unless told otherwise: without a head start in curvature its first step is N times too long. */
const VOGN_DEFAULTS: Partial<Settings> = { curvature: "example", initialPrecision: 26, archRate: 0.003 };

/** SNAS stops while its mixtures are still soft; GDAS, whose samples are one-hot anyway, goes on. */
const SNAS_DEFAULTS: Partial<Settings> = { temperatureEnd: 1 };

/** As many measurements of the Hessian in the usual number of steps as DARTS has epochs. */
const DARTS_ES_DEFAULTS: Partial<Settings> = { evaluateEvery: 48 };

/** The paper's rate, and its share of the search in which the weights train alone: 15 of 50 epochs. */
const PC_DARTS_DEFAULTS: Partial<Settings> = { archRate: 6e-4 };
const PC_DARTS_WARMUP = 0.3;

/** Settings with every control that `chosen` leaves out at its default; some defaults depend on the method, the update rule or the steps. */
export function withDefaults(chosen: Partial<Settings>): Settings {
  const plain = Object.fromEntries(CONTROL_KEYS.map((key) => [key, CONTROLS[key].default])) as unknown as Settings;
  const ofUpdate = chosen.update === "vogn" ? VOGN_DEFAULTS : {};
  return { ...plain, ...ofUpdate, ...ofMethod(chosen.method, chosen.steps ?? plain.steps), ...chosen };
}

function ofMethod(method: Settings["method"] | undefined, steps: number): Partial<Settings> {
  switch (method) {
    case "snas":
      return SNAS_DEFAULTS;
    case "darts-es":
      return DARTS_ES_DEFAULTS;
    case "pc-darts":
      return {
        ...PC_DARTS_DEFAULTS,
        warmupSteps: Math.min(CONTROLS.warmupSteps.max, Math.round(PC_DARTS_WARMUP * steps)),
      };
    default:
      return {};
  }
}

/** Does the run learn a distribution with scales, rather than a point estimate? */
export function hasScales({ method, scales }: Pick<Settings, "method" | "scales">): boolean {
  return method === "balenas" && scales !== "none";
}

/** Points at which an architecture step wants gradients. */
export function proposalsOf(settings: Pick<Settings, "method" | "scales" | "samples">): number {
  if (settings.method === "rsps") return 0;
  return hasScales(settings) ? settings.samples : 1;
}

/** Does the architecture step look one weight step ahead (second order)? */
export function unrolls(settings: Pick<Settings, "method" | "objective" | "order">): boolean {
  return settings.order === "second" && appliesTo("order", settings);
}

/** Passes of one batch through the network that a search step takes; evaluations come on top. */
export interface StepPasses {
  /** Gradients by the mixing weights. */
  readonly architecture: number;
  /** Gradients by the weights, the weight step's among them. */
  readonly weights: number;
  /** Forward alone. */
  readonly forward: number;
}

/** What a step on a supernet takes, half by half. */
export function stepPasses(settings: Settings): StepPasses {
  const proposals = proposalsOf(settings);
  // The attack on the training batch: a gradient a step, and the loss before and after.
  if (settings.method === "sdarts-adv")
    return { architecture: proposals + settings.ascentSteps, weights: 1, forward: 2 };
  if (unrolls(settings)) return { architecture: 3 * proposals, weights: 1 + 2 * proposals, forward: 0 };
  return { architecture: proposals, weights: 1, forward: 0 };
}

/** Why a value is refused, and the nearest that is not. */
export interface Refusal {
  readonly key: string;
  readonly expected: string;
  readonly nearest: SettingValue;
}

/** What a control accepts, in words: "a whole number from 1 to 16". */
export function expectedOf(key: ControlKey): string {
  const control = controlOf(key);
  if (control.kind === "switch") return "true or false";
  if (control.kind === "choice") {
    const values = control.options.map((option) => option.value);
    return [values.slice(0, -1).join(", "), ...values.slice(-1)].filter((part) => part !== "").join(" or ");
  }
  const noun = control.integer ? "a whole number" : "a number";
  const multiple = control.multipleOf ? `, a multiple of ${control.multipleOf},` : "";
  return `${noun}${multiple} from ${control.min} to ${control.max}`;
}

/** Checks a value of unknown origin: a text typed or linked, or a value read from a file. */
export function checkSetting(key: ControlKey, input: unknown): { value: SettingValue } | { refusal: Refusal } {
  const control = controlOf(key);
  const refuse = (nearest: SettingValue) => ({ refusal: { key, expected: expectedOf(key), nearest } });
  if (control.kind === "switch") {
    if (input === true || input === "true") return { value: true };
    if (input === false || input === "false") return { value: false };
    return refuse(control.default);
  }
  if (control.kind === "choice") {
    const found = control.options.find((option) => option.value === input);
    return found ? { value: found.value } : refuse(nearestText(String(input), control));
  }
  const value = typeof input === "string" && input.trim() !== "" ? Number(input) : input;
  if (typeof value !== "number" || Number.isNaN(value)) return refuse(control.default);
  const nearest = nearestNumber(value, control);
  return nearest === value ? { value } : refuse(nearest);
}

function nearestNumber(value: number, control: NumberControl): number {
  const inside = Math.min(control.max, Math.max(control.min, value));
  const step = control.multipleOf ?? (control.integer ? 1 : 0);
  if (step === 0) return inside;
  const lowest = Math.ceil(control.min / step) * step;
  const highest = Math.floor(control.max / step) * step;
  return Math.min(highest, Math.max(lowest, Math.round(inside / step) * step));
}

function nearestText(text: string, control: ChoiceControl): string {
  return nearest(
    text.toLowerCase(),
    control.options.map((option) => option.value),
  );
}

/** Settings that break a rule which joins controls. */
export interface Clash {
  /** Which values clash and what to do. */
  readonly problem: string;
  /** The controls whose defaults keep the rule. */
  readonly keys: readonly ControlKey[];
}

/** Rules that join controls: the problem with settings that break one, else null. */
const RULES: readonly { readonly keys: Clash["keys"]; readonly problem: (settings: Settings) => string | null }[] = [
  {
    keys: ["objective"],
    problem: ({ space, objective }) =>
      objective === "instant" && !SPACES[space].tabled
        ? `objective instant needs a table of every cell's accuracy, ${SPACES[space].title} has none; ` +
          "the nearest valid value is supernet"
        : null,
  },
  {
    keys: ["method"],
    problem: ({ method, space }) =>
      method === "pc-darts" && SPACES[space].rowsAre === "nodes"
        ? `method pc-darts weighs the edges into a node, ${SPACES[space].title} decides for inputs instead; ` +
          "the nearest valid value is darts"
        : null,
  },
  {
    keys: ["partialChannels", "channels"],
    problem: ({ method, objective, partialChannels, channels }) =>
      method === "pc-darts" && objective === "supernet" && channels % partialChannels > 0
        ? `channels ${channels} cannot be split in partialChannels ${partialChannels} equal parts; ` +
          `the nearest valid number of channels is ${Math.max(1, Math.round(channels / partialChannels)) * partialChannels}`
        : null,
  },
  {
    keys: ["initialPrecision", "priorPrecision"],
    problem: ({ method, initialPrecision, priorPrecision }) =>
      method === "balenas" && initialPrecision < priorPrecision
        ? `initialPrecision ${initialPrecision} is below priorPrecision ${priorPrecision}: ` +
          `a Gaussian cannot start wider than its prior; the nearest valid value is ${priorPrecision}`
        : null,
  },
  {
    keys: ["klWeight", "archBeta2"],
    problem: ({ klWeight, archBeta2 }) =>
      klWeight * (1 - archBeta2) >= 1
        ? `klWeight ${klWeight} forgets all curvature in one step at archBeta2 ${archBeta2}: ` +
          "their product klWeight (1 - archBeta2) must stay below 1; " +
          `the nearest valid klWeight is ${Math.floor(1 / (1 - archBeta2)) - 1}`
        : null,
  },
  {
    keys: ["order"],
    problem: (settings) =>
      settings.method === "balenas" && unrolls(settings) && settings.curvature === "example"
        ? "curvature example needs per-example gradients, which order second does not have: " +
          "the nearest valid values are curvature batch, or order first"
        : null,
  },
  {
    keys: ["weightRateEnd", "weightRate"],
    problem: ({ objective, weightRateEnd, weightRate }) =>
      objective === "supernet" && weightRateEnd > weightRate
        ? `weightRateEnd ${weightRateEnd} is above weightRate ${weightRate}: ` +
          `the rate falls along a cosine; the nearest valid value is ${weightRate}`
        : null,
  },
];

/** The first rule that settings break; null where they keep all. */
export function clashOf(settings: Settings): Clash | null {
  for (const { keys, problem } of RULES) {
    const found = problem(settings);
    if (found !== null) return { problem: found, keys };
  }
  return null;
}

/** @throws {InputError} saying which values clash and what to do */
export function checkTogether(settings: Settings): void {
  const clash = clashOf(settings);
  if (clash) throw new InputError(clash.problem);
}

/** Do this method and this objective read this control? */
export function appliesTo(key: ControlKey, { method, objective }: Pick<Settings, "method" | "objective">): boolean {
  const { methods, objectives } = controlOf(key);
  return (methods?.includes(method) ?? true) && (objectives?.includes(objective) ?? true);
}
