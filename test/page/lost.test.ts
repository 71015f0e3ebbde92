import { expect, test } from "vitest";
import { WEBGPU_FLAGS } from "../../src/tools/chromium.mjs";
import { open, serve } from "./served";

test("a lost GPU ends the run and the page says so", async () => {
  const { server, address } = await serve();
  const { browser, page, errors } = await open(address, WEBGPU_FLAGS);
  try {
    await page.getByRole("button", { name: /^Device: WebGPU$/ }).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: /^Run/ }).click();
    await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 60_000 });
    const devtools = await browser.newBrowserCDPSession();
    // The crash may take the answer with it.
    devtools.send("Browser.crashGpuProcess").catch(() => {});
    const message = page.getByText(/The GPU was lost .*Reload the page/);
    await message.waitFor({ timeout: 60_000 });
    // What fails in the run thereafter does not take the place of the cause.
    await page.waitForTimeout(500);
    expect(await message.count()).toBe(1);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});
