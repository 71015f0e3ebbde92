import { expect, test } from "vitest";
import { CONTROLS } from "../../src/core/controls";
import { WEBGPU_FLAGS } from "../../src/tools/chromium.mjs";
import { button, open, servedPage } from "./served";

const site = servedPage();

/** Small enough for a software adapter: one link a search. */
const SMALL = "steps=2&images=1250&image=8&channels=2&partialChannels=2&batch=4&evaluateEvery=2&evaluateImages=4";

/** All methods on NAS-Bench-201; on the other spaces some, those among them that treat rows of several picks alike. */
const FEW_METHODS: Readonly<Record<string, readonly string[] | undefined>> = {
  darts: ["balenas"],
  "1shot1-s1": ["gdas"],
  "1shot1-s2": ["drnas"],
  "1shot1-s3": ["balenas"],
};

const ONE_SHOT = {
  notation: /(\w+-bn-relu|maxpool3x3)\(0\)\s*\|.*output\(\d,\d(,\d)?\)/s,
  figures: /one run of the benchmark|estimated, not trained/,
};

/** What the page says of a cell of each space. */
const KNOWN = {
  nasbench201: { notation: /\|\w+~0\|\+\|/, figures: "rank" },
  darts: { notation: /Genotype\(normal=\[\('\w+', \d\), /, figures: "has no table of accuracies" },
  "1shot1-s1": ONE_SHOT,
  "1shot1-s2": ONE_SHOT,
  "1shot1-s3": ONE_SHOT,
} as const;

test("each space and each method finish a search on WebGPU", async () => {
  const { browser, page, errors } = await open(`${site.address}#${SMALL}`, WEBGPU_FLAGS);
  const over = page.getByText("The search is over:");
  try {
    await over.waitFor({ timeout: 120_000 });
    await page.getByRole("button", { name: /^Device: WebGPU$/ }).waitFor();
    const method = page.getByRole("combobox", { name: /^Method/ });
    for (const { value } of CONTROLS.space.options) {
      await page.getByRole("combobox", { name: /^Search space/ }).selectOption(value);
      const some = FEW_METHODS[value];
      const methods = CONTROLS.method.options.filter((option) => some?.includes(option.value) ?? true);
      for (const option of methods) {
        await method.selectOption(option.value);
        await button(page, "Reset").click();
        await button(page, "Run").click();
        await over.waitFor({ timeout: 120_000 });
      }
      const { notation, figures } = KNOWN[value];
      expect(await page.getByTestId("architecture").innerText()).toMatch(notation);
      await page.getByText(figures).first().waitFor();
    }
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
