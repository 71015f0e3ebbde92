import type { Plane } from "./plane";

/** How much of the ground one dot hides. */
const COVER = 0.3;
/** Side of a dot, CSS px. */
const DOT = 1.5;

/** Draws every cell as a dot of the canvas's text colour; where dots lie on each other it gets denser. */
export function paintCells(canvas: HTMLCanvasElement, plane: Plane, ratio: number): void {
  const [width, height] = [Math.round(plane.width * ratio), Math.round(plane.height * ratio)];
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context || width === 0 || height === 0) return;
  const [red, green, blue] = (getComputedStyle(canvas).color.match(/[\d.]+/g) ?? []).map(Number);
  const bare = new Float32Array(width * height).fill(1);
  const side = Math.max(1, Math.round(DOT * ratio));
  for (let code = 0; code < plane.x.length; code++) {
    const left = Math.round(plane.x[code] * ratio - side / 2);
    const top = Math.round(plane.y[code] * ratio - side / 2);
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, left + side); x++) bare[y * width + x] *= 1 - COVER;
    }
  }
  const image = context.createImageData(width, height);
  for (let i = 0; i < bare.length; i++) {
    if (bare[i] === 1) continue;
    image.data[4 * i] = red;
    image.data[4 * i + 1] = green;
    image.data[4 * i + 2] = blue;
    image.data[4 * i + 3] = 255 * (1 - bare[i]);
  }
  context.putImageData(image, 0, 0);
}
