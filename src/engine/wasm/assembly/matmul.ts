/** The module's best matrix product: what the share of the peak that the convolutions reach is measured against. */
import { arg, fma, from, rows, to, zero } from "./machine";

/** out (4 x 8) = x (depth x 4) times w (depth x 8), `times` times over, from the first cache; every thread in rows of its own. */
export function matmul(a: usize): void {
  const depth = arg(a, 0), times = arg(a, 1);
  const x = rows;
  const w = x + ((<usize>depth) << 4);
  const out = w + ((<usize>depth) << 5);
  for (let n = from(times), last = to(times); n < last; n++) {
    let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
    let b0 = zero(), b1 = zero(), b2 = zero(), b3 = zero();
    let p = x, q = w;
    for (const end = w + ((<usize>depth) << 5); q < end; q += 32) {
      const v = v128.load(q), u = v128.load(q, 16);
      let s = v128.load32_splat(p);
      a0 = fma(s, v, a0); b0 = fma(s, u, b0);
      s = v128.load32_splat(p, 4);
      a1 = fma(s, v, a1); b1 = fma(s, u, b1);
      s = v128.load32_splat(p, 8);
      a2 = fma(s, v, a2); b2 = fma(s, u, b2);
      s = v128.load32_splat(p, 12);
      a3 = fma(s, v, a3); b3 = fma(s, u, b3);
      p += 16;
    }
    v128.store(out, a0);
    v128.store(out, a1, 16);
    v128.store(out, a2, 32);
    v128.store(out, a3, 48);
    v128.store(out, b0, 64);
    v128.store(out, b1, 80);
    v128.store(out, b2, 96);
    v128.store(out, b3, 112);
  }
}
