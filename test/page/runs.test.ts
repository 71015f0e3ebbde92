import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import type { StepRecord } from "../../src/search/records";
import { parseRunFile } from "../../src/search/runfile";
import { PLAIN_FLAGS } from "../../src/tools/chromium.mjs";
import { chooseSupernet } from "../../src/tools/page";
import { button, faults, open, servedPage } from "./served";

const site = servedPage();
let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runs-"));
  file = join(folder, "from elsewhere.jsonl");
  const flags = "--steps 6 --channels 2 --image 8 --batch 4 --device wasm --set images=1250 --set evaluateImages=4";
  execFileSync(process.execPath, ["--import", "tsx", "src/cli/nas.ts", "search", ...flags.split(" "), "--out", file]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SMALL = { Steps: 40, "Images a half": 1250, "Image size": 8, Channels: 2, Batch: 4 };

async function ready(page: Page): Promise<void> {
  await chooseSupernet(page);
  for (const [label, value] of Object.entries(SMALL)) {
    const field = page.getByRole("textbox", { name: new RegExp(`^${label}`) }).first();
    await field.fill(String(value));
    await field.press("Enter");
  }
}

/** A selection as `nas select` prints it. */
function selectionOf(method: string) {
  const architecture = NAS_BENCH_201.format([3, 3, 3, 3, 3, 3]);
  const curve = [1, 5].map((samples) => ({ samples, architecture }));
  const asked = { method, seed: 1, samples: 5, temperature: 1, rankBy: ["naswot"] };
  const line = JSON.stringify({ kind: "selection", ...asked, architecture, control: { architecture }, curve });
  return { name: "selection.jsonl", mimeType: "text/plain", buffer: Buffer.from(line) };
}

const shownCell = async (page: Page) =>
  (await page.getByTestId("architecture").innerText()).replace(/\s|Architecture:/g, "");
const names = (page: Page) =>
  page.locator(".run-name").evaluateAll((all) => all.map((each) => each.textContent?.split(" · ")[0].trim()));

test("compare with DARTS in one press; runs are kept, shown, renamed, deleted, brought back, and outlast the page", async () => {
  const { browser, page, errors } = await open(site.address, PLAIN_FLAGS);
  try {
    await ready(page);
    await button(page, "Compare").click();
    await button(page, "Compare with DARTS").click();
    const compared = page.getByRole("list", { name: "Runs in this comparison" }).getByRole("listitem");
    await expect.poll(() => compared.allInnerTexts(), { timeout: 120_000 }).toHaveLength(2);
    await page.getByRole("button", { name: /^Run again/ }).waitFor({ timeout: 120_000 });
    expect((await compared.nth(1).innerText()).replace(/\s+/g, " ")).toMatch(/DARTS, seed 1 .*Method DARTS/);
    const rows = page.getByRole("table", { name: /^Final figures/ }).getByRole("row");
    // "Run again" may still be what the first run left.
    await expect.poll(() => rows.nth(2).innerText(), { timeout: 120_000 }).toMatch(/Steps\s+40\s+40/);
    const results = page.getByRole("table", { name: /^Results on NAS-Bench-201/ }).getByRole("row");
    expect(await results.nth(2).innerText()).toMatch(/BaLeNAS-TF in the paper\s+91\.52\s+94\.33\s+72\.67\s+72\.95/);
    expect(await results.nth(4).innerText()).toMatch(/B\s+DARTS argmax(\s+\d\d\.\d\d){6}/);
    const sampled = page.getByRole("img", { name: /^Test accuracy of samples of B through time\. At step 40: / });
    await sampled.waitFor();
    await page.locator("input[aria-label=Selections]").setInputFiles(selectionOf("balenas"));
    const picks = page.getByRole("img", { name: /BaLeNAS: 5 samples by NASWOT: \d\d\.\d\d % of 1, / });
    await picks.waitFor();
    await page.getByRole("radio", { name: "CIFAR-100" }).last().check();
    await page.getByRole("heading", { name: /^Most probable cell: test accuracy on CIFAR-100/ }).waitFor();
    const entropy = page.getByRole("img", { name: /^Entropy of mixing weights at the mean through time\. A \d/ });
    await entropy.waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await faults(page, ".drawer")).toEqual([]);
    }

    await button(page, "Runs").click();
    await expect.poll(() => names(page)).toEqual(["DARTS, seed 1", "BaLeNAS, seed 1"]);
    const darts = await shownCell(page);
    await button(page, "Show BaLeNAS, seed 1").click();
    await page.getByText("Showing a kept run: BaLeNAS, seed 1").waitFor();
    expect(await page.locator(".posterior p[role=img]").getAttribute("aria-label")).toMatch(/±/);
    await button(page, "Back to the current run").click();
    expect(await shownCell(page)).toBe(darts);

    await button(page, "Rename BaLeNAS, seed 1").click();
    await page.getByRole("textbox", { name: "New name of BaLeNAS, seed 1" }).fill("for class");
    await page.keyboard.press("Enter");
    expect(await faults(page, ".drawer")).toEqual([]);
    await button(page, "Delete for class").click();
    await expect.poll(() => names(page)).toEqual(["DARTS, seed 1"]);
    await button(page, "Undo").click();
    await expect.poll(() => names(page)).toEqual(["DARTS, seed 1", "for class"]);

    await page.reload();
    await chooseSupernet(page);
    await button(page, "Runs").click();
    await expect.poll(() => names(page)).toEqual(["BaLeNAS, seed 1", "DARTS, seed 1", "for class"]);
    await button(page, "Show DARTS, seed 1").click();
    await page.getByText("Showing a kept run: DARTS, seed 1").waitFor({ timeout: 60_000 });
    expect(await shownCell(page)).toBe(darts);
    // Running acts on the current run and brings it back.
    await page.getByRole("button", { name: /^Step/ }).first().click();
    await expect.poll(() => page.getByText("Showing a kept run").count()).toBe(0);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("a run file from elsewhere is imported and scrubbed; a broken one gets a sentence", async () => {
  const { browser, page, errors } = await open(site.address, PLAIN_FLAGS);
  try {
    await button(page, "Runs").click();
    const field = page.locator("input[type=file]");
    await field.setInputFiles(file);
    await page.getByText("Showing a kept run: from elsewhere").waitFor({ timeout: 60_000 });
    const slider = page.getByRole("slider", { name: "Step on screen" });
    const records = parseRunFile(readFileSync(file, "utf8")).filter((record) => record.kind === "step") as StepRecord[];
    for (const step of [6, 2, 5]) {
      await slider.fill(String(step));
      const { mean } = records[step - 1];
      await expect.poll(() => shownCell(page)).toBe(NAS_BENCH_201.format(NAS_BENCH_201.discretise(mean)));
    }
    const broken = readFileSync(file, "utf8").replace('"step":3', '"step":5');
    await field.setInputFiles({ name: "broken.jsonl", mimeType: "text/plain", buffer: Buffer.from(broken) });
    await expect
      .poll(() => page.getByRole("alert").innerText())
      .toMatch(/broken\.jsonl was not imported: line 4 of the run file: step is 5, expected 3/);
    expect(await names(page)).toHaveLength(2);
    // Dropped on the page, the same file is read the same way.
    const data = await page.evaluateHandle(
      (text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], "dropped.jsonl"));
        return transfer;
      },
      readFileSync(file, "utf8"),
    );
    await page.dispatchEvent("body", "drop", { dataTransfer: data });
    await page.getByText("Showing a kept run: dropped").waitFor();
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("where the browser keeps nothing, runs last until the page closes, and the list says so", async () => {
  const { browser, page, errors } = await open(site.address, PLAIN_FLAGS);
  try {
    await page.addInitScript("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })");
    await page.reload();
    await button(page, "Runs").click();
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText("Showing a kept run: from elsewhere").waitFor({ timeout: 60_000 });
    expect(await page.locator(".runs").innerText()).toContain("these runs last until the page closes");
    await button(page, "Back to the current run").click();
    await button(page, "Show from elsewhere").click();
    await page.getByText("Showing a kept run: from elsewhere").waitFor();
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
