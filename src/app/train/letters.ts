/** Letters of networks side by side, by their place. */
export const LETTERS = ["A", "B", "C", "D", "E"] as const;
