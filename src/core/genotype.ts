import { InputError } from "./errors";
import type { Choices, EdgeSpace } from "./space";
import { nearest } from "./text";

/**
 * `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=[...], reduce_concat=range(2, 6))`, the notation of the
 * DARTS code: for every node its two operations, each with the node it reads. The order of a node's two edges says nothing of the
 * network, as they are summed; it is written by the node they read.
 */
export function formatGenotype(space: EdgeSpace, choices: Choices): string {
  const [low, high] = concatOf(space);
  const cells = space.cellKinds.map(({ name, first, end }) => {
    const pairs: string[] = [];
    for (let row = first; row < end; row++) {
      const operation = space.rows[row].choices[choices[row]];
      if (operation !== "none") pairs.push(`('${operation}', ${space.edges[row][0]})`);
    }
    return `${name}=[${pairs.join(", ")}], ${name}_concat=range(${low}, ${high})`;
  });
  return `Genotype(${cells.join(", ")})`;
}

/** The nodes that are concatenated, as Python's range. */
function concatOf({ outputs }: EdgeSpace): [low: number, high: number] {
  return [outputs[0], outputs[0] + outputs.length];
}

type Value = string | number | readonly Value[];

/**
 * Reads the notation as people write it: either quotes, lists or tuples, `range` or a list, fields in any order, a name before it.
 * @throws {InputError} saying what is wrong where
 */
export function parseGenotype(space: EdgeSpace, text: string): number[] {
  const fields = new Reader(text).genotype();
  const known = space.cellKinds.flatMap(({ name }) => [name, `${name}_concat`]);
  for (const name of fields.keys()) {
    if (!known.includes(name)) {
      throw new InputError(
        `the genotype has a field "${name}", expected ${known.join(", ")}; the nearest is ${nearest(name, known)}`,
      );
    }
  }
  const choices = space.rows.map(() => 0);
  for (const kind of space.cellKinds) {
    const cell = fields.get(kind.name);
    if (cell === undefined) throw new InputError(`the genotype has no field "${kind.name}"`);
    for (const [row, choice] of readCell(space, kind, cell)) choices[row] = choice;
    readConcat(space, kind.name, fields.get(`${kind.name}_concat`));
  }
  return choices;
}

function readConcat(space: EdgeSpace, name: string, value: Value | undefined): void {
  const [low, high] = concatOf(space);
  const nodes = Array.isArray(value) ? [...value].sort() : null;
  if (nodes?.join() === space.outputs.join()) return;
  throw new InputError(
    `${name}_concat ${value === undefined ? "is missing" : `is ${written(value)}`}, expected range(${low}, ${high}): a cell of this space concatenates its nodes ${low} to ${high - 1}`,
  );
}

/** Rows and choices of the pairs of a cell. */
function readCell(space: EdgeSpace, { name, first, end }: EdgeSpace["cellKinds"][number], value: Value) {
  const { keptEdges, inputs, nodes, edges, rows } = space;
  const each = keptEdges ?? 0;
  const expected = each * (nodes - inputs);
  if (!Array.isArray(value) || value.length !== expected) {
    const got = Array.isArray(value) ? `lists ${value.length} edges` : `is ${written(value)}`;
    throw new InputError(
      `${name} ${got}, expected a list of ${expected}: ${each} into each of the nodes ${inputs} to ${nodes - 1}`,
    );
  }
  const { choices: operations } = rows[first];
  const valid = operations.filter((operation) => operation !== "none");
  const found = new Map<number, number>();
  for (const [i, pair] of (value as readonly Value[]).entries()) {
    const to = inputs + Math.floor(i / each);
    const place = `edge ${i + 1} of ${name}, into node ${to},`;
    const [operation, from] = Array.isArray(pair) && pair.length === 2 ? pair : [];
    if (typeof operation !== "string" || typeof from !== "number") {
      throw new InputError(`${place} is ${written(pair)}, expected a pair such as ('${valid[0]}', 0)`);
    }
    if (!valid.includes(operation)) {
      throw new InputError(
        operation === "none"
          ? `${place} has the operation none: a genotype lists kept edges only`
          : `${place} has the unknown operation "${operation}", expected one of ${valid.join(", ")}; the nearest is ${nearest(operation, valid)}`,
      );
    }
    if (!Number.isInteger(from) || from < 0 || from >= to) {
      throw new InputError(`${place} comes from node ${from}, expected a node from 0 to ${to - 1}`);
    }
    const row = edges.findIndex((edge, r) => r >= first && r < end && edge[0] === from && edge[1] === to);
    if (found.has(row)) {
      throw new InputError(
        `${place} comes from node ${from} like the one before; this space has one edge between two nodes`,
      );
    }
    found.set(row, operations.indexOf(operation));
  }
  return found;
}

/** A value as it may stand in a message. */
function written(value: Value): string {
  if (typeof value === "string") return `'${value}'`;
  return typeof value === "number" ? String(value) : `[${value.map(written).join(", ")}]`;
}

/** Reads the part of Python that genotypes are written in. */
class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  genotype(): Map<string, Value> {
    if (/^\s*[A-Za-z_]\w*\s*=/.test(this.text)) {
      this.match(/[A-Za-z_]\w*/y);
      this.match(/=/y);
    }
    this.take(/(?:\w+\.)*Genotype\b/y, "Genotype(normal=[...], ...)");
    this.take(/\(/y, '"(" after Genotype');
    const fields = new Map<string, Value>();
    while (!this.match(/\)/y)) {
      if (fields.size > 0) {
        this.take(/,/y, '"," or ")" between the fields');
        if (this.match(/\)/y)) break;
      }
      const name = this.take(/[A-Za-z_]\w*/y, "a field such as normal=[...]");
      this.take(/=/y, `"=" after ${name}`);
      if (fields.has(name)) throw new InputError(`the genotype has the field "${name}" twice`);
      fields.set(name, this.value());
    }
    this.match(/[,;]/y);
    this.take(/$/y, "nothing after the genotype");
    return fields;
  }

  private value(): Value {
    const number = this.match(/-?\d+(?:\.\d+)?/y);
    if (number !== null) return Number(number);
    const quoted = this.match(/'[^']*'|"[^"]*"/y);
    if (quoted !== null) return quoted.slice(1, -1);
    if (this.match(/range\b/y)) {
      this.take(/\(/y, '"(" after range');
      const low = Number(this.take(/\d+/y, "a number in range"));
      this.take(/,/y, '"," in range');
      const high = Number(this.take(/\d+/y, "a number in range"));
      this.take(/\)/y, '")" after range');
      return Array.from({ length: Math.min(64, Math.max(0, high - low)) }, (_, i) => low + i);
    }
    if (this.match(/list\s*\(/y)) {
      const inner = this.value();
      this.take(/\)/y, '")" after list');
      return inner;
    }
    const open = this.take(/[[(]/y, "a list, a pair, a name in quotes or a number");
    const close = open === "[" ? /\]/y : /\)/y;
    const values: Value[] = [];
    while (!this.match(close)) {
      if (values.length > 0) {
        this.take(/,/y, `"," or "${open === "[" ? "]" : ")"}"`);
        if (this.match(close)) break;
      }
      values.push(this.value());
    }
    return values;
  }

  /** What the pattern matches here, white space before it skipped; null where it doesn't. */
  private match(pattern: RegExp): string | null {
    const space = /\s*/y;
    space.lastIndex = this.at;
    space.exec(this.text);
    pattern.lastIndex = space.lastIndex;
    const found = pattern.exec(this.text);
    if (!found) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  private take(pattern: RegExp, expected: string): string {
    const found = this.match(pattern);
    if (found !== null) return found;
    const rest = this.text.slice(this.at).trim();
    const where =
      rest === "" ? "the genotype ends" : `the genotype reads "${rest.length > 24 ? `${rest.slice(0, 24)}…` : rest}"`;
    throw new InputError(`${where} after ${this.at} characters, expected ${expected}`);
  }
}
