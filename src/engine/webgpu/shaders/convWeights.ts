import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, type Shader, shader, unroll, vector } from "../shader";
import type { Context } from "./context";
import { geometry } from "./conv";

/**
 * Convolution, backward by weights: some rows of the output (a part), one vector of in channels, two vectors of out channels and
 * one row of taps at a time, sliding along the rows with all sums in registers. Where invocations meet, a workgroup does that, each
 * invocation for some of the images; else one invocation does it alone.
 */
const MEETING_LANES = 32;
const ALONE_LANES = 8;

/** Vectors of out channels that are taken together; the last of a block may be missing. */
const OUTS = 2;

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
  "kernel",
  "stride",
  "rectify",
  "parts",
  "partStride",
] as const;

function convWeightsShader(meets: boolean): Shader<(typeof FIELDS)[number]> {
  const sums = (line: (v: number, kx: number, i: number) => string) =>
    unroll(OUTS, (v) => unroll(3, (kx) => unroll(4, (i) => line(v, kx, i))));
  const add = (v: number, kx: number) => unroll(4, (i) => `          s${v}_${kx}_${i} += z${v} * x${kx}.${"xyzw"[i]};`);
  const loadZ = unroll(OUTS, (v) => `          let z${v} = m[zAt + ${v} * IMAGES];`);
  const count = 12 * OUTS;
  // Where a sum belongs: out vector o + v, in channel i of vector iv, tap ky, kx.
  const place = (v: string, kx: string, i: string) =>
    `wide + part * partStride + (((o + ${v}) * 9 + ky * 3 + ${kx}) * xVectors + iv) * 4 + ${i}`;
  const pointPlace = (v: string, i: string) =>
    `block + part * partStride + ((o + ${v} - begin) * xVectors + iv) * 4 + ${i}`;
  const leave = meets
    ? `
${sums((v, kx, i) => `  met[lane * ${count} + ${12 * v + 4 * kx + i}] = s${v}_${kx}_${i};`)}
  workgroupBarrier();
  if (lane < ${count} && o + lane / 12 < end) {
    var sum = vec4f();
    for (var k = 0; k < ${MEETING_LANES}; k++) { sum += met[k * ${count} + lane]; }
    let kx = lane / 4 % 3;
    if (isWide) {
      m[${place("lane / 12", "kx", "lane % 4")}] = sum;
    } else if (kx == 1) {
      m[${pointPlace("lane / 12", "lane % 4")}] = sum;
    }
  }`
    : `
${unroll(
  OUTS,
  (v) => `  if (o + ${v} < end) {
    if (isWide) {
${unroll(3, (kx) => unroll(4, (i) => `      m[${place(String(v), String(kx), String(i))}] = s${v}_${kx}_${i};`))}
    } else {
${unroll(4, (i) => `      m[${pointPlace(String(v), String(i))}] = s${v}_1_${i};`)}
    }
  }`,
)}`;
  const body = `
  let wideCount = select(0, wideVectors, kernel == 3);
  let wideTiles = (wideCount + ${OUTS - 1}) / ${OUTS};
  let tiles = 3 * wideTiles + (zVectors - wideCount + ${OUTS - 1}) / ${OUTS};
  let job = ${meets ? "group.x" : "id.x / parts"};
  let part = ${meets ? "group.y" : "id.x % parts"};
  if (job >= tiles * xVectors) { return; }
  let iv = job % xVectors;
  let out = job / xVectors;
  let isWide = out < 3 * wideTiles;
  let o = select(wideCount + (out - 3 * wideTiles) * ${OUTS}, out / 3 * ${OUTS}, isWide);
  let end = select(zVectors, wideCount, isWide);
  let ky = select(1, out % 3, isWide);
  // The block of 1 x 1 convolutions and its first vector of z.
  let block = select(wide, point, kernel == 3);
  let begin = wideCount;
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
  let pixel = xVectors * IMAGES;
${sums((v, kx, i) => `  var s${v}_${kx}_${i} = vec4f();`)}
  for (var row = part * zSide / parts; row < (part + 1) * zSide / parts; row++) {
    let line = row * stride + ky - 1;
    if (u32(line) >= u32(xSide)) { continue; }
    for (var b = ${meets ? `lane; b < BATCH; b += ${MEETING_LANES}` : "0; b < BATCH; b++"}) {
      var xAt = x + (line * xSide * xVectors + iv) * IMAGES + b;
      var zAt = z + (row * zSide * zVectors + o) * IMAGES + b;
      if (isWide) {
        var x0 = vec4f();
        var x1 = max(m[xAt], low);
        for (var col = 0; col < zSide; col++) {
          let x2 = select(vec4f(), max(m[xAt + pixel], low), col * stride + 1 < xSide);
${loadZ}
${unroll(OUTS, (v) => unroll(3, (kx) => add(v, kx)))}
          x0 = x1;
          x1 = x2;
          if (stride == 2) {
            x0 = x2;
            x1 = max(m[xAt + 2 * pixel], low);
          }
          xAt += stride * pixel;
          zAt += zVectors * IMAGES;
        }
      } else {
        for (var col = 0; col < zSide; col++) {
          let x1 = max(m[xAt], low);
${loadZ}
${unroll(OUTS, (v) => add(v, 1))}
          xAt += stride * pixel;
          zAt += zVectors * IMAGES;
        }
      }
    }
  }
${leave}`;
  return shader({
    name: `convWeights${meets ? ", meeting" : ""}`,
    fields: FIELDS,
    size: meets ? MEETING_LANES : ALONE_LANES,
    globals: meets ? `var<workgroup> met: array<vec4f, ${MEETING_LANES * count}>;` : "",
    body,
  });
}

const SHADERS = { meeting: convWeightsShader(true), alone: convWeightsShader(false) } as const;

/** Parts beyond those that are worth it are never written and stay zero. */
export function convWeights(a: Arguments<"convWeights">, { reducing }: Context): Dispatch {
  const { meets } = reducing;
  const g = geometry(a);
  const parts = Math.max(1, Math.min(a.parts, Math.floor(g.zSide / ROWS)));
  const wideJobs = Math.ceil(g.wideVectors / OUTS) * (g.kernel === 3 ? 3 : 1);
  const jobs = (wideJobs + Math.ceil(g.pointVectors / OUTS)) * g.xVectors;
  const values = { ...g, parts, partStride: vector(a.partStride) };
  if (meets) return dispatch(SHADERS.meeting, values, [jobs, parts, 1]);
  return dispatch(SHADERS.alone, values, [Math.ceil((jobs * parts) / ALONE_LANES), 1, 1]);
}
