/**
 * Takes the pictures of README and docs/ from the built page: `npm run pictures` after `npx vite build`. Each is looked at before it is
 * committed.
 */
import { chromium, type Page } from "playwright-core";
import { CHROMIUM, PLAIN_FLAGS } from "./chromium.mjs";
import { serve } from "./page";

const { server, address } = await serve();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...PLAIN_FLAGS] });

const finished = (page: Page) => page.getByRole("button", { name: /^Run again/ }).waitFor({ timeout: 600_000 });
const drawer = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Drawers" }).getByRole("button", { name }).click();

/** A search with a supernet, shorter and faster than the default; first by itself, then next to DARTS. */
const RUN = "#steps=1000&archRate=0.006";

for (const [suffix, colorScheme, width] of [
  ["", "light", 1280],
  ["-dark", "dark", 1280],
  ["-narrow", "light", 390],
  ["-narrow-dark", "dark", 390],
] as const) {
  const page = await browser.newPage({ viewport: { width, height: width < 1000 ? 844 : 800 }, colorScheme });
  const shot = async (name: string) => {
    await page.mouse.move(1, 1);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `docs/${name}${suffix}.png` });
  };
  await page.goto(`${address}${RUN}`);
  await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 60_000 });
  await page.waitForTimeout(8000);
  await shot("page");
  await finished(page);
  await page.getByRole("radio", { name: "Samples" }).check();
  await page.getByRole("radio", { name: "In the space" }).check();
  // Below the bar, which stays at the top.
  await page.locator(".cell").evaluate((element) => {
    const bar = document.querySelector(".bar")?.getBoundingClientRect().height ?? 0;
    window.scrollBy({ top: element.getBoundingClientRect().top - bar - 8, behavior: "instant" });
  });
  await shot("samples");
  await page.getByRole("radio", { name: "Weighted" }).check();
  await drawer(page, "Compare");
  await page.getByRole("button", { name: "Compare with DARTS" }).click();
  await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 60_000 });
  await finished(page);
  if (width < 1000) await page.locator(".drawer").evaluate((element) => element.scrollIntoView());
  await shot("compare");
  await page.close();
}
await browser.close();
await server.close();
