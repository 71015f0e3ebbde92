/** What the panel draws: the architecture parameters, or the mixing weights p = softmax(alpha) that the supernet sees. */
export type Quantity = "alpha" | "mixing";
