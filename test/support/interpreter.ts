import type { Batch, WeightStep } from "../../src/engine/engine";
import { NORM_EPSILON, RUNNING_MOMENTUM } from "../../src/engine/network";
import { packState, stateParts } from "../../src/engine/plan/exchange";
import {
  type Arguments,
  argumentsOf,
  type Entry,
  type Kind,
  SPREAD_FIELDS,
  TERM,
  TERM_FIELDS,
  type Term,
  termsOf,
  WINDOW,
} from "../../src/engine/plan/kernels";
import { withEdges } from "../../src/engine/plan/partial";
import type { Plan } from "../../src/engine/plan/plan";
import { unpack } from "../../src/engine/plan/weights";

/** Taps of the kinds of window that take a maximum. */
const MAXIMA: Readonly<Record<number, readonly number[]>> = {
  [WINDOW.max]: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  [WINDOW.block]: [4, 5, 7, 8],
  [WINDOW.corner]: [0, 1, 3, 4],
};

const isMaximum = (kind: number) => kind in MAXIMA;

/**
 * Runs a plan in float64, one loop a sum as kernels.ts states it. It is what the plan is verified with (against a network written
 * without one), and what an executor's kernels are compared with, entry by entry.
 */
export class Interpreter {
  readonly arena: Float64Array;

  constructor(readonly plan: Plan) {
    this.arena = new Float64Array(plan.floats);
  }

  /** Sets weights, or a whole state, from a flat vector. */
  load(state: ArrayLike<number>): void {
    const parts = stateParts(this.plan);
    const ranges = parts.map(({ floats }) => new Float32Array(floats));
    packState(this.plan, state, ranges);
    for (const [i, { offset }] of parts.entries()) this.arena.set(ranges[i], offset);
  }

  /** The running statistics of a discrete network, flat. */
  running(): Float64Array {
    const flat = new Float64Array(this.plan.running.reduce((sum, { parameter }) => sum + parameter.size, 0));
    unpack(this.plan.running, this.arena.subarray(this.plan.regions.running), flat);
    return flat;
  }

  /** A region that is packed like the weights, flat. */
  flat(region: "weights" | "velocities" | "gradient"): Float32Array {
    const { blocks, regions, packed } = this.plan;
    const last = blocks.reduce((end, { parameter }) => Math.max(end, parameter.offset + parameter.size), 0);
    const flat = new Float32Array(last);
    unpack(blocks, this.arena.subarray(regions[region], regions[region] + packed), flat);
    return flat;
  }

  /** Sets what a program reads. */
  feed(mixing: ArrayLike<number>, batch: Batch, step?: WeightStep): void {
    const { regions, spec, images } = this.plan;
    const { image, imageChannels } = spec.sizes;
    this.arena.set(withEdges(spec, mixing), regions.mixing);
    this.arena[regions.one] = 1;
    if (step) this.arena.set([step.rate, step.momentum, step.decay, step.clip], regions.hyper);
    this.arena.set(batch.labels, regions.labels);
    const vectors = Math.ceil(imageChannels / 4);
    for (let b = 0; b < spec.batch; b++) {
      for (let p = 0; p < image * image; p++) {
        for (let c = 0; c < imageChannels; c++) {
          const at = ((p * vectors + (c >> 2)) * images + b) * 4 + (c & 3);
          this.arena[regions.images + at] = batch.images[(b * image * image + p) * imageChannels + c];
        }
      }
    }
  }

  run(entries: readonly Entry[]): void {
    for (const entry of entries) this.step(entry);
  }

  step(entry: Entry): void {
    const run = this.kernels[entry.kind] as (args: Arguments<Kind>, entry: Entry) => void;
    run(argumentsOf(entry.kind, entry), entry);
  }

  /** Index of an element of a tensor. */
  private at(offset: number, vectors: number, position: number, channel: number, image: number): number {
    return offset + ((position * vectors + (channel >> 2)) * this.plan.images + image) * 4 + (channel & 3);
  }

  private mean(stats: number, channel: number): number {
    return this.arena[stats + 8 * (channel >> 2) + (channel & 3)];
  }

  private inverse(stats: number, channel: number): number {
    return this.arena[stats + 8 * (channel >> 2) + 4 + (channel & 3)];
  }

  /** Calls back for every (position, channel, real image). */
  private each(positions: number, vectors: number, visit: (p: number, c: number, b: number) => void): void {
    for (let p = 0; p < positions; p++) {
      for (let c = 0; c < 4 * vectors; c++) for (let b = 0; b < this.plan.spec.batch; b++) visit(p, c, b);
    }
  }

  /** Calls back for every multiply-accumulate of a convolution: indices of x, of z and of the weight. */
  private taps(a: Arguments<"conv">, visit: (x: number, z: number, w: number, position: number) => void): void {
    const zVectors = a.wideVectors + a.pointVectors;
    for (let p = 0; p < a.zSide * a.zSide; p++) {
      const [row, column] = [Math.floor(p / a.zSide), p % a.zSide];
      for (let o = 0; o < 4 * zVectors; o++) {
        const isWide = o < 4 * a.wideVectors;
        const [kernel, block, out] = isWide ? [a.kernel, a.wide, o] : [1, a.point, o - 4 * a.wideVectors];
        const pad = (kernel - 1) / 2;
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const y = row * a.stride + Math.floor(tap / kernel) - pad;
          const x = column * a.stride + (tap % kernel) - pad;
          if (y < 0 || x < 0 || y >= a.xSide || x >= a.xSide) continue;
          for (let i = 0; i < 4 * a.xVectors; i++) {
            const w = block + (((out >> 2) * kernel * kernel + tap) * 4 * a.xVectors + i) * 4 + (out & 3);
            for (let b = 0; b < this.plan.spec.batch; b++) {
              visit(this.at(a.x, a.xVectors, y * a.xSide + x, i, b), this.at(a.z, zVectors, p, o, b), w, p);
            }
          }
        }
      }
    }
  }

  /** Positions of the 3 x 3 window around one, inside the image. */
  private window(position: number, side: number): number[] {
    const [row, column] = [Math.floor(position / side), position % side];
    const found: number[] = [];
    for (let y = Math.max(0, row - 1); y <= Math.min(side - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(side - 1, column + 1); x++) found.push(y * side + x);
    }
    return found;
  }

  private term(t: Term, side: number, p: number, c: number, b: number): number {
    if (c < 4 * t.to || c >= 4 * (t.to + t.count)) return 0;
    const channel = 4 * (t.first - t.to) + c;
    const value = (position: number) => this.arena[this.at(t.source, t.sourceVectors, position, channel, b)];
    if (t.kind === TERM.identity) return value(p);
    if (t.kind === TERM.normalised) return (value(p) - this.mean(t.stats, c)) * this.inverse(t.stats, c);
    const window = this.window(p, side);
    return window.reduce((sum, position) => sum + value(position), 0) / window.length;
  }

  /** Calls back for every multiply-accumulate of depthwise convolutions: indices of x, of z and of the weight. */
  private depthwiseTaps(
    a: Arguments<"depthwise">,
    visit: (x: number, z: number, w: number, position: number) => void,
  ): void {
    const centre = (a.kernel - 1) / 2;
    this.each(a.zSide ** 2, a.vectors, (p, c, b) => {
      const u = c >> 2;
      const channel = 4 * (a.xFirst + (u % a.xCount)) + (c & 3);
      for (let tap = 0; tap < a.kernel ** 2; tap++) {
        const y = Math.floor(p / a.zSide) * a.stride + a.dilation * (Math.floor(tap / a.kernel) - centre);
        const x = (p % a.zSide) * a.stride + a.dilation * ((tap % a.kernel) - centre);
        if (y < 0 || x < 0 || y >= a.xSide || x >= a.xSide) continue;
        const w = a.weights + (u * a.kernel ** 2 + tap) * 4 + (c & 3);
        visit(
          this.at(a.x, a.xVectors, y * a.xSide + x, channel, b),
          this.at(a.z, a.zVectors, p, 4 * a.zFirst + c, b),
          w,
          p,
        );
      }
    });
  }

  /** The same for groups of pointwise convolutions, with x at an offset of its own. */
  private pointwiseTaps(
    a: Omit<Arguments<"pointwise">, "x">,
    x: number,
    visit: (x: number, z: number, w: number, position: number) => void,
  ): void {
    this.each(a.positions, a.groups * a.outs, (p, o, b) => {
      const group = Math.floor(o / 4 / a.outs);
      for (let i = 0; i < 4 * a.ins; i++) {
        const w = a.weights + ((o >> 2) * 4 * a.ins + i) * 4 + (o & 3);
        const from = this.at(x, a.groups * a.ins, p, 4 * a.ins * group + i, b);
        visit(from, this.at(a.z, a.groups * a.outs, p, o, b), w, p);
      }
    });
  }

  /** Clears all parts of a gradient, and calls back with the part that each position belongs to. */
  private partsOf(
    a: { weights: number; parts: number; partStride: number },
    floats: number,
    positions: number,
  ): (position: number) => number {
    for (let part = 0; part < a.parts; part++) {
      const from = a.weights + part * a.partStride;
      this.arena.fill(0, from, from + floats);
    }
    return (p) => {
      let part = 0;
      while (p >= Math.floor(((part + 1) * positions) / a.parts)) part++;
      return part;
    };
  }

  /** Windows: calls back for each output position with the tap and position of its existing pixels. */
  private windows(
    a: Pick<Arguments<"windows">, "kind" | "stride" | "xSide" | "ySide">,
    visit: (p: number, pixels: { tap: number; q: number }[]) => void,
  ): void {
    const { xSide, ySide, stride } = a;
    const taps = MAXIMA[a.kind] ?? MAXIMA[WINDOW.max];
    for (let p = 0; p < ySide * ySide; p++) {
      const pixels: { tap: number; q: number }[] = [];
      for (const tap of taps) {
        const y = Math.floor(p / ySide) * stride + Math.floor(tap / 3) - 1;
        const x = (p % ySide) * stride + (tap % 3) - 1;
        if (y >= 0 && x >= 0 && y < xSide && x < xSide) pixels.push({ tap, q: y * xSide + x });
      }
      visit(p, pixels);
    }
  }

  /** Windows of 2 x 2 with stride 2: calls back with input position, output position and the window's number of pixels. */
  private halves(side: number, visit: (from: number, to: number, count: number) => void): void {
    const half = Math.ceil(side / 2);
    for (let p = 0; p < half * half; p++) {
      const [row, column] = [2 * Math.floor(p / half), 2 * (p % half)];
      const rows = row + 1 < side ? [row, row + 1] : [row];
      const columns = column + 1 < side ? [column, column + 1] : [column];
      for (const y of rows) for (const x of columns) visit(y * side + x, p, rows.length * columns.length);
    }
  }

  private readonly kernels: { [K in Kind]: (args: Arguments<K>, entry: Entry) => void } = {
    conv: (a) => {
      const m = this.arena;
      this.each(a.zSide ** 2, a.wideVectors + a.pointVectors, (p, c, b) => {
        m[this.at(a.z, a.wideVectors + a.pointVectors, p, c, b)] = 0;
      });
      this.taps(a, (x, z, w) => {
        m[z] += m[w] * (a.rectify ? Math.max(0, m[x]) : m[x]);
      });
    },
    convData: (a) => {
      const m = this.arena;
      const sums = new Float64Array(a.xSide ** 2 * a.xVectors * 4 * this.plan.images);
      this.taps(a, (x, z, w) => {
        sums[x - a.x] += m[w] * m[z];
      });
      this.each(a.xSide ** 2, a.xVectors, (p, c, b) => {
        const i = this.at(0, a.xVectors, p, c, b);
        const passed = a.rectify && !(m[a.x + i] > 0) ? 0 : sums[i];
        m[a.dx + i] = (a.add ? m[a.dx + i] : 0) + passed;
      });
    },
    convWeights: (a) => {
      const m = this.arena;
      const partOf = this.partsOf(
        { ...a, weights: a.wide },
        a.wideVectors * a.kernel ** 2 * a.xVectors * 16,
        a.zSide ** 2,
      );
      if (a.pointVectors > 0) this.partsOf({ ...a, weights: a.point }, a.pointVectors * a.xVectors * 16, a.zSide ** 2);
      this.taps(a, (x, z, w, p) => {
        m[w + partOf(p) * a.partStride] += m[z] * (a.rectify ? Math.max(0, m[x]) : m[x]);
      });
    },
    stats: (a) => {
      const n = a.positions * this.plan.spec.batch;
      const sum = new Float64Array(4 * a.vectors);
      const squares = new Float64Array(4 * a.vectors);
      const value = (p: number, c: number, b: number) => this.arena[this.at(a.z, a.vectors, p, c, b)];
      this.each(a.positions, a.vectors, (p, c, b) => {
        sum[c] += value(p, c, b);
      });
      this.each(a.positions, a.vectors, (p, c, b) => {
        squares[c] += (value(p, c, b) - sum[c] / n) ** 2;
      });
      for (let c = 0; c < 4 * a.vectors; c++) {
        const at = a.stats + 8 * (c >> 2) + (c & 3);
        this.arena[at] = sum[c] / n;
        this.arena[at + 4] = 1 / Math.sqrt(squares[c] / n + NORM_EPSILON);
      }
    },
    norm: (a) => {
      const m = this.arena;
      this.each(a.positions, a.vectors, (p, c, b) => {
        const i = this.at(0, a.vectors, p, c, b);
        const xhat = (m[a.z + i] - this.mean(a.stats, c)) * this.inverse(a.stats, c);
        const [scale, offset] = [a.scale < 0 ? 1 : m[a.scale + c], a.offset < 0 ? 0 : m[a.offset + c]];
        const value = scale * xhat + offset + (a.addend < 0 ? 0 : m[a.addend + i]);
        m[a.y + i] = a.rectify ? Math.max(0, value) : value;
      });
    },
    normReduce: (a) => this.normReduce(a, (i) => this.arena[a.dy + i], a.z),
    normMap: (a) => this.normMap(a, (i) => this.arena[a.dy + i], a.z, a.z),
    node: (a, entry) => {
      const list = termsOf(entry, TERM_FIELDS);
      this.each(a.side ** 2, a.vectors, (p, c, b) => {
        this.arena[this.at(a.y, a.vectors, p, c, b)] = list.reduce(
          (sum, t) => sum + this.arena[t.weight] * this.term(t, a.side, p, c, b),
          0,
        );
      });
    },
    nodeReduce: (a, entry) => {
      const list = termsOf(entry, TERM_FIELDS);
      for (const sums of [a.totals, ...list.map((t) => t.sums)]) this.arena.fill(0, sums, sums + 4 * a.vectors);
      this.each(a.side ** 2, a.vectors, (p, c, b) => {
        const dy = this.arena[this.at(a.dy, a.vectors, p, c, b)];
        this.arena[a.totals + c] += dy;
        for (const t of list) this.arena[t.sums + c] += dy * this.term(t, a.side, p, c, b);
      });
    },
    nodeMap: (a, entry) => {
      const m = this.arena;
      const n = a.side ** 2 * this.plan.spec.batch;
      for (const t of termsOf(entry, TERM_FIELDS)) {
        this.each(a.side ** 2, a.vectors, (p, c, b) => {
          const dy = m[this.at(a.dy, a.vectors, p, c, b)];
          const xhat = this.term(t, a.side, p, c, b);
          const centred = dy - m[a.totals + c] / n - (xhat * m[t.sums + c]) / n;
          m[this.at(t.source, t.sourceVectors, p, 4 * t.first + c, b)] =
            m[t.weight] * this.inverse(t.stats, c) * centred;
        });
      }
    },
    spread: (a, entry) => {
      const m = this.arena;
      const list = termsOf(entry, SPREAD_FIELDS);
      this.each(a.side ** 2, a.vectors, (p, c, b) => {
        let sum = 0;
        for (const t of list) {
          if (c < 4 * t.to || c >= 4 * (t.to + t.count)) continue;
          const from = t.kind === TERM.identity ? [p] : this.window(p, a.side);
          for (const q of from) {
            const count = t.kind === TERM.identity ? 1 : this.window(q, a.side).length;
            sum += (m[t.weight] * m[this.at(t.dy, t.dyVectors, q, 4 * (t.first - t.to) + c, b)]) / count;
          }
        }
        const i = this.at(0, a.vectors, p, c, b);
        m[a.dx + i] = a.mask >= 0 && !(m[a.mask + i] > 0) ? 0 : sum;
      });
    },
    examples: (a, entry) => {
      const { images } = this.plan;
      for (const t of termsOf(entry, TERM_FIELDS)) {
        const out = a.out + (t.weight - a.mixing) * images;
        if (!a.add) this.arena.fill(0, out, out + images);
        this.each(a.side ** 2, a.vectors, (p, c, b) => {
          const dy = this.arena[this.at(a.dy, a.vectors, p, c, b)];
          this.arena[out + b] += dy * this.term(t, a.side, p, c, b);
        });
      }
    },
    mixingGradient: (a, entry) => {
      const lists = entry.args.slice(3);
      for (let k = 0; k < a.size; k++) {
        let sum = 0;
        for (let cell = 0; cell < a.cells; cell++) {
          const [vectors, sums] = [lists[cell * (a.size + 1)], lists[cell * (a.size + 1) + 1 + k]];
          for (let c = 0; sums >= 0 && c < 4 * vectors; c++) sum += this.arena[sums + c];
        }
        this.arena[a.out + k] = sum;
      }
    },
    pool: (a) => {
      const half = Math.ceil(a.xSide / 2);
      this.each(half ** 2, a.vectors, (p, c, b) => {
        this.arena[this.at(a.y, a.vectors, p, c, b)] = 0;
      });
      this.halves(a.xSide, (from, to, count) => {
        this.each(1, a.vectors, (_, c, b) => {
          this.arena[this.at(a.y, a.vectors, to, c, b)] += this.arena[this.at(a.x, a.vectors, from, c, b)] / count;
        });
      });
    },
    poolData: (a) => {
      this.halves(a.xSide, (from, to, count) => {
        this.each(1, a.vectors, (_, c, b) => {
          this.arena[this.at(a.dx, a.vectors, from, c, b)] = this.arena[this.at(a.dy, a.vectors, to, c, b)] / count;
        });
      });
    },
    features: (a) => {
      const m = this.arena;
      this.each(1, a.vectors, (_, c, b) => {
        m[this.at(a.f, a.vectors, 0, c, b)] = 0;
      });
      this.each(a.positions, a.vectors, (p, c, b) => {
        const xhat = (m[this.at(a.x, a.vectors, p, c, b)] - this.mean(a.stats, c)) * this.inverse(a.stats, c);
        m[this.at(a.f, a.vectors, 0, c, b)] += Math.max(0, m[a.scale + c] * xhat + m[a.offset + c]) / a.positions;
      });
    },
    featuresReduce: (a) => this.normReduce(a, this.featuresGradient(a), a.x),
    featuresMap: (a) => this.normMap(a, this.featuresGradient(a), a.x, a.dx),
    loss: (a) => {
      const m = this.arena;
      const vectors = Math.ceil(a.classes / 4);
      for (let b = 0; b < this.plan.spec.batch; b++) {
        const label = m[a.labels + b];
        const y = Array.from({ length: a.classes }, (_, c) => m[this.at(a.logits, vectors, 0, c, b)] + m[a.bias + c]);
        const largest = Math.max(...y);
        const total = y.reduce((sum, value) => sum + Math.exp(value - largest), 0);
        m[a.losses + b] = Math.log(total) - (y[label] - largest);
        m[a.hits + b] = y.indexOf(largest) === label ? 1 : 0;
        for (let c = 0; c < 4 * vectors; c++) {
          const share = c < a.classes ? Math.exp(y[c] - largest) / total - (c === label ? 1 : 0) : 0;
          m[this.at(a.logits, vectors, 0, c, b)] = share / this.plan.spec.batch;
        }
      }
    },
    biasGradient: (a) => {
      this.arena.fill(0, a.out, a.out + 4 * a.vectors);
      this.each(1, a.vectors, (_, c, b) => {
        this.arena[a.out + c] += this.arena[this.at(a.z, a.vectors, 0, c, b)];
      });
    },
    gradientNorm: (a) => {
      const m = this.arena;
      for (let i = 0; i < a.count; i++) {
        for (let part = 1; part < a.parts; part++) m[a.gradient + i] += m[a.gradient + part * a.partStride + i];
      }
      const edge = (slot: number) => Math.floor((slot * a.count) / a.slots / 4) * 4;
      for (let slot = 0; slot < a.slots; slot++) {
        const range = m.subarray(a.gradient + edge(slot), a.gradient + edge(slot + 1));
        m[a.squares + slot] = range.reduce((sum, g) => sum + g * g, 0);
      }
    },
    update: (a) => {
      const m = this.arena;
      const [rate, momentum, decay, clip] = m.subarray(a.hyper, a.hyper + 4);
      const norm = Math.sqrt(m.subarray(a.squares, a.squares + a.slots).reduce((sum, square) => sum + square, 0));
      const factor = Math.min(1, clip / (norm + 1e-6));
      for (let i = 0; i < a.count; i++) {
        const g = m[a.gradient + i] * factor + decay * m[a.weights + i];
        m[a.velocities + i] = momentum * m[a.velocities + i] + g;
        m[a.weights + i] -= rate * (g + momentum * m[a.velocities + i]);
      }
    },
    track: (a) => {
      const n = a.positions * this.plan.spec.batch;
      for (let c = 0; c < 4 * a.vectors; c++) {
        const variance = Math.max(0, 1 / this.inverse(a.stats, c) ** 2 - NORM_EPSILON);
        for (const [at, value] of [
          [a.running + c, this.mean(a.stats, c)],
          [a.running + 4 * a.vectors + c, (variance * n) / Math.max(1, n - 1)],
        ]) {
          this.arena[at] = (1 - RUNNING_MOMENTUM) * this.arena[at] + RUNNING_MOMENTUM * value;
        }
      }
    },
    runningStats: (a) => {
      for (let c = 0; c < 4 * a.vectors; c++) {
        const at = a.stats + 8 * (c >> 2) + (c & 3);
        this.arena[at] = this.arena[a.running + c];
        this.arena[at + 4] = 1 / Math.sqrt(this.arena[a.running + 4 * a.vectors + c] + NORM_EPSILON);
      }
    },
    depthwise: (a) => {
      const m = this.arena;
      this.each(a.zSide ** 2, a.vectors, (p, c, b) => {
        m[this.at(a.z, a.zVectors, p, 4 * a.zFirst + c, b)] = 0;
      });
      this.depthwiseTaps(a, (x, z, w) => {
        m[z] += m[w] * Math.max(0, m[x]);
      });
    },
    depthwiseData: (a) => {
      const m = this.arena;
      const sums = new Float64Array(a.xSide ** 2 * a.xVectors * 4 * this.plan.images);
      this.depthwiseTaps(a, (x, z, w) => {
        sums[x - a.x] += m[w] * m[z];
      });
      this.each(a.xSide ** 2, a.xCount, (p, c, b) => {
        const i = this.at(0, a.xVectors, p, 4 * a.xFirst + c, b);
        m[a.dx + i] = (a.add ? m[a.dx + i] : 0) + (m[a.x + i] > 0 ? sums[i] : 0);
      });
    },
    depthwiseWeights: (a) => {
      const m = this.arena;
      const partOf = this.partsOf(a, a.vectors * a.kernel ** 2 * 4, a.zSide ** 2);
      this.depthwiseTaps(a, (x, z, w, p) => {
        m[w + partOf(p) * a.partStride] += m[z] * Math.max(0, m[x]);
      });
    },
    pointwise: (a) => {
      const m = this.arena;
      this.each(a.positions, a.groups * a.outs, (p, c, b) => {
        m[this.at(a.z, a.groups * a.outs, p, c, b)] = 0;
      });
      this.pointwiseTaps(a, a.x, (x, z, w) => {
        m[z] += m[w] * m[x];
      });
    },
    pointwiseData: (a) => {
      const m = this.arena;
      this.each(a.positions, a.groups * a.ins, (p, c, b) => {
        m[this.at(a.dx, a.groups * a.ins, p, c, b)] = 0;
      });
      this.pointwiseTaps(a, a.dx, (x, z, w) => {
        m[x] += m[w] * m[z];
      });
    },
    pointwiseWeights: (a) => {
      const m = this.arena;
      const partOf = this.partsOf(a, a.groups * a.outs * a.ins * 16, a.positions);
      this.pointwiseTaps(a, a.x, (x, z, w, p) => {
        m[w + partOf(p) * a.partStride] += m[z] * m[x];
      });
    },
    windows: (a) => {
      const m = this.arena;
      this.windows(a, (p, pixels) => {
        this.each(1, a.vectors, (_, c, b) => {
          const value = (q: number) => m[this.at(a.x, a.vectors, q, c, b)];
          const y = this.at(a.y, a.vectors, p, c, b);
          if (isMaximum(a.kind)) {
            const best = pixels.reduce((found, pixel) => (value(pixel.q) > value(found.q) ? pixel : found));
            m[y] = value(best.q);
            m[this.at(a.winners, a.vectors, p, c, b)] = best.tap;
          } else if (a.kind === WINDOW.mean) {
            m[y] = pixels.reduce((sum, { q }) => sum + value(q), 0) / pixels.length;
          } else {
            const last = pixels.find(({ tap }) => tap === 8);
            m[y] = last ? value(last.q) : 0;
          }
        });
      });
    },
    windowsData: (a) => {
      const m = this.arena;
      if (!a.add) {
        this.each(a.xSide ** 2, a.vectors, (p, c, b) => {
          m[this.at(a.dx, a.vectors, p, c, b)] = 0;
        });
      }
      const weight = a.weight < 0 ? 1 : m[a.weight];
      this.windows(a, (p, pixels) => {
        this.each(1, a.vectors, (_, c, b) => {
          const dy = weight * m[this.at(a.dy, a.vectors, p, c, b)];
          for (const { tap, q } of pixels) {
            const dx = this.at(a.dx, a.vectors, q, c, b);
            if (a.kind === WINDOW.mean) m[dx] += dy / pixels.length;
            else if (tap === (isMaximum(a.kind) ? m[this.at(a.winners, a.vectors, p, c, b)] : 8)) m[dx] += dy;
          }
        });
      });
    },
    copy: (a) => {
      const m = this.arena;
      const end = a.to + a.channels;
      this.each(a.positions, Math.ceil(end / 4), (p, c, b) => {
        if (c < a.to) return;
        const y = this.at(a.y, a.yVectors, p, c, b);
        if (c >= end) m[y] = 0;
        else m[y] = (a.add ? m[y] : 0) + m[this.at(a.x, a.xVectors, p, a.from + c - a.to, b)];
      });
    },
    shuffle: (a) => {
      const m = this.arena;
      const share = a.channels / a.groups;
      const place = (first: number, rest: number, part: number, p: number, c: number, b: number) =>
        c < part
          ? this.at(first, Math.ceil(part / 4), p, c, b)
          : this.at(rest, Math.ceil((a.channels - part) / 4), p, c - part, b);
      for (const [y, channels] of [
        [a.y, a.yPart],
        [a.yRest, a.channels - a.yPart],
      ]) {
        const vectors = Math.ceil(channels / 4);
        this.each(a.positions, vectors, (p, c, b) => {
          m[this.at(y, vectors, p, c, b)] = 0;
        });
      }
      for (let g = 0; g < a.groups; g++) {
        for (let j = 0; j < share; j++) {
          this.each(a.positions, 1, (p, c, b) => {
            if (c > 0) return;
            const x = place(a.x, a.xRest, a.xPart, p, g * share + j, b);
            m[place(a.y, a.yRest, a.yPart, p, j * a.groups + g, b)] = m[x];
          });
        }
      }
    },
    mean: (a) => {
      const m = this.arena;
      this.each(1, a.vectors, (_, c, b) => {
        m[this.at(a.f, a.vectors, 0, c, b)] = 0;
      });
      this.each(a.positions, a.vectors, (p, c, b) => {
        m[this.at(a.f, a.vectors, 0, c, b)] += m[this.at(a.x, a.vectors, p, c, b)] / a.positions;
      });
    },
    meanData: (a) => {
      this.each(a.positions, a.vectors, (p, c, b) => {
        this.arena[this.at(a.dx, a.vectors, p, c, b)] = this.arena[this.at(a.df, a.vectors, 0, c, b)] / a.positions;
      });
    },
  };

  private normReduce(
    a: { positions: number; vectors: number; stats: number; sums: number },
    gradient: (index: number) => number,
    z: number,
  ): void {
    const m = this.arena;
    const channels = 4 * a.vectors;
    m.fill(0, a.sums, a.sums + 2 * channels);
    this.each(a.positions, a.vectors, (p, c, b) => {
      const i = this.at(0, a.vectors, p, c, b);
      m[a.sums + c] += gradient(i) * (m[z + i] - this.mean(a.stats, c)) * this.inverse(a.stats, c);
      m[a.sums + channels + c] += gradient(i);
    });
  }

  private normMap(
    a: { positions: number; vectors: number; stats: number; scale: number; sums: number },
    gradient: (index: number) => number,
    z: number,
    out: number,
  ): void {
    const m = this.arena;
    const channels = 4 * a.vectors;
    const n = a.positions * this.plan.spec.batch;
    this.each(a.positions, a.vectors, (p, c, b) => {
      const i = this.at(0, a.vectors, p, c, b);
      const xhat = (m[z + i] - this.mean(a.stats, c)) * this.inverse(a.stats, c);
      const centred = gradient(i) - m[a.sums + channels + c] / n - (xhat * m[a.sums + c]) / n;
      m[out + i] = (a.scale < 0 ? 1 : m[a.scale + c]) * this.inverse(a.stats, c) * centred;
    });
  }

  /** dL/d(normalised input) of the head, by index within a tensor: the features' gradient where the rectifier let something through. */
  private featuresGradient(
    a: Pick<Arguments<"featuresReduce">, "df" | "x" | "positions" | "vectors" | "stats" | "scale" | "offset">,
  ): (index: number) => number {
    const m = this.arena;
    const row = 4 * a.vectors * this.plan.images;
    return (i) => {
      const c = 4 * (Math.floor(i / 4 / this.plan.images) % a.vectors) + (i & 3);
      const xhat = (m[a.x + i] - this.mean(a.stats, c)) * this.inverse(a.stats, c);
      return m[a.scale + c] * xhat + m[a.offset + c] > 0 ? m[a.df + (i % row)] / a.positions : 0;
    };
  }
}
