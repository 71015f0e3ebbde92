import { describe, expect, test } from "vitest";
import { overlap } from "../../src/app/cell/labels";
import { layoutCell, layoutLabels, NODE_RADIUS } from "../../src/app/cell/layout";
import { effectsOf, isDropped, reasonOf } from "../../src/app/cell/reasons";
import { bundleStrands, cellStrands, probableStrands } from "../../src/app/cell/strands";
import { describeCell } from "../../src/app/cell/words";
import { drawSamples } from "../../src/app/gallery/samples";
import { momentAt, probabilityOf } from "../../src/app/moment";
import { edgeName, lookOf } from "../../src/app/operations";
import { Recording } from "../../src/app/recording";
import { DARTS } from "../../src/core/darts";
import { PUBLISHED_GENOTYPES } from "../../src/core/published-genotypes";
import { RandomStream } from "../../src/core/random";
import { withDefaults } from "../../src/core/settings";
import { SPACES } from "../../src/core/spaces";

const random = new RandomStream(3, "posterior");
const MEAN = random.normals(DARTS.size);

function posterior(scale: number | null, mean = MEAN) {
  const scales = scale === null ? null : new Float64Array(DARTS.size).fill(scale);
  return momentAt(new Recording({ ...withDefaults({}), space: "darts" }, mean, scales), 0);
}

describe("a moment of a space that drops edges", () => {
  const moment = posterior(0.4);

  test("has a leader on every edge, which is never none, and the cell's operation where the edge is kept", () => {
    for (const [row, leader] of moment.leaders.entries()) {
      expect(leader).not.toBe(0);
      if (!isDropped(moment, row)) expect(leader).toBe(moment.choices[row]);
    }
    expect(moment.choices.filter((choice) => choice === 0)).toHaveLength(12);
  });

  test("does not take edges for independent", () => {
    expect(moment.probability).toBeNull();
    expect(probabilityOf(moment, moment.choices)).toBeNull();
  });

  test("gives samples that its notation can say", () => {
    for (const scale of [0.4, null]) {
      for (const { choices } of drawSamples(posterior(scale), 1, 20)) {
        expect(DARTS.parse(DARTS.format(choices))).toEqual(choices);
      }
    }
  });
});

describe("the drawing of 14 edges", () => {
  const longest = 6.1 * "sep3 0.00".length;

  test.each([
    [358, 300],
    [640, 170],
    [643, 200],
    [800, 260],
  ])("has labels that don't overlap in %d x %d px, and everything inside", (width, height) => {
    const drawing = layoutCell(DARTS, width, height);
    const labels = layoutLabels(DARTS, drawing, width, height, 16, longest);
    for (let row = 0; row < 14; row++) {
      const { box } = labels[row];
      expect(labels[row + 14]).toBe(labels[row]);
      expect(overlap(box, { x: 0, y: 0, width, height })).toBeCloseTo(box.width * box.height, 6);
      // On its own curve, so that it is no other edge's.
      const centre = [box.x + box.width / 2, box.y + box.height / 2];
      const away = drawing.edges[row].points.map(([x, y]) => Math.hypot(x - centre[0], y - centre[1]));
      expect(Math.min(...away)).toBeLessThan(12);
    }
    const area = labels.slice(0, 14).reduce((sum, { box }, i, all) => {
      return sum + all.slice(i + 1, 14).reduce((shared, other) => shared + overlap(box, other.box), 0);
    }, 0);
    expect(area).toBe(0);
    for (const [x] of [...drawing.nodes, drawing.output?.at ?? [0, 0]]) {
      expect(x).toBeGreaterThanOrEqual(NODE_RADIUS);
      expect(x).toBeLessThanOrEqual(width - NODE_RADIUS);
    }
    for (const { points } of drawing.edges) {
      for (const [, y] of points) {
        expect(y).toBeGreaterThan(8);
        expect(y).toBeLessThan(height - 8);
      }
    }
  });

  test("is the same for both kinds of cell, and joins four nodes at the output", () => {
    const { edges, output } = layoutCell(DARTS, 640, 200);
    expect(edges).toHaveLength(28);
    expect(edges.slice(14)).toEqual(edges.slice(0, 14));
    expect(output?.lines).toHaveLength(4);
  });
});

describe("strands of a space that drops edges", () => {
  const moment = posterior(0.4);

  test("are as thick as an edge is likely to be kept", () => {
    const strands = bundleStrands(moment, 20);
    for (const [row] of DARTS.rows.entries()) {
      const width = strands.filter((strand) => strand.row === row).reduce((sum, strand) => sum + strand.width, 0);
      expect(width).toBeCloseTo(20 * (1 - moment.share[8 * row]), 9);
    }
  });

  test("of one cell are its kept edges; in the most probable one a dotted trace stands for a dropped edge", () => {
    const [{ choices }] = PUBLISHED_GENOTYPES;
    expect(cellStrands(moment, choices).filter(({ width }) => width > 0)).toHaveLength(16);
    const probable = probableStrands(moment).filter(({ width }) => width > 0);
    expect(probable.filter(({ opacity }) => opacity === 1)).toHaveLength(16);
    expect(probable.filter(({ operation }) => operation === "none")).toHaveLength(12);
  });
});

describe("reasons and words", () => {
  const mean = new Float64Array(DARTS.size);
  // Into node 3 of the normal cell: edges from 0 and 2 are stronger than the one from 1.
  for (const [row, choice, value] of [
    [2, 4, 2],
    [3, 5, 1],
    [3, 4, 0.5],
    [4, 3, 3],
  ] as const) {
    mean[8 * row + choice] = value;
  }
  const moment = posterior(0.3, mean);

  test("say that an edge is dropped, and why", () => {
    expect(isDropped(moment, 3)).toBe(true);
    expect(reasonOf(moment, 3, 0)).toMatch(
      /^normal 1→3 is dropped: 2 edges into node 3 have a stronger operation; dropped (\d\d|over 99) in 100 draws\.$/,
    );
    expect(reasonOf(moment, 2, 0)).toMatch(/^normal 0→3 is kept; dropped .* draws\.$/);
    expect(reasonOf(moment, 3, 5)).toMatch(
      /^sep conv 5×5 leads on normal 1→3, which is dropped: (kept with it .* draws|never kept with it), mean 0\.50 ahead of sep conv 3×3\.$/,
    );
    expect(reasonOf(moment, 2, 4)).toMatch(
      /^sep conv 3×3 leads on normal 0→3: kept with it .* in 100 draws, mean 2\.00 ahead/,
    );
    expect(reasonOf(posterior(null, mean), 3, 0)).toMatch(/stronger operation; none has mixing weight 0\.\d\d\.$/);
  });

  test("name edges with their kind of cell, and a dropped one as dropped", () => {
    expect(edgeName(DARTS, 13)).toBe("normal 4→5");
    expect(edgeName(DARTS, 14)).toBe("reduce 0→2");
    expect(describeCell(moment, moment.choices)).toContain("normal 1→3 dropped");
    expect(effectsOf(moment, DARTS.cellKinds[0])).toMatch(/^skip on 2→3: passes its node on/);
    expect(effectsOf(moment, DARTS.cellKinds[1])).toBeNull();
  });
});

test("every operation of a space has a hue, a dash pattern and a name that no other of that space has", () => {
  for (const { rows } of Object.values(SPACES)) {
    const looks = rows[0].choices.map(lookOf);
    for (const key of ["colour", "dash", "short", "name"] as const) {
      expect(new Set(looks.map((look) => look[key])).size, key).toBe(looks.length);
    }
    for (const { short, note } of looks) {
      expect(short.length).toBeLessThanOrEqual(4);
      expect(note).not.toBe("");
    }
  }
});
