import { it } from "vitest";
import { conv } from "../../src/engine/webgpu/shaders/conv";
import { moduleOf, shader, unroll } from "../../src/engine/webgpu/shader";

const FIELDS = ["x","xSide","xVectors","z","zSide","zVectors","wide","wideVectors","point","pointVectors","rectify"] as const;

// tap loop: outs x pixels x images
function tapLoop(outs: number, pixels: number, images: number, opt: { quad?: boolean; fma?: boolean; stride?: boolean } = {}) {
  const tile: [number, number, number][] = [];
  for (let v = 0; v < outs; v++) for (let p = 0; p < pixels; p++) for (let k = 0; k < images; k++) tile.push([v, p, k]);
  const mul = (acc: string, v: number, x: string) => opt.fma
    ? `${acc} = fma(w${v}[3], vec4f(${x}.w), fma(w${v}[2], vec4f(${x}.z), fma(w${v}[1], vec4f(${x}.y), fma(w${v}[0], vec4f(${x}.x), ${acc}))));`
    : `${acc} += w${v} * ${x};`;
  return shader({ name: `tap ${outs} ${pixels} ${images} ${opt.fma ?? ""}`, fields: FIELDS, body: `
  const STEP = IMAGES / ${images};
  let tiles = (zSide + ${pixels - 1}) / ${pixels};
  let b = id.x % STEP;
  let row = id.x / STEP / tiles;
  let col = id.x / STEP % tiles * ${pixels};
  if (row >= zSide) { return; }
  let o = id.y * ${outs};
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
  let pixel = xVectors * IMAGES;
  let isWide = o < wideVectors;
  let side = select(1, 3, isWide);
  let pad = side / 2;
  let block = select(point + (o - wideVectors) * 4 * xVectors, wide + o * 36 * xVectors, isWide);
  let outStep = side * side * xVectors * 4;
${tile.map(([v, p, k]) => `  var y${v}_${p}_${k} = vec4f();`).join("\n")}
  for (var t = 0; t < side * side; t++) {
    let line = row + t / side - pad;
    if (u32(line) >= u32(xSide)) { continue; }
    let c = col + t % side - pad;
${unroll(pixels, (j) => `    let in${j} = u32(c + ${j}) < u32(xSide);`)}
    var at = x + (line * xSide + c) * pixel + b;
    var w = block + t * xVectors * 4;
    for (var v = 0; v < xVectors; v++) {
${unroll(pixels, (j) => unroll(images, (k) => `      let x${j}_${k} = select(vec4f(), max(m[at + ${j} * pixel + ${k} * STEP], low), in${j});`))}
${unroll(outs, (v) => opt.quad ? `      let q${v} = m[w + ${v} * outStep + (lane & 3)];
      let w${v} = mat4x4f(quadBroadcast(q${v}, 0u), quadBroadcast(q${v}, 1u), quadBroadcast(q${v}, 2u), quadBroadcast(q${v}, 3u));
${tile.filter(([q]) => q === v).map(([, p, k]) => "      " + mul(`y${v}_${p}_${k}`, v, `x${p}_${k}`)).join("\n")}` : `      let w${v} = mat4x4f(m[w + ${v} * outStep], m[w + ${v} * outStep + 1], m[w + ${v} * outStep + 2], m[w + ${v} * outStep + 3]);
${tile.filter(([q]) => q === v).map(([, p, k]) => "      " + mul(`y${v}_${p}_${k}`, v, `x${p}_${k}`)).join("\n")}`)}
      at += IMAGES;
      w += 4;
    }
  }
  let to = z + ((row * zSide + col) * zVectors + o) * IMAGES + b;
${unroll(pixels, (p) => `  if (col + ${p} < zSide) {
${tile.filter(([, q]) => q === p).map(([v, , k]) => `    m[to + (${p} * zVectors + ${v}) * IMAGES + ${k} * STEP] = y${v}_${p}_${k};`).join("\n")}
  }`)}` });
}

it("micro", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter!.requestDevice({ requiredFeatures: ["subgroups"] as any });
  console.log([...adapter!.features].join(" "), JSON.stringify((adapter as any).info?.architecture), (adapter as any).info?.subgroupMinSize, (adapter as any).info?.subgroupMaxSize);
  const layout = device.createBindGroupLayout({ entries: [
    { binding: 0, visibility: 4, buffer: { type: "storage" } },
    { binding: 1, visibility: 4, buffer: { type: "uniform" } } ] });
  const pl = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const arena = device.createBuffer({ size: 32 << 20, usage: 128 | 8 });
  const args = device.createBuffer({ size: 1024, usage: 64 | 8 });
  const bg = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: arena } }, { binding: 1, resource: { buffer: args } }] });
  const V = Number(import.meta.env.VITE_V ?? 4);
  const a = { x: 0, xSide: 16, xVectors: V, z: 4_000_000, zSide: 16, kernel: 3, stride: 1, wide: 6_000_000, wideVectors: 2 * V, point: 7_000_000, pointVectors: 2 * V, rectify: 1 };
  const base = conv(a as any, 32);
  device.queue.writeBuffer(args, 0, new Int32Array(base.args));
  const groups = (o: number, p: number, im: number): [number, number] => [Math.ceil(16 * Math.ceil(16 / p) * 32 / im / 64), 4 * V / o];
  const variants: [string, string, [number, number]][] = [
    ["current", moduleOf(base.shader.code, { IMAGES: 32, BATCH: 32 }, 64), [base.groups[0], base.groups[1]]],
    ...([[2, 4, 2], [4, 4, 2], [4,4,4]] as [number, number, number][]).filter(([o]) => 2 * V % o === 0).map(([o, p, im]): [string, string, [number, number]] => [`tap ${o} ${p} ${im}`, moduleOf(tapLoop(o, p, im).code, { IMAGES: 32, BATCH: 32 }, 64), groups(o, p, im)]),
    ...([[2,4,2],[4,4,2],[4,2,2],[1,4,4],[2,4,4]] as [number, number, number][]).filter(([o]) => 2 * V % o === 0).map(([o, p, im]): [string, string, [number, number]] => [`quad ${o} ${p} ${im}`, "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n" + moduleOf(tapLoop(o, p, im, { quad: true }).code, { IMAGES: 32, BATCH: 32 }, 64), groups(o, p, im)]),
  ];
  const built = [];
  for (const [name, code0, g] of variants) {
    const code = code0 + `\nconst SALT = ${Math.random()};\n`;
    const t = performance.now();
    const pipe = await device.createComputePipelineAsync({ layout: pl, compute: { module: device.createShaderModule({ code: code.replace("% xSide", "% xSide") }) } });
    built.push({ name, g, pipe, compile: performance.now() - t, times: [] as number[] });
  }
  for (let r = 0; r < 14; r++) for (const b of built) {
    const t = performance.now();
    const e = device.createCommandEncoder();
    const p = e.beginComputePass();
    p.setBindGroup(0, bg);
    p.setPipeline(b.pipe);
    for (let i = 0; i < 3; i++) p.dispatchWorkgroups(b.g[0], b.g[1]);
    p.end();
    device.queue.submit([e.finish()]);
    await device.queue.onSubmittedWorkDone();
    b.times.push((performance.now() - t) / 3);
  }
  const gf = 2 * 32 * 256 * 16 * V * (2 * V) * 10 / 1e9;
  console.log(built.map((b) => `${b.compile.toFixed(0).padStart(6)} compile ${Math.min(...b.times).toFixed(2)} ms ${(gf / Math.min(...b.times) * 1e3).toFixed(2)} GF/s total ${b.name}`).join("\n"));
}, 300000);
