import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { PROXY_NAMES } from "../../src/core/proxies";
import type { StepRecord } from "../../src/search/records";
import { parseRunFile } from "../../src/search/runfile";
import { PLAIN_FLAGS } from "../../src/tools/chromium.mjs";
import { button, faults, open, servedPage } from "./served";

const site = servedPage();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const finished = (page: Page) => page.getByRole("button", { name: /^Run again/ }).waitFor({ timeout: 120_000 });
const posterior = (page: Page) => page.locator(".posterior p[role=img]").getAttribute("aria-label");
const shownCell = async (page: Page) =>
  (await page.getByTestId("architecture").innerText()).replace(/\s|Architecture:/g, "");

/** A run on the instant objective that an address starts. */
const LINK = "#objective=instant&objectiveNoise=4&steps=400&archRate=0.02&seed=5";

async function saved(page: Page, name: string): Promise<string> {
  const waiting = page.waitForEvent("download");
  await button(page, name).click();
  const file = await waiting;
  const path = join(folder, file.suggestedFilename());
  await file.saveAs(path);
  return path;
}

/** Opens another page of the same browser. */
async function another(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url);
  return page;
}

test("run, hover, scrub, draw, turn a knob, share, and open it again", async () => {
  const { browser, page, errors } = await open(`${site.address}${LINK}`, PLAIN_FLAGS);
  try {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await finished(page);

    // An edge that is pointed at is lit in the posterior, in the cell and in the map.
    await page.getByRole("radio", { name: "In the space" }).check();
    const dimmed = (selector: string) => page.locator(`${selector} .dim, ${selector} .out, ${selector}.out`).count();
    expect([await dimmed(".posterior"), await dimmed(".cell .drawing")]).toEqual([0, 0]);
    await page.getByRole("button", { name: /^Edge 0→2/ }).hover();
    await expect.poll(() => dimmed(".posterior")).toBeGreaterThan(0);
    await expect.poll(() => dimmed(".cell .drawing")).toBeGreaterThan(0);
    await expect.poll(() => page.getByTestId("readout").innerText()).toMatch(/^0→2/);
    await page.mouse.move(2, 400);

    // The past: every panel shows step 0, then the latest again.
    const last = await shownCell(page);
    const at = await posterior(page);
    const slider = page.getByRole("slider", { name: "Step on screen" });
    await slider.fill("0");
    await expect.poll(() => posterior(page)).toMatch(/^Posterior after step 0\./);
    const first = await shownCell(page);
    expect(first).not.toBe(last);
    await button(page, "Latest").click();
    await expect.poll(() => posterior(page)).toBe(at);
    expect(await shownCell(page)).toBe(last);

    // Samples: a draw has as many cells as it says, and its seed repeats it.
    await page.getByRole("radio", { name: "Samples" }).check();
    const cards = page.getByRole("button", { name: /^Sample \d+[,;]/ });
    const drawn = await cards.allInnerTexts();
    expect(drawn.length).toBeGreaterThan(0);
    await button(page, "Draw").click();
    await expect.poll(() => page.getByRole("textbox", { name: "Sample seed" }).inputValue()).toBe("2");
    const seed = page.getByRole("textbox", { name: "Sample seed" });
    await seed.fill("1");
    await seed.press("Enter");
    await expect.poll(() => cards.allInnerTexts()).toEqual(drawn);
    await page.getByRole("radio", { name: "Weighted" }).check();

    // A knob turned in the middle of a run leaves its mark on the time axes, and is in the link.
    await button(page, "Reset").click();
    await expect.poll(() => posterior(page)).toMatch(/^Posterior after step 0\./);
    for (let step = 1; step <= 3; step++) {
      await page.getByRole("button", { name: /^Step/ }).first().click();
      await expect.poll(() => posterior(page)).toMatch(new RegExp(`^Posterior after step ${step}\\.`));
    }
    const rate = page.getByRole("textbox", { name: /^Architecture rate/ }).first();
    await rate.fill("0.05");
    await rate.press("Enter");
    await page
      .getByRole("button", { name: /^Run|^Continue/ })
      .first()
      .click();
    await finished(page);
    await expect.poll(() => page.locator(".timeline .flag.edit").count()).toBe(1);
    expect(await page.locator(".timeline .flag.edit title").textContent()).toBe("step 4: Architecture rate 0.05");
    expect(await page.locator(".posterior .edit").count()).toBe(NAS_BENCH_201.rows.length);

    // The link starts the same run in a page of its own.
    await button(page, "Share").click();
    await button(page, "Copy the link").click();
    await page.getByText("Link copied.").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toContain("edits=4:archRate=0.05");
    const twin = await another(browser, link);
    await finished(twin);
    await expect.poll(() => posterior(twin)).toBe(await posterior(page));
    await button(twin, "Share").click();
    const [ours, theirs] = [await saved(page, "Run file"), await saved(twin, "Run file")];
    await twin.close();

    // Every format.
    const records = parseRunFile(readFileSync(ours, "utf8"));
    const steps = records.filter((record): record is StepRecord => record.kind === "step");
    expect(steps).toHaveLength(400);
    expect(parseRunFile(readFileSync(theirs, "utf8")).filter(({ kind }) => kind === "step")).toEqual(steps);
    const csv = readFileSync(await saved(page, "CSV"), "utf8")
      .trim()
      .split("\n");
    expect(csv).toHaveLength(402);
    expect(Number(csv[401].split(",")[7])).toBe(steps[399].mean[0]);
    const arrays = unzipSync(readFileSync(await saved(page, "NumPy (npz)")));
    expect(Object.keys(arrays)).toEqual(expect.arrayContaining(["mean.npy", "scale.npy", "scalars.npy"]));
    const module = readFileSync(await saved(page, "PyTorch module"), "utf8");
    const cell = await shownCell(page);
    expect(module).toContain(cell);
    expect(JSON.parse(readFileSync(await saved(page, "JSON"), "utf8")).architecture).toBe(cell);
    await button(page, "Copy as Genotype(…)").click();
    await page.getByText("Genotype copied.").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^Genotype\(normal=\[\('/);
    for (const figure of ["Cell", "Posterior", "Benchmark accuracy", "Curves of the search"]) {
      const svg = readFileSync(await saved(page, `SVG of ${figure}`), "utf8");
      expect(
        await page.evaluate(
          (text) =>
            new DOMParser().parseFromString(text, "image/svg+xml").querySelectorAll("path, text, parsererror").length,
          svg,
        ),
      ).toBeGreaterThan(3);
      expect(svg).not.toContain("parsererror");
      const png = readFileSync(await saved(page, `PNG of ${figure}`));
      expect([...png.subarray(1, 4)]).toEqual([...Buffer.from("PNG")]);
      expect(png.length).toBeGreaterThan(5000);
    }

    // The run file comes back as what it was.
    await button(page, "Runs").click();
    await page.getByLabel("Run file").setInputFiles(ours);
    await page.getByText(/^Showing a kept run/).waitFor({ timeout: 30_000 });
    expect(await shownCell(page)).toBe(cell);
    await slider.fill("200");
    await expect.poll(() => posterior(page)).toMatch(/^Posterior after step 200\./);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("a link of a supernet gives the same run on WebAssembly, number for number, and architectures are selected from it", async () => {
  const link =
    "#steps=10&channels=2&image=8&batch=4&images=1250&evaluateImages=4&seed=9&edits=4:archRate=0.05;6:flip=false";
  const { browser, page } = await open(`${site.address}${link}`, PLAIN_FLAGS);
  try {
    const twin = await another(browser, `${site.address}${link}`);
    const steps: StepRecord[][] = [];
    for (const each of [page, twin]) {
      await finished(each);
      await button(each, "Share").click();
      const records = parseRunFile(readFileSync(await saved(each, "Run file"), "utf8"));
      expect(records[0].device).toBe("wasm");
      steps.push(records.filter((record): record is StepRecord => record.kind === "step"));
    }
    expect(steps[0]).toHaveLength(10);
    expect(steps[1]).toEqual(steps[0]);
    await twin.close();
    await selects(page);
  } finally {
    await browser.close();
  }
});

const TITLES = ["Pick", "By proxies", "Argmax", "Random control", "Random by proxies", "Oracle", "BaLeNAS-TF"];

/** A selection is cancelled, goes on where it was, and shows the cells that it ranks. */
async function selects(page: Page): Promise<void> {
  await button(page, "Select").click();
  await page.getByRole("combobox", { name: "Samples" }).selectOption("10");
  await page.getByRole("combobox", { name: "Measure" }).selectOption("every");
  await page.getByRole("combobox", { name: "Then train" }).selectOption("10");
  await button(page, "Start").click();
  await button(page, "Cancel").click();
  const stopped = await page.getByText(/^Stopped with \d+ of \d+ scored$/).innerText({ timeout: 30_000 });
  const [scored, total] = (stopped.match(/\d+/g) ?? []).map(Number);
  expect(scored).toBeLessThan(total);
  await button(page, "Resume").click();
  await page
    .getByText(`All ${total} scored, the best trained: the group and the random control`)
    .waitFor({ timeout: 60_000 });

  const outcome = page.getByRole("table", { name: /^Test accuracy of the pick/ }).getByRole("row");
  for (const [row, title] of TITLES.entries()) {
    expect(await outcome.nth(row + 1).innerText()).toMatch(
      new RegExp(`^${title}(.|\\s)*( \\d\\d\\.\\d\\d|\\t\\d+\\.\\d+){3}`),
    );
  }
  const heads = page.locator(".select-table thead th");
  await expect.poll(() => heads.allInnerTexts()).toHaveLength(6 + PROXY_NAMES.length - 1);
  await page.getByRole("combobox", { name: "Proxy on the horizontal axis" }).selectOption("training");
  await page.getByRole("img", { name: /against place after the short training/ }).waitFor();
  await page.getByRole("combobox", { name: "Proxy on the horizontal axis" }).selectOption("naswot");
  const plot = page.getByRole("img", { name: /candidates against NASWOT: rank correlation/ });
  expect(await plot.getAttribute("aria-label")).toContain(await page.getByTestId("rank-correlation").innerText());

  const second = page.getByRole("button", { name: /^Show candidate 2:/ });
  await second.click();
  const shown = await shownCell(page);
  expect(await second.getAttribute("aria-label")).toBe(`Show candidate 2: ${shown}`);
  expect(await faults(page, ".drawer")).toEqual([]);
  await second.click();
  await expect.poll(() => shownCell(page)).not.toBe(shown);
}

test("a mended link says what was mended, and runs", async () => {
  const { browser, page, errors } = await open(
    `${site.address}#objective=instant&steps=12&seed=abc&metod=darts`,
    PLAIN_FLAGS,
  );
  try {
    await finished(page);
    const notes = page.getByText("The link was mended").locator("xpath=ancestor::*[@role='status']");
    expect(await notes.innerText()).toMatch(
      /Seed was “abc”.*took 1\.\s*There is no setting “metod”; the nearest is method\./s,
    );
    await notes.getByRole("button", { name: "Dismiss" }).click();
    expect(await page.getByText("The link was mended").count()).toBe(0);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("axe finds nothing serious in any view, in both themes, wide and narrow", async () => {
  const { browser, page } = await open(`${site.address}${LINK}`, PLAIN_FLAGS);
  try {
    await finished(page);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const view of ["Weighted", "Most probable", "Samples"]) {
          await page.getByRole("radio", { name: view }).check();
          expect(await faults(page), `${view}, ${colorScheme}, ${width} px`).toEqual([]);
        }
        await page.getByRole("radio", { name: "In the space" }).check();
        await page.getByRole("radio", { name: /^Mixing weights/ }).check();
        expect(await faults(page), `space and mixing weights, ${colorScheme}, ${width} px`).toEqual([]);
        await page.getByRole("radio", { name: "Over time" }).check();
        await page.getByRole("radio", { name: /^Architecture parameters/ }).check();
        for (const drawer of ["Runs", "Compare", "Share"]) {
          await page.getByRole("navigation", { name: "Drawers" }).getByRole("button", { name: drawer }).click();
          await page.locator(".drawer").waitFor();
          expect(await faults(page), `${drawer}, ${colorScheme}, ${width} px`).toEqual([]);
        }
        await page.getByRole("button", { name: "Close", exact: true }).click();
      }
    }
  } finally {
    await browser.close();
  }
});
