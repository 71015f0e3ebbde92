// Makes a fresh clone ready: installs the packages of the lock file, and with --browser the browser that the tests drive.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { CHROMIUM } from "./chromium.mjs";

/** @param {string} command @param {string[]} args */
function run(command, ...args) {
  return spawnSync(command, args, { stdio: "inherit" }).status === 0;
}

const installed = "node_modules/.package-lock.json";
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync("package-lock.json").mtimeMs) {
  if (!run("npm", "ci", "--no-audit", "--no-fund")) process.exit(1);
}

if (process.argv.includes("--browser") && !existsSync(CHROMIUM)) {
  const root = process.getuid?.() === 0;
  const done = root && run("apt-get", "update", "-qq") && run("apt-get", "install", "-y", "-qq", "chromium");
  if (!done) {
    console.error(
      `The tests need Chromium at ${CHROMIUM}: install it with your system's package manager ` +
        "(Debian: sudo apt-get install chromium), or name another in the environment variable CHROMIUM.",
    );
    process.exit(1);
  }
}
