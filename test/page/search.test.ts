import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PLAIN_FLAGS, WEBGPU_FLAGS } from "../../src/tools/chromium.mjs";
import { chooseSupernet } from "../../src/tools/page";
import { open, servedPage } from "./served";

const site = servedPage();

/** A search small enough for a software adapter. */
const SMALL = { Steps: 30, "Images a half": 1250, "Image size": 8, Channels: 2, Batch: 4, "Evaluate on": 4 };

async function fill(page: Page, label: string, value: number): Promise<void> {
  const field = page.getByRole("textbox", { name: new RegExp(`^${label}`) }).first();
  await field.fill(String(value));
  await field.press("Enter");
}

/** What the page says of the posterior in words. */
const posterior = (page: Page) => page.locator(".posterior p[role=img]").getAttribute("aria-label");

const stepNumber = async (page: Page) => {
  const text = (await page.locator(".bar").innerText()).replace(/\s+/g, " ");
  return Number(/(\d+) ?\/ ?\d+/.exec(text)?.[1]);
};

const reached = (page: Page, step: number) =>
  expect.poll(() => stepNumber(page), { timeout: 120_000, interval: 200 }).toBeGreaterThanOrEqual(step);

test("a short search on WebGPU: run, pause, turn a knob, step, reset, finish", async () => {
  const { browser, page, requests, errors } = await open(site.address, WEBGPU_FLAGS);
  try {
    await chooseSupernet(page);
    await page.getByRole("button", { name: /^Device: WebGPU$/ }).waitFor({ timeout: 60_000 });
    await page.locator(".knobs details").evaluateAll((groups) => {
      for (const group of groups) (group as HTMLDetailsElement).open = true;
    });
    for (const [label, value] of Object.entries(SMALL)) await fill(page, label, value);
    const prior = await posterior(page);

    await page.getByRole("button", { name: /^Run( again)?$/ }).click();
    await reached(page, 2);
    await page.getByRole("button", { name: /^Pause/ }).click();
    await page.getByRole("button", { name: /^Continue/ }).waitFor({ timeout: 60_000 });
    const paused = await stepNumber(page);
    const moved = await posterior(page);
    const [means, scales] = [/-?[\d.]+(?= ±)/g, /(?<=± )[\d.]+/g];
    for (const numbers of [means, scales]) expect(moved?.match(numbers)).not.toEqual(prior?.match(numbers));
    expect(prior?.match(scales)).toHaveLength(30);

    await fill(page, "Architecture rate", 0.1);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Step/ }).first().click();
    await reached(page, paused + 1);
    expect(await stepNumber(page)).toBe(paused + 1);
    expect(await posterior(page)).not.toBe(moved);

    await page.getByRole("button", { name: /^Reset/ }).click();
    await expect.poll(() => stepNumber(page), { timeout: 60_000 }).toBe(0);
    expect(await posterior(page)).toBe(prior);

    await page.getByRole("button", { name: /^Run( again)?$/ }).click();
    await reached(page, SMALL.Steps);
    const cell = (await page.getByTestId("architecture").innerText()).replace(/\s|Architecture:/g, "");
    expect(cell).toMatch(/^\|\w+~0\|\+\|\w+~0\|\w+~1\|\+\|\w+~0\|\w+~1\|\w+~2\|$/);
    await expect.poll(() => page.locator(".benchmark").innerText()).toMatch(/\d\d\.\d\d/);

    expect(errors).toEqual([]);
    for (const url of requests) expect(url.startsWith(site.address) || url.startsWith("blob:")).toBe(true);
  } finally {
    await browser.close();
  }
});

test("the cost of a search is on the page before it runs, and what the device cannot hold is refused", async () => {
  const { browser, page } = await open(site.address, PLAIN_FLAGS);
  try {
    await chooseSupernet(page);
    const cost = page.locator(".cost");
    await expect
      .poll(() => cost.innerText(), { timeout: 60_000 })
      .toMatch(/^25 k weights · 138 MFLOP a step · 2.53 MB/);
    await page.locator(".knobs details").evaluateAll((groups) => {
      for (const group of groups) (group as HTMLDetailsElement).open = true;
    });
    for (const [label, value] of Object.entries({ Channels: 64, "Cells a stage": 5, "Image size": 32, Batch: 256 })) {
      await fill(page, label, value);
    }
    const notice = page.locator(".pending");
    await notice.waitFor({ timeout: 60_000 });
    expect(await notice.innerText()).toMatch(/needs 8.9 GiB of memory, more than the 3.5 GiB that the device offers/);
    expect(await page.getByRole("button", { name: /^Run( again)?$/ }).isDisabled()).toBe(true);
  } finally {
    await browser.close();
  }
});

test("without WebGPU the page names the device that takes its place", async () => {
  const { browser, page } = await open(site.address, PLAIN_FLAGS);
  try {
    await chooseSupernet(page);
    const device = page.getByRole("button", { name: /^Device: (WebAssembly|WebGL|CPU), in place of WebGPU$/ });
    await device.waitFor({ timeout: 60_000 });
    expect(await device.innerText()).toMatch(/not WebGPU/);
    await device.click();
    expect(await page.locator(".device-panel").innerText()).toMatch(/WebGPU is not in use\. .{10}/);
  } finally {
    await browser.close();
  }
});

test("what the first paint loads is under 150 kB gzip, and TensorFlow.js is not in it", () => {
  interface Chunk {
    file: string;
    css?: string[];
    imports?: string[];
  }
  const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8")) as Record<string, Chunk>;
  const files = new Set(["index.html"]);
  const visit = (name: string) => {
    const { file, css = [], imports = [] } = manifest[name];
    for (const each of [file, ...css]) files.add(each);
    imports.forEach(visit);
  };
  visit("index.html");
  visit("src/app/page.tsx");
  let bytes = 0;
  for (const file of files) {
    const content = readFileSync(`dist/${file}`);
    bytes += gzipSync(content).length;
    expect(content.includes("WebGPUBackend") || content.includes("tfjs")).toBe(false);
  }
  console.log(`first paint: ${(bytes / 1000).toFixed(1)} kB gzip in ${files.size} files`);
  expect(bytes).toBeLessThan(150_000);
});
