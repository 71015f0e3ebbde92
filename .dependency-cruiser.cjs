// Dependencies point one way: core <- engine <- search <- worker <- app, and cli <- search (see README).
const layers = ["core", "engine", "search", "worker", "app"];
const upward = layers.flatMap((layer, i) =>
  layers
    .slice(i + 1)
    .concat("cli", "tools")
    .map((higher) => ({
      name: `${layer}-not-${higher}`,
      severity: "error",
      from: { path: `^src/${layer}/` },
      to: { path: `^src/${higher}/` },
    })),
);
const core = "^src/core/";
module.exports = {
  forbidden: [
    ...upward,
    { name: "cli-not-page", severity: "error", from: { path: "^src/cli/" }, to: { path: "^src/(worker|app)/" } },
    {
      name: "core-is-pure",
      comment: "core/ may use pure-rand and nothing else: no DOM, no TensorFlow.js, no clock, no I/O.",
      severity: "error",
      from: { path: core },
      to: { pathNot: ["^src/core/", "node_modules/pure-rand/"] },
    },
    {
      name: "tensorflow-in-engine",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/" },
      to: { path: "node_modules/@tensorflow/" },
    },
    {
      name: "page-sees-the-worker-by-its-client",
      comment: "The page reaches the engine and the search through the worker only, types too.",
      severity: "error",
      from: { path: "^src/app/" },
      to: { path: "^src/(engine|search)/" },
    },
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    parser: "swc",
    // The cruiser's parser does not read JSX; Biome's noRestrictedImports watches the components.
    exclude: { path: "\\.tsx$" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js"],
    },
  },
};
