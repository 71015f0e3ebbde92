import { expect, test } from "vitest";
import { CONTROLS } from "../../src/core/controls";
import { WEBGPU_FLAGS } from "../../src/tools/chromium.mjs";
import { button, open, servedPage } from "./served";

const site = servedPage();

/** Small enough for a software adapter: one link a search. */
const SMALL = "steps=2&images=1250&image=8&channels=2&partialChannels=2&batch=4&evaluateEvery=2&evaluateImages=4";

test("each space and each method finish a search on WebGPU", async () => {
  const { browser, page, errors } = await open(`${site.address}#${SMALL}`, WEBGPU_FLAGS);
  const over = page.getByText("The search is over:");
  try {
    await over.waitFor({ timeout: 120_000 });
    await page.getByRole("button", { name: /^Device: WebGPU$/ }).waitFor();
    const method = page.getByRole("combobox", { name: /^Method/ });
    for (const { value } of CONTROLS.space.options) {
      await page.getByRole("combobox", { name: /^Search space/ }).selectOption(value);
      const methods = CONTROLS.method.options.filter(
        (option) => value === "nasbench201" || ["balenas", "pc-darts"].includes(option.value),
      );
      for (const option of methods) {
        await method.selectOption(option.value);
        await button(page, "Reset").click();
        await button(page, "Run").click();
        await over.waitFor({ timeout: 120_000 });
      }
    }
    const genotype = await page.getByTestId("architecture").innerText();
    expect(genotype).toMatch(/Genotype\(normal=\[\('\w+', \d\), /);
    expect(await page.getByText("has no table of accuracies").count()).toBe(1);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
