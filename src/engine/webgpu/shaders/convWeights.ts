import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, type Shader, shader, unroll, vector } from "../shader";
import { geometry, tileVectors } from "./conv";

/**
 * Convolution, backward by weights. A workgroup takes some rows of the output (a part), one vector of in channels, `outs` vectors of out
 * channels and one row of taps; its invocations take the images, slide along the rows with all sums in registers, and meet once at
 * the end.
 */
const LANES = 32;

/** Rows of output that are worth a part of their own. */
const ROWS = 2;

const FIELDS = [
  "x",
  "xSide",
  "xVectors",
  "z",
  "zSide",
  "zVectors",
  "wide",
  "wideVectors",
  "point",
  "pointVectors",
  "rectify",
  "parts",
  "partStride",
] as const;

function convWeightsShader(outs: number, stride: number): Shader<(typeof FIELDS)[number]> {
  const each = (taps: number, line: (v: number, kx: number, i: number) => string) =>
    unroll(outs, (v) => unroll(taps, (kx) => unroll(4, (i) => line(v, kx, i))));
  const add = (v: number, kx: number, from: string) =>
    unroll(4, (i) => `          s${v}_${kx}_${i} += z${v} * ${from}.${"xyzw"[i]};`);
  const loadZ = unroll(outs, (v) => `          let z${v} = m[zAt + ${v} * IMAGES];`);
  const sums = each(3, (v, kx, i) => `  var s${v}_${kx}_${i} = vec4f();`);
  const slide =
    stride === 1
      ? `        var x0 = vec4f();
        var x1 = max(m[xAt], low);
        for (var col = 0; col < zSide; col++) {
          xAt += pixel;
          let x2 = select(vec4f(), max(m[xAt], low), col + 1 < xSide);
${loadZ}
${unroll(outs, (v) => unroll(3, (kx) => add(v, kx, `x${kx}`)))}
          x0 = x1;
          x1 = x2;
          zAt += zVectors * IMAGES;
        }`
      : `        var x0 = vec4f();
        for (var col = 0; col < zSide; col++) {
          let x1 = max(m[xAt], low);
          let x2 = select(vec4f(), max(m[xAt + pixel], low), col * 2 + 1 < xSide);
${loadZ}
${unroll(outs, (v) => unroll(3, (kx) => add(v, kx, `x${kx}`)))}
          x0 = x2;
          xAt += 2 * pixel;
          zAt += zVectors * IMAGES;
        }`;
  const body = `
  let o = group.x * ${outs};
  let v = group.y / 3;
  let ky = group.y % 3;
  let part = group.z;
  let isWide = o < wideVectors;
  if (!isWide && ky > 0) { return; }
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
  let pixel = xVectors * IMAGES;
${sums}
  for (var row = part * zSide / parts; row < (part + 1) * zSide / parts; row++) {
    let line = select(row, row * ${stride} + ky - 1, isWide);
    if (u32(line) >= u32(xSide)) { continue; }
    for (var b = lane; b < BATCH; b += ${LANES}) {
      var xAt = x + (line * xSide * xVectors + v) * IMAGES + b;
      var zAt = z + (row * zSide * zVectors + o) * IMAGES + b;
      if (isWide) {
${slide}
      } else {
        for (var col = 0; col < zSide; col++) {
          let x0 = max(m[xAt], low);
${loadZ}
${unroll(outs, (v) => add(v, 0, "x0"))}
          xAt += pixel;
          zAt += zVectors * IMAGES;
        }
      }
    }
  }
${each(3, (v, kx, i) => `  met[lane * ${12 * outs} + ${12 * v + 4 * kx + i}] = s${v}_${kx}_${i};`)}
  workgroupBarrier();
  if (lane < ${12 * outs}) {
    var sum = vec4f();
    for (var k = 0; k < ${LANES}; k++) { sum += met[k * ${12 * outs} + lane]; }
    let out = o + lane / 12;
    let kx = lane / 4 % 3;
    if (isWide) {
      m[wide + part * partStride + ((out * 9 + ky * 3 + kx) * xVectors + v) * 4 + lane % 4] = sum;
    } else if (kx == 0) {
      m[point + part * partStride + ((out - wideVectors) * xVectors + v) * 4 + lane % 4] = sum;
    }
  }`;
  return shader({
    name: `convWeights ${outs} ${stride}`,
    fields: FIELDS,
    size: LANES,
    globals: `var<workgroup> met: array<vec4f, ${LANES * 12 * outs}>;`,
    body,
  });
}

const SHADERS = [
  [convWeightsShader(1, 1), convWeightsShader(2, 1)],
  [convWeightsShader(1, 2), convWeightsShader(2, 2)],
] as const;

/** Parts beyond those that are worth it are never written and stay zero. */
export function convWeights(a: Arguments<"convWeights">): Dispatch {
  const g = geometry(a);
  const tile = tileVectors(g.wideVectors, g.pointVectors);
  const parts = Math.max(1, Math.min(a.parts, Math.floor(g.zSide / ROWS)));
  const values = { ...g, parts, partStride: vector(a.partStride) };
  return dispatch(SHADERS[a.stride - 1][tile - 1], values, [g.zVectors / tile, 3 * g.xVectors, parts]);
}
