import { expect, test } from "vitest";
import { CONTROLS } from "../../src/core/controls";
import { PLAIN_FLAGS } from "../../src/tools/chromium.mjs";
import { open, servedPage } from "./served";

const site = servedPage();

test("the page opens with the instant objective under way, says what it is, and leads on to a supernet", async () => {
  const { browser, page, errors } = await open(site.address, PLAIN_FLAGS);
  try {
    await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 30_000 });
    expect(
      await page
        .getByRole("radio", { name: "Instant" })
        .evaluateAll((all) => all.every((one) => (one as HTMLInputElement).checked)),
    ).toBe(true);
    expect(await page.locator(".story").innerText()).toMatch(/it sees the benchmark's answers; a supernet does not/);
    await page.getByRole("button", { name: /^Instant objective: it sees/ }).waitFor();
    // Neither images nor a network, nor what a supernet's curves would show.
    expect(await page.locator(".setup .preview, .setup .cost").count()).toBe(0);
    expect(await page.getByRole("heading", { name: "Supernet" }).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Choose what to step" }).count()).toBe(0);

    // A knob turned during the run leaves its mark, and so does its undoing.
    const field = page.getByRole("textbox", { name: /^Architecture rate/ });
    await field.fill("0.05");
    await field.press("Enter");
    await field.blur();
    const flags = page.locator(".timeline .flag.edit title");
    await expect.poll(() => flags.count()).toBe(1);
    await page.keyboard.press("Control+z");
    await expect
      .poll(() => flags.allTextContents())
      .toEqual([expect.stringMatching(/Architecture rate 0.05$/), expect.stringMatching(/Architecture rate 0.01$/)]);
    expect(await field.inputValue()).toBe("0.01");
    await page.getByRole("button", { name: "Redo the edit undone last" }).click();
    await expect.poll(() => flags.count()).toBe(3);
    expect(await field.inputValue()).toBe("0.05");

    await page.getByRole("button", { name: /^Speed 100\/s/ }).click();
    await page.getByRole("radio", { name: "Full" }).check();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Run again/ }).waitFor({ timeout: 60_000 });

    await page.getByRole("button", { name: "Search with a supernet" }).click();
    await page.getByRole("button", { name: /^Device: / }).waitFor({ timeout: 60_000 });
    await page.getByRole("heading", { name: "Supernet" }).waitFor();
    await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: /^Speed full/ }).waitFor();
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("with reduced motion it waits for Run; hidden, it pauses where that was chosen", async () => {
  const { browser, errors } = await open(site.address, PLAIN_FLAGS);
  try {
    const page = await browser.newPage({ reducedMotion: "reduce" });
    await page.goto(site.address);
    await page.getByRole("button", { name: /^Run( again)?$/ }).waitFor({ timeout: 30_000 });
    await page.waitForTimeout(500);
    await page.getByRole("button", { name: /^Run( again)?$/ }).click();
    await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 30_000 });

    const hide = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await hide(true);
    await page.waitForTimeout(300);
    await page.getByRole("button", { name: /^Pause/ }).waitFor();
    await hide(false);
    await page.getByRole("button", { name: /^Speed/ }).click();
    await page.getByRole("radio", { name: "pause" }).check();
    await hide(true);
    await page.getByRole("button", { name: /^Continue/ }).waitFor({ timeout: 30_000 });
    await hide(false);
    await page.getByRole("button", { name: /^Pause/ }).waitFor({ timeout: 30_000 });
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test("5,000 instant steps at full speed are taken in many short tasks, and leave the heap as it was", async () => {
  const { browser, page } = await open(site.address, PLAIN_FLAGS);
  try {
    await page.getByRole("button", { name: /^Speed/ }).click();
    await page.getByRole("radio", { name: "Full" }).check();
    await page.keyboard.press("Escape");
    const chosen = async (steps: string) => {
      const field = page.getByRole("textbox", { name: /^Steps/ }).first();
      await field.fill(steps);
      await field.press("Enter");
      await page.getByRole("button", { name: "Reset", exact: true }).click();
      await page.waitForTimeout(2000);
    };
    const run = async () => {
      await page.getByRole("button", { name: /^Run( again)?$/ }).click();
      await page.waitForFunction(() => document.querySelector(".run")?.textContent?.startsWith("Run again"), null, {
        timeout: 120_000,
        polling: 250,
      });
    };
    const session = await page.context().newCDPSession(page);
    // The last frames' animations and deferred renders hold a megabyte for a while after the end: the least of several looks counts.
    const heap = async () => {
      const sizes: number[] = [];
      for (let look = 0; look < 4; look++) {
        await page.waitForTimeout(1500);
        await session.send("HeapProfiler.collectGarbage");
        sizes.push((await session.send("Runtime.getHeapUsage")).usedSize);
      }
      return Math.min(...sizes);
    };
    // Charts thin their points out by powers of two: at 2,500 steps they have as many as at 5,000.
    await chosen("2500");
    await run();
    const before = await heap();
    await chosen("5000");
    await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "v8"] });
    await run();
    const tasks = tasksOf((await browser.stopTracing()).toString(), site.address);
    const after = await heap();
    // Processor time, which does not count what other programs take meanwhile.
    const long = tasks.filter((task) => task > 50).length;
    const growth = 100 * (after / before - 1);
    console.log(
      `5,000 instant steps: ${tasks.length} tasks on the main thread, the longest ${Math.max(...tasks)} ms, ${long} over 50 ms; ` +
        `the heap is ${growth.toFixed(1)} % larger than after the run before`,
    );
    expect(tasks.length).toBeGreaterThan(50);
    expect(growth).toBeLessThan(10);
  } finally {
    await browser.close();
  }
});

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Milliseconds of processor time of each task of the page's main thread. */
function tasksOf(trace: string, address: string): number[] {
  const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] };
  const main = new Map(
    traceEvents.flatMap(({ name, pid, tid, args }) =>
      name === "thread_name" && args?.name === "CrRendererMain" ? [[pid, tid] as const] : [],
    ),
  );
  const ours = traceEvents.find(
    ({ pid, tid, args }) => main.get(pid) === tid && JSON.stringify(args ?? {}).includes(address),
  );
  return traceEvents.flatMap(({ name, pid, tid, tdur }) =>
    name.endsWith("RunTask") && pid === ours?.pid && tid === ours.tid && tdur !== undefined
      ? [Math.round(tdur / 1000)]
      : [],
  );
}

test("every method runs to its end, is explained, and keeps its own knobs to itself", async () => {
  const { browser, errors } = await open(site.address, PLAIN_FLAGS);
  try {
    const page = await browser.newPage({ reducedMotion: "reduce" });
    await page.goto(site.address);
    const run = page.getByRole("button", { name: /^Run( again)?$/ });
    await run.waitFor({ timeout: 30_000 });
    const steps = page.getByRole("textbox", { name: /^Steps/ }).first();
    await steps.fill("60");
    await steps.press("Enter");
    const method = page.getByRole("combobox", { name: /^Method/ });
    const ends: string[] = [];
    for (const { value, label, note } of CONTROLS.method.options) {
      await method.selectOption(value);
      await method.focus();
      expect(await page.locator(".explanation").innerText()).toContain(`${label}: ${note}`);
      const last = page.getByRole("textbox", { name: /^Last temperature/ });
      if (value === "gdas" || value === "snas") ends.push(await last.inputValue());
      else expect(await last.count()).toBe(0);
      await run.click();
      await page.getByText("The search is over:").waitFor({ timeout: 30_000 });
      const scales = await page.getByText(value === "balenas" ? /one operation wins/ : /has a mixing weight/).count();
      expect(scales).toBeGreaterThan(0);
      await page.getByRole("button", { name: "Reset", exact: true }).click();
    }
    expect(ends).toEqual(["0.1", "1"]);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
