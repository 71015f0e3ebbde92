import type { BenchmarkSet } from "../../core/benchmark";

/** The benchmark's data sets by name, and shorter where room is scarce. */
export const SETS: readonly { readonly set: BenchmarkSet; readonly title: string; readonly short: string }[] = [
  { set: "cifar10", title: "CIFAR-10", short: "CIFAR-10" },
  { set: "cifar100", title: "CIFAR-100", short: "CIFAR-100" },
  { set: "imagenet16-120", title: "ImageNet16-120", short: "ImageNet16" },
];
