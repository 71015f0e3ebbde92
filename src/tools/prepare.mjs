// Makes a fresh clone ready: installs the packages of the lock file, and with --browser what the tests drive.
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

const missing = [];
if (process.argv.includes("--browser")) {
  if (!existsSync(CHROMIUM)) missing.push("chromium");
  // Its parser reads exported PyTorch modules back.
  if (spawnSync("python3", ["--version"]).status !== 0) missing.push("python3-minimal");
}
if (missing.length > 0) {
  const root = process.getuid?.() === 0;
  const done = root && run("apt-get", "update", "-qq") && run("apt-get", "install", "-y", "-qq", ...missing);
  if (!done) {
    console.error(
      `The tests need ${missing.join(" and ")}: install with your system's package manager ` +
        `(Debian: sudo apt-get install ${missing.join(" ")}); the environment variable CHROMIUM names another browser.`,
    );
    process.exit(1);
  }
}
