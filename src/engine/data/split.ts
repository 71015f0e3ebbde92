import type { RandomStream } from "../../core/random";

/** Positions of the images of the two disjoint training halves. */
export interface Halves {
  readonly weights: Int32Array;
  readonly architecture: Int32Array;
}

/**
 * Splits images at random into two halves of equal size and the same number of each class (to within one), and orders each half so
 * that every run of images from its start, and every chunk cut from it, holds all classes in their proportions. An odd image is left out.
 */
export function splitHalves(labels: Uint8Array, classes: number, random: RandomStream): Halves {
  const halves: number[][][] = [[], []];
  let turn = 0;
  for (const images of shuffledByClass(labels, classes, random)) {
    for (const half of halves) half.push([]);
    for (const image of images) {
      halves[turn][halves[turn].length - 1].push(image);
      turn = 1 - turn;
    }
  }
  const size = labels.length >> 1;
  const [weights, architecture] = halves.map((half) => spread(half).subarray(0, size));
  return { weights, architecture };
}

/** All images in random order, spread in the same way. */
export function shuffledEvenly(labels: Uint8Array, classes: number, random: RandomStream): Int32Array {
  return spread(shuffledByClass(labels, classes, random));
}

function shuffledByClass(labels: Uint8Array, classes: number, random: RandomStream): number[][] {
  const byClass: number[][] = Array.from({ length: classes }, () => []);
  for (const image of random.permutation(labels.length)) byClass[labels[image]].push(image);
  return byClass;
}

/** Merges the classes' lists: the k-th of n images of a class stands at the place (k + 1/2) / n of the whole; ties in order of class. */
function spread(byClass: readonly number[][]): Int32Array {
  const places = byClass.flatMap((images) => images.map((image, k) => ({ image, place: (k + 0.5) / images.length })));
  places.sort((a, b) => a.place - b.place);
  return Int32Array.from(places, ({ image }) => image);
}
