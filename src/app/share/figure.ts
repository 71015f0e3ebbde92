/**
 * A panel as a picture for papers and slides: its drawings with their computed styles, its texts and its coloured boxes, at the places
 * where the page has them. Vectors stay vectors; a canvas becomes an image.
 */

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 12;

/** Properties that the page's style sheets give to drawings. */
const DRAWN = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "paint-order",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-anchor",
  "dominant-baseline",
  "visibility",
  "filter",
  "mix-blend-mode",
] as const;

/** @param root what to picture @returns an SVG document of its own */
export function figureOf(root: Element): { svg: string; width: number; height: number } {
  const frame = root.getBoundingClientRect();
  const [width, height] = [Math.ceil(frame.width) + 2 * MARGIN, Math.ceil(frame.height) + 2 * MARGIN];
  const figure = document.createElementNS(SVG, "svg");
  set(figure, { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  const ground = append(figure, "rect", { width, height });
  ground.setAttribute("fill", groundOf(root));
  const origin = { x: frame.left - MARGIN, y: frame.top - MARGIN };
  walk(root, figure, origin);
  return { svg: new XMLSerializer().serializeToString(figure), width, height };
}

/** A figure as a PNG at twice its size. */
export async function pngOf(figure: ReturnType<typeof figureOf>, scale = 2): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(figure.svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [scale * figure.width, scale * figure.height];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made")))),
  );
}

interface Origin {
  readonly x: number;
  readonly y: number;
}

function walk(element: Element, figure: SVGElement, origin: Origin): void {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || element.classList.contains("hidden")) return;
  if (element instanceof SVGSVGElement) {
    figure.append(drawing(element, origin));
    return;
  }
  if (element instanceof HTMLCanvasElement) {
    const box = element.getBoundingClientRect();
    append(figure, "image", { ...placed(box, origin), href: element.toDataURL() });
    return;
  }
  // What a person operates is no part of a figure.
  if (element.matches("input, select, fieldset, button.plain, .actions")) return;
  box(element, style, figure, origin);
  for (const child of element.childNodes) {
    if (child instanceof Element) walk(child, figure, origin);
    else if (child instanceof Text) text(child, style, figure, origin);
  }
}

function drawing(source: SVGSVGElement, origin: Origin): SVGElement {
  const copy = source.cloneNode(true) as SVGElement;
  const from = [source, ...source.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  for (const [i, element] of from.entries()) {
    const style = getComputedStyle(element);
    const target = to[i];
    target.removeAttribute("style");
    target.removeAttribute("class");
    if (i > 0 && style.display === "none") target.setAttribute("display", "none");
    for (const name of DRAWN) {
      const value = style.getPropertyValue(name);
      if (value !== "" && value !== "none" && value !== "auto" && value !== "normal") target.setAttribute(name, value);
      else if (value === "none" && (name === "fill" || name === "stroke")) target.setAttribute(name, "none");
    }
  }
  set(copy, { ...placed(source.getBoundingClientRect(), origin), overflow: "visible" });
  return copy;
}

/** A box with a colour of its own, or a rule below or above it. */
function box(element: Element, style: CSSStyleDeclaration, figure: SVGElement, origin: Origin): void {
  const rect = element.getBoundingClientRect();
  if (rect.width === 0 || rect.height === 0) return;
  if (!transparent(style.backgroundColor)) {
    append(figure, "rect", {
      ...placed(rect, origin),
      rx: Number.parseFloat(style.borderRadius) || 0,
      fill: style.backgroundColor,
    });
  }
  for (const [side, y] of [
    ["Top", rect.top],
    ["Bottom", rect.bottom],
  ] as const) {
    const breadth = Number.parseFloat(style[`border${side}Width`]);
    if (breadth > 0 && style[`border${side}Style`] !== "none") {
      const [x1, y1] = [rect.left - origin.x, y - origin.y];
      append(figure, "line", { x1, y1, x2: x1 + rect.width, y2: y1, stroke: style[`border${side}Color`] });
    }
  }
}

/** The lines of a text, each where the page has broken it. */
function text(node: Text, style: CSSStyleDeclaration, figure: SVGElement, origin: Origin): void {
  const whole = node.data;
  if (whole.trim() === "") return;
  const range = document.createRange();
  let start = 0;
  let top: number | null = null;
  const flush = (end: number) => {
    range.setStart(node, start);
    range.setEnd(node, end);
    const rect = range.getBoundingClientRect();
    const line = whole.slice(start, end).replace(/\s+/g, " ");
    if (line.trim() === "" || rect.width === 0) return;
    const target = append(figure, "text", {
      x: rect.left - origin.x,
      y: rect.top - origin.y + rect.height * 0.78,
      fill: style.color,
      "font-family": style.fontFamily,
      "font-size": style.fontSize,
      "font-weight": style.fontWeight,
      "font-style": style.fontStyle,
      textLength: rect.width,
    });
    target.textContent = line.trim();
  };
  for (let i = 0; i < whole.length; i++) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const rect = range.getClientRects()[0];
    if (!rect) continue;
    if (top !== null && Math.abs(rect.top - top) > 2) {
      flush(i);
      start = i;
    }
    top = rect.top;
  }
  flush(whole.length);
}

const transparent = (colour: string) => colour === "transparent" || /,\s*0\)$|\/\s*0\)$/.test(colour);

/** The first ground behind an element that is not transparent. */
function groundOf(element: Element | null): string {
  if (!element) return "white";
  const { backgroundColor } = getComputedStyle(element);
  return transparent(backgroundColor) ? groundOf(element.parentElement) : backgroundColor;
}

function placed(rect: DOMRect, origin: Origin) {
  return { x: rect.left - origin.x, y: rect.top - origin.y, width: rect.width, height: rect.height };
}

function set(element: Element, attributes: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

function append(parent: SVGElement, name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  parent.append(element);
  return element;
}
