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
    await cards.first().waitFor();
    const drawn = await cards.allInnerTexts();
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

test("a link of a supernet gives the same run on WebAssembly, number for number; its loss is sliced, architectures are selected from it and trained", async () => {
  const link =
    "#steps=10&channels=2&image=8&batch=4&images=1250&evaluateImages=4&sharpnessEvery=5&seed=9&edits=4:archRate=0.05;6:flip=false";
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
    await slices(page);
    await selects(page);
    await trains(page);
  } finally {
    await browser.close();
  }
});

const TITLES = ["Pick", "By proxies", "Argmax", "Random control", "Random by proxies", "Oracle", "BaLeNAS-TF"];

/** What was measured during the run is drawn; the loss around the mean is measured now, and its slice and the posterior's ellipses are there. */
async function slices(page: Page): Promise<void> {
  await button(page, "Sharpness").click();
  await page
    .getByRole("img", { name: /^Dominant eigenvalue .*: −?\d\.\d+ at step 5, −?\d\.\d+ at step 10\.$/ })
    .waitFor();
  await button(page, "Measure now").click();
  await page.getByText("Sharpness measured.").waitFor({ state: "attached", timeout: 60_000 });
  expect(await page.getByTestId("penalty").innerText()).toMatch(
    /^½ tr\(σ²H\) is −?\d\.\d+ nats\. By 48 pairs .* ± \d\.\d+ above/,
  );
  await page
    .getByRole("img", { name: /^Loss in a plane of \d.* nats at the mean, from \d\.\d+ to \d\.\d+\.$/ })
    .waitFor();
  await page.getByRole("img", { name: /^Eigenvalues of the Hessian .* of 30 negative\.$/ }).waitFor();
  expect(await page.locator(".sharpness .ellipse").count()).toBe(2);
  expect(await page.locator(".sharpness .contour").count()).toBeGreaterThan(2);
  const shades = await page.locator(".sharpness-box canvas").evaluate((canvas: HTMLCanvasElement) => {
    const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const seen = new Set<number>();
    for (let i = 0; i < pixels.length; i += 4) seen.add(pixels[i] * 65536 + pixels[i + 1] * 256 + pixels[i + 2]);
    return seen.size;
  });
  expect(shades).toBe(1 + (await page.locator(".sharpness .contour").count()));
  await page.locator(".sharpness-box svg").hover({ position: { x: 40, y: 40 } });
  expect(await page.locator(".sharpness-tip").innerText()).toMatch(/loss \d\.\d+ nats, [+−]\d\.\d+ to the mean/);
  expect(await faults(page, ".drawer")).toEqual([]);
}

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

/** Two cells are trained side by side, one of them drawn by hand; the training is paused and goes on; its mistakes are shown. */
async function trains(page: Page): Promise<void> {
  await button(page, "Train").click();
  for (const name of ["Pick", "Argmax"]) await page.getByRole("checkbox", { name }).uncheck();
  await button(page, "Draw").click();
  const text = page.getByRole("textbox", { name: "Or paste its text" });
  await text.fill("|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|sip_connect~0|none~1|nor_conv_3x3~2|");
  await page.getByText(/unknown operation "sip_connect".*the nearest is skip_connect/).waitFor();
  await text.fill("|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|");
  await page.getByRole("combobox", { name: "1→2" }).selectOption("conv 1×1");
  expect(await text.inputValue()).toContain("|nor_conv_3x3~0|nor_conv_1x1~1|");
  await page.getByRole("combobox", { name: "Epochs" }).selectOption("2");
  await page.getByRole("combobox", { name: "Channels" }).selectOption("2");
  await page.getByRole("combobox", { name: "Training images" }).selectOption("1000");
  await button(page, "Start").click();
  const rows = page.locator(".train-table tbody tr");
  await expect.poll(() => rows.count(), { timeout: 30_000 }).toBe(2);
  await button(page, "Pause training").click();
  const paused = await page.getByText(/^Paused at \d+ %, epoch [12] of 2$/).innerText({ timeout: 30_000 });
  expect(Number(/\d+/.exec(paused)?.[0])).toBeLessThan(100);
  await button(page, "Resume").click();
  await page.getByText("Trained and tested on 10,000 images").waitFor({ timeout: 60_000 });

  const cells = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll("th, td")].map((each) => (each as HTMLElement).innerText)),
  );
  expect(cells.map(([name]) => name.replace(/\s+/g, " ").trim())).toEqual(["A DARTS", "B By hand"]);
  // Of shortcuts alone in the benchmark.
  expect(cells[0].at(-1)).toBe("54.30");
  const curves = page.getByRole("img", { name: /^Training loss by epoch: A \d\.\d+ nats; B \d\.\d+ nats\.$/ });
  await expect.poll(() => curves.count()).toBe(1);
  for (const [i, network] of ["A: DARTS", "B: By hand"].entries()) {
    await page.getByRole("radio", { name: network }).check();
    const matrix = await page
      .locator(".train-matrix tbody tr")
      .evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll("button")].map((each) => Number(each.innerText || 0))),
      );
    const total = matrix.flat().reduce((sum, images) => sum + images, 0);
    expect(total).toBe(10_000);
    const [accuracy, low, high] = (cells[i][2].match(/[\d.]+/g) ?? []).map(Number);
    const right = matrix.reduce((sum, row, label) => sum + row[label], 0);
    expect(right / 100).toBeCloseTo(accuracy, 6);
    expect(accuracy).toBeGreaterThan(20);
    expect(low < accuracy && accuracy < high).toBe(true);

    // The most frequent mistake is shown unasked; this is the next.
    const [, { label, taken, images }] = matrix
      .flatMap((row, label) => row.map((images, taken) => ({ label, taken, images })))
      .filter(({ label, taken }) => label !== taken)
      .sort((a, b) => b.images - a.images);
    const classes = await page.locator(".train-matrix tbody th").allInnerTexts();
    await button(page, `${classes[label]} taken for ${classes[taken]}: ${images}`).click();
    await page.getByRole("heading", { name: `${classes[label]}, taken for ${classes[taken]}` }).waitFor();
    const pictures = page.locator(".train-images canvas");
    await expect.poll(() => pictures.count()).toBe(Math.min(20, images));
    const words = (await pictures.first().getAttribute("aria-label")) ?? "";
    const [own, wrong] = (words.match(/[\d.]+(?= %)/g) ?? []).map(Number);
    expect(words).toContain(`: ${classes[label]} ${own} %, taken for ${classes[taken]} ${wrong} %`);
    expect(own).toBeLessThanOrEqual(wrong);
    const brightest = await pictures.first().evaluate((canvas: HTMLCanvasElement) => {
      const image = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height);
      return Math.max(...(image?.data.filter((_, at) => at % 4 === 0) ?? []));
    });
    expect(brightest).toBeGreaterThan(100);
  }
  await button(page, /^Shirt taken for Coat: /).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.getByRole("heading", { name: /^Sneaker, taken for Coat/ }).waitFor();
  expect(await faults(page, ".drawer")).toEqual([]);
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
          if (view === "Samples") await page.locator(".gallery li").first().waitFor();
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
