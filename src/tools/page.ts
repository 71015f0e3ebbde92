import type { Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";

/** What tests, benchmarks and pictures have in common: the built page on a port of its own. */
export async function serve(): Promise<{ server: PreviewServer; address: string }> {
  const server = await preview({ preview: { port: 0, strictPort: false }, logLevel: "silent" });
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error("the preview server has no local address");
  return { server, address };
}

/** The page opens with the instant objective under way: leaves it for the one-minute supernet, which stands at step 0. */
export async function chooseSupernet(page: Page): Promise<void> {
  await page.getByRole("radio", { name: "One minute" }).check();
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByRole("button", { name: /^Device: / }).waitFor({ timeout: 60_000 });
}
