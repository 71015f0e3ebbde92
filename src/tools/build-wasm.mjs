/**
 * Compiles the kernels of the WASM engine (src/engine/wasm/assembly, AssemblyScript) and writes them, as text, to
 * src/engine/wasm/binaries.ts: so that they load alike in Node, in a worker and in a bundle. Run it after changing a kernel:
 * `npm run build:wasm`; a test compares the file with its source.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARGET = join(ROOT, "src/engine/wasm/binaries.ts");

const RELAXED = ["--enable", "relaxed-simd"];
const SHARED = ["--enable", "threads", "--sharedMemory", "--maximumMemory", "65536"];

/**
 * Builds: plain SIMD, which every engine has, and relaxed SIMD with its fused multiply-add; each for one thread, and for several over
 * shared memory, which a page has only where it is isolated from other origins.
 */
const BUILDS = { basic: [], relaxed: RELAXED, basic_shared: SHARED, relaxed_shared: [...RELAXED, ...SHARED] };

const FLAGS =
  "-O3 --converge --noAssert --runtime stub --importMemory --noExportMemory --initialMemory 1 --enable simd --disableWarning";

/** The text of binaries.ts as the sources make it. */
export async function compile() {
  const directory = await mkdtemp(join(tmpdir(), "balenas-wasm-"));
  try {
    const lines = ["// Written by src/tools/build-wasm.mjs from src/engine/wasm/assembly.", ""];
    for (const [name, features] of Object.entries(BUILDS)) {
      const file = join(directory, `${name}.wasm`);
      const args = [
        "src/engine/wasm/assembly/index.ts",
        "--baseDir",
        ROOT,
        "-o",
        file,
        ...FLAGS.split(" "),
        ...features,
      ];
      const { error, stderr } = await asc.main(args, {});
      if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
      lines.push(`export const ${name.toUpperCase()} =`, `  "${(await readFile(file)).toString("base64")}";`, "");
    }
    return lines.join("\n");
  } finally {
    await rm(directory, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TARGET, await compile());
