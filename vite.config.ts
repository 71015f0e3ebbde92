import react from "@vitejs/plugin-react";
import { playwright } from "@vitest/browser-playwright";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { CHROMIUM, WEBGPU_FLAGS } from "./src/tools/chromium.mjs";

/** Isolation from other origins, without which a page has no shared memory and so one thread for the WASM engine. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** The page's script is imported by the entry, once that has started the worker; the browser need not wait for it to fetch it. */
const preloadPage: Plugin = {
  name: "preload-page",
  transformIndexHtml: {
    order: "post",
    handler(_, { bundle = {} }) {
      const chunks = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? [file] : []));
      const page = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith("/src/app/page.tsx"));
      const link = (rel: string, file: string) => ({
        tag: "link",
        attrs: { rel, crossorigin: true, href: `./${file}` },
      });
      return page
        ? [
            ...[page.fileName, ...page.imports].map((file) => link("modulepreload", file)),
            ...[...(page.viteMetadata?.importedCss ?? [])].map((file) => link("stylesheet", file)),
          ]
        : [];
    },
  },
};

export default defineConfig({
  // Relative addresses, so that the built page works under any path of a static host.
  base: "./",
  plugins: [react(), preloadPage],
  worker: { format: "es" },
  build: { target: "es2023", manifest: true },
  preview: { host: "localhost", port: 4173, headers },
  server: { host: "localhost", headers },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          testTimeout: 120_000,
          // One less than there are processors, which is the default, leaves half of a small machine idle.
          maxWorkers: "100%",
        },
      },
      {
        // The same engine tests as in Node, on WebGPU.
        extends: true,
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath: CHROMIUM, args: [...WEBGPU_FLAGS] } }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
      {
        // The built page, as a person uses it.
        extends: true,
        test: {
          name: "page",
          include: ["test/page/**/*.test.ts"],
          environment: "node",
          testTimeout: 400_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
