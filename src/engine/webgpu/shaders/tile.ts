import { unroll } from "../shader";

/** Pixels of a row that one invocation of a cell's kernels takes, so that the windows of the average share their columns. */
export const PIXELS = 4;

/**
 * `window`: means over the 3 x 3 windows (those pixels that exist) of four pixels of a row, and the pixels themselves. Transposed,
 * every value is divided by the size of its own window instead. Pixels beyond the row are garbage.
 */
export const WINDOW = `
alias Four = array<vec4f, ${PIXELS}>;
struct Window { mean: Four, centre: Four }

fn width(i: i32, side: i32) -> f32 {
  return 3.0 - select(0.0, 1.0, i == 0) - select(0.0, 1.0, i == side - 1);
}

fn window(source: i32, pixel: i32, side: i32, row: i32, col: i32, transposed: bool) -> Window {
${unroll(PIXELS + 2, (j) => `  var c${j} = vec4f();`)}
${unroll(PIXELS, (p) => `  var x${p} = vec4f();`)}
  for (var r = max(row - 1, 0); r <= min(row + 1, side - 1); r++) {
    let at = source + (r * side + col - 1) * pixel;
    let share = select(1.0, 1.0 / width(r, side), transposed);
${unroll(PIXELS + 2, (j) => `    let m${j} = m[at + ${j} * pixel];`)}
${unroll(PIXELS + 2, (j) => `    c${j} += share * m${j};`)}
${unroll(PIXELS, (p) => `    x${p} = select(x${p}, m${p + 1}, r == row);`)}
  }
${unroll(
  PIXELS + 2,
  (j) => `  let q${j} = col + ${j} - 1;
  let w${j} = 1.0 / width(q${j}, side);
  c${j} = select(vec4f(), c${j} * select(1.0, w${j}, transposed), u32(q${j}) < u32(side));`,
)}
  let height = 1.0 / width(row, side);
${unroll(PIXELS, (p) => `  let s${p} = select(height * w${p + 1}, 1.0, transposed);`)}
  return Window(
    Four(${Array.from({ length: PIXELS }, (_, p) => `s${p} * (c${p} + c${p + 1} + c${p + 2})`).join(", ")}),
    Four(${Array.from({ length: PIXELS }, (_, p) => `x${p}`).join(", ")}),
  );
}
`;

/** `mixing_weight` at an offset in floats; zero where there is none. */
export const MIXING = `
fn mixing_weight(at: i32) -> f32 { return select(m[max(at, 0) >> 2][max(at, 0) & 3], 0.0, at < 0); }
`;

/** Image b, row, first column col and vector v of an invocation. */
export const PLACE = `
  let tiles = (side + ${PIXELS - 1}) / ${PIXELS};
  let b = id.x % IMAGES;
  let row = id.x / IMAGES / tiles;
  let col = id.x / IMAGES % tiles * ${PIXELS};
  if (row >= side) { return; }
  let v = id.y;`;

/** Writes y to the place in a tensor of `vectors`. */
export function store(tensor: string): string {
  return `
  let to = ${tensor} + ((row * side + col) * vectors + v) * IMAGES + b;
${unroll(PIXELS, (p) => `  if (col + ${p} < side) { m[to + ${p} * vectors * IMAGES] = y[${p}]; }`)}`;
}
