import { DARTS } from "../core/darts";
import { PUBLISHED_GENOTYPES } from "../core/published-genotypes";
import type { Choices, SearchSpace } from "../core/space";
import { nearest } from "../core/text";
import { type Option, refused } from "./options";

const NAMES = PUBLISHED_GENOTYPES.map(({ id }) => id);

/** The option that gives an architecture. */
export const ARCHITECTURE: Option = {
  value: "STRING",
  help: `The architecture, in the notation of its space; of the DARTS space also ${NAMES.join(", ")}.`,
};

/** An architecture by its notation, or by the name of a published one. @throws {InputError} */
export function architectureOf(space: SearchSpace, text: string): Choices {
  if (space !== DARTS || !/^\w+$/.test(text)) return space.parse(text);
  const found = PUBLISHED_GENOTYPES.find(({ id }) => id === text);
  if (found) return found.choices;
  throw refused("--arch", text, `Genotype(normal=[...], ...) or one of ${NAMES.join(", ")}`, nearest(text, NAMES));
}
