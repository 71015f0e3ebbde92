/**
 * How a discrete network is trained unless something else is asked for: wider and on larger batches than a search, as there is one
 * network to train and all images are for it.
 */
export const TRAINING = {
  epochs: 5,
  channels: 8,
  /** Images a step. */
  batch: 64,
  /** Learning rate of the first step; it falls to zero along half a cosine. */
  rate: 0.1,
} as const;
