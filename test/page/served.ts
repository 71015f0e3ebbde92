import { type Browser, chromium, type Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";
import { CHROMIUM } from "../../src/tools/chromium.mjs";

/** The built page on a port of its own. */
export async function serve(): Promise<{ server: PreviewServer; address: string }> {
  const server = await preview({ preview: { port: 0, strictPort: false }, logLevel: "silent" });
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error("the preview server has no local address");
  return { server, address };
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

/** The page opens with the instant objective under way: leaves it for the one-minute supernet, which stands at step 0. */
export async function chooseSupernet(page: Page): Promise<void> {
  await page.getByRole("radio", { name: "One minute" }).check();
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByRole("button", { name: /^Device: / }).waitFor({ timeout: 60_000 });
}
