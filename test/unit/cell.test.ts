import { describe, expect, test } from "vitest";
import { overlap } from "../../src/app/cell/labels";
import { layoutCell, layoutLabels, NARROW } from "../../src/app/cell/layout";
import { brief, effectsOf, reasonOf } from "../../src/app/cell/reasons";
import { bundleStrands, cellStrands, mixStrands, probableStrands } from "../../src/app/cell/strands";
import { drawSamples, sampleOf } from "../../src/app/gallery/samples";
import { momentAt, probabilityOf } from "../../src/app/moment";
import { Recording } from "../../src/app/recording";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { withDefaults } from "../../src/core/settings";

const { rows, size } = NAS_BENCH_201;

/** A posterior in which operation 3 (conv 3×3) leads on the first edge, and the first operation (none) on all others. */
function posterior(scale: number | null) {
  const mean = new Float64Array(size);
  for (let row = 1; row < rows.length; row++) mean[5 * row] = 1;
  mean.set([-1, -0.5, 0.19, 0.5, 0.1]);
  const scales = scale === null ? null : new Float64Array(size).fill(scale);
  return momentAt(new Recording(withDefaults({}), mean, scales), 0);
}

describe("labels of edges", () => {
  /** Of the longest label, px: "avg pool 3×3 0.20" where there is room, else "none 0.20". */
  const longest = (width: number) => (width < NARROW ? 55 : 104);
  const sizes = [220, 260, 320, 358, 420, 479, 480, 560, 643, 800, 1000].flatMap((width) =>
    [150, 170, 200, 240, 300, 400].map((height) => [width, height]),
  );

  test.each(sizes)("don't overlap in a drawing of %d x %d px, and stay inside", (width, height) => {
    const drawing = layoutCell(NAS_BENCH_201, width, height);
    const labels = layoutLabels(NAS_BENCH_201, drawing, width, height, width < NARROW ? 18 : 24, longest(width));
    expect(labels).toHaveLength(rows.length);
    for (const [i, { box }] of labels.entries()) {
      for (const other of labels.slice(i + 1)) expect(overlap(box, other.box)).toBe(0);
      expect(overlap(box, { x: 0, y: 0, width, height })).toBeCloseTo(box.width * box.height, 6);
    }
  });
});

describe("reasons", () => {
  test("say by how much an operation lost, and what it would have done", () => {
    const moment = posterior(0.3);
    expect(reasonOf(moment, 0, 2)).toMatch(
      /^conv 1×1 lost to conv 3×3 on 0→1: wins \d\d in 100 draws, mean 0\.31 behind\.$/,
    );
    expect(reasonOf(moment, 0, 0)).toMatch(
      /^none \(no edge\) lost to conv 3×3 on 0→1: wins 1 in [\d,]+ draws, mean 1\.50 behind\.$/,
    );
    expect(reasonOf(moment, 0, 3)).toMatch(
      /^conv 3×3 leads on 0→1: wins \d\d in 100 draws, mean 0\.31 ahead of conv 1×1\.$/,
    );
  });

  test("in brief are figures alone", () => {
    expect(brief(posterior(0.3), 0, 2)).toMatch(/^\d\d in 100, 0\.31 behind$/);
    expect(brief(posterior(null), 0, 0)).toBe("0.07, 1.50 behind");
  });

  test("of a point estimate speak of its mixing weights", () => {
    const weights = [-1, -0.5, 0.19, 0.5, 0.1].map(Math.exp);
    const share = weights[2] / weights.reduce((sum, weight) => sum + weight);
    expect(reasonOf(posterior(null), 0, 2)).toBe(
      `conv 1×1 lost to conv 3×3 on 0→1: mixing weight ${share.toFixed(2)}, α 0.31 behind.`,
    );
  });

  test("tell a tie from a small gap", () => {
    const mean = new Float64Array(size);
    mean[1] = 0.001;
    const moment = momentAt(new Recording(withDefaults({}), mean, new Float64Array(size).fill(1)), 0);
    expect(reasonOf(moment, 0, 2)).toMatch(/lost to skip on 0→1: .*, mean less than 0\.01 behind\.$/);
    expect(reasonOf(moment, 1, 2)).toMatch(/mean 0\.00 behind\.$/);
  });

  test("name the edges where none or skip leads", () => {
    expect(effectsOf(posterior(0.3))).toBe("none on 0→2, 1→2, 0→3, 1→3, 2→3: no edge.");
    expect(effectsOf({ space: NAS_BENCH_201, choices: [1, 3, 3, 3, 3, 3] })).toMatch(/^skip on 0→1: passes/);
    expect(effectsOf({ space: NAS_BENCH_201, choices: [4, 3, 3, 3, 3, 3] })).toBeNull();
  });
});

describe("strands", () => {
  const BUNDLE = 24;

  test("fill the bundle by P(wins), leave one crisp operation and faint traces, or one alone", () => {
    const moment = posterior(0.3);
    const bundle = bundleStrands(moment, BUNDLE).slice(0, 5);
    expect(bundle.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(BUNDLE, 9);
    const traced = probableStrands(moment).slice(0, 5);
    expect(traced.filter(({ opacity }) => opacity === 1).map(({ operation }) => operation)).toEqual(["nor_conv_3x3"]);
    expect(traced.every(({ width }) => width > 0)).toBe(true);
    // In the bundle's order, so that no strand crosses another on its way.
    for (const strands of [bundle, traced]) {
      for (let i = 1; i < 5; i++) expect(strands[i].offset).toBeGreaterThan(strands[i - 1].offset);
    }
    const alone = cellStrands(moment, [4, 4, 4, 4, 4, 4]);
    expect(alone.filter(({ width }) => width > 0).map(({ choice }) => choice)).toEqual([4, 4, 4, 4, 4, 4]);
  });

  test("glide from one drawing to another", () => {
    const moment = posterior(0.3);
    const from = bundleStrands(moment, BUNDLE);
    const to = probableStrands(moment);
    expect(mixStrands(from, to, 0)).toEqual(from);
    expect(mixStrands(from, to, 1)).toEqual(to);
    expect(mixStrands(from, to, 0.5)[3].width).toBeCloseTo((from[3].width + to[3].width) / 2, 12);
    expect(mixStrands(from.slice(1), to, 0.5)).toBe(to);
  });
});

describe("samples", () => {
  test("repeat under their seed, differ under another, and are merged with their count", () => {
    const moment = posterior(0.3);
    const cells = drawSamples(moment, 3, 200);
    expect(drawSamples(moment, 3, 200)).toEqual(cells);
    expect(drawSamples(moment, 4, 200)).not.toEqual(cells);
    expect(cells.reduce((sum, { count }) => sum + count, 0)).toBe(200);
    expect(new Set(cells.map(({ choices }) => choices.join())).size).toBe(cells.length);
    for (const { choices, number } of cells) expect(sampleOf(moment, 3, number)).toEqual(choices);
    // What comes up most often is what is most probable.
    const most = cells.reduce((best, cell) => (cell.count > best.count ? cell : best));
    expect(most.choices).toEqual(moment.choices);
    const p = probabilityOf(moment, most.choices) ?? Number.NaN;
    expect(p).toBe(moment.probability);
    expect(Math.abs(most.count / 200 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 200));
  });

  test("of a narrow posterior are all the same cell", () => {
    const moment = posterior(1e-6);
    expect(drawSamples(moment, 1, 8)).toEqual([{ choices: moment.choices, count: 8, number: 1 }]);
  });
});
