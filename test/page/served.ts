import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { CHROMIUM } from "../../src/tools/chromium.mjs";
import { serve } from "../../src/tools/page";

/** Serves the built page while the tests of a file run. */
export function servedPage(): { readonly address: string } {
  let serving: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    serving = await serve();
  });
  afterAll(() => serving.server.close());
  return {
    get address() {
      return serving.address;
    },
  };
}

/** A page in a fresh browser started with `flags`, and every address that it asks for. */
export async function open(
  address: string,
  flags: readonly string[],
): Promise<{ browser: Browser; page: Page; requests: string[]; errors: string[] }> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...flags] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(address);
  return { browser, page, requests, errors };
}

/** A button by its whole name. */
export const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true });

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds that weighs, in the whole page or a part of it. */
export async function faults(page: Page, within = "html"): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.addScriptTag({ content: AXE });
  return page.evaluate(async (selector) => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(selector);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  }, within);
}
