import { expect, test } from "vitest";
import { WEBGPU_FLAGS } from "../../src/tools/chromium.mjs";
import { chooseSupernet } from "../../src/tools/page";
import { open, servedPage } from "./served";

const site = servedPage();

test("a run whose GPU is lost goes on from its last checkpoint, and the timeline says so", async () => {
  const { browser, page, errors } = await open(site.address, WEBGPU_FLAGS);
  try {
    await chooseSupernet(page);
    await page.getByRole("button", { name: /^Device: WebGPU$/ }).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: /^Run( again)?$/ }).click();
    const step = async () => Number((await page.locator(".progress dd").first().innerText()).split("/")[0].trim());
    await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(2);
    const devtools = await browser.newBrowserCDPSession();
    // The crash may take the answer with it.
    devtools.send("Browser.crashGpuProcess").catch(() => {});
    await expect
      .poll(() => page.locator(".timeline .flag.recovery title").allTextContents(), { timeout: 120_000 })
      .toEqual(["step 1: went back to here"]);
    const resumed = await step();
    await expect.poll(step, { timeout: 120_000 }).toBeGreaterThan(resumed + 2);
    expect(await page.getByRole("button", { name: /^Device: / }).count()).toBe(1);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
