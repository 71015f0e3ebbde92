import { InputError } from "./errors";
import { gunzip } from "./gunzip";
import { canonicalCode, type GraphCell } from "./nasbench101";
import { features } from "./nasbench101-features";

/** What is known of a cell's accuracy in NAS-Bench-101. */
export interface GraphCellFigures {
  /** Validation accuracy on CIFAR-10 after 108 epochs, %: of one run of the benchmark where `exact`, else an estimate of it. */
  readonly validAccuracy: number;
  readonly exact: boolean;
}

/** Images that the benchmark validates on: 39 batches of 256. */
export const VALID_IMAGES = 9984;

/** What of the accuracy the estimate is fitted to: the logarithm of the error, so that good cells are told apart as well as bad ones. */
export function targetOf(validAccuracy: number): number {
  // Runs that diverged say nothing about their cell's neighbours; all below this count the same.
  return Math.log(100 - Math.max(validAccuracy, 80));
}

export function accuracyOf(target: number): number {
  return 100 - Math.exp(target);
}

/**
 * The file of exact figures: 8 bytes of magic, then gzip of: the cells' `canonicalCode`, ascending, as differences to the one before,
 * uint32; the right answers of one run, uint16. Of numbers come all lowest bytes first, then all second lowest ...
 */
export const SAMPLE_MAGIC = "NB101.01";

/** Bytes of a cell. */
const CODE_BYTES = 4;
const ANSWER_BYTES = 2;

/** Numbers as columns of their bytes, the lowest first. */
export function toColumns(values: readonly number[], bytes: number): Uint8Array {
  return Uint8Array.from({ length: values.length * bytes }, (_, i) => {
    return Math.floor(values[i % values.length] / 256 ** Math.floor(i / values.length)) & 255;
  });
}

function fromColumns(columns: Uint8Array, bytes: number): number[] {
  const count = columns.length / bytes;
  return Array.from({ length: count }, (_, i) => {
    let value = 0;
    for (let byte = bytes - 1; byte >= 0; byte--) value = 256 * value + columns[byte * count + i];
    return value;
  });
}

/** The sample of cells whose accuracy is known, by their `canonicalCode`. */
export class Sample {
  /** Ascending. */
  readonly codes: readonly number[];
  /** %, in the order of `codes`. */
  readonly validAccuracy: readonly number[];

  /** @param body what the file holds compressed */
  constructor(body: Uint8Array) {
    const cells = body.length / (CODE_BYTES + ANSWER_BYTES);
    let code = 0;
    this.codes = fromColumns(body.subarray(0, CODE_BYTES * cells), CODE_BYTES).map((step) => {
      code += step;
      return code;
    });
    const answers = fromColumns(body.subarray(CODE_BYTES * cells), ANSWER_BYTES);
    this.validAccuracy = answers.map((right) => (100 * right) / VALID_IMAGES);
  }

  /** The accuracy of a cell, or undefined where it is not in the sample. */
  find(code: number): number | undefined {
    let low = 0;
    let high = this.codes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.codes[middle] < code) low = middle + 1;
      else high = middle;
    }
    return this.codes[low] === code ? this.validAccuracy[low] : undefined;
  }
}

/**
 * The file of the estimate: 8 bytes of magic, then gzip of: float32, the value to start from; the nodes of all trees, each tree in
 * preorder with the branch for smaller values first: the features they ask for, uint16, or `LEAF`; then the thresholds or, for leaves,
 * the values to add, float32. Little-endian.
 */
export const MODEL_MAGIC = "NB101E01";
export const LEAF = 0xffff;

/** Gradient-boosted regression trees (Friedman, Annals of Statistics 2001) on the features of a cell. */
export class Estimate {
  private readonly start: number;
  private readonly feature: Uint16Array;
  private readonly value: Float32Array;
  /** For every node the one after its branch for smaller values, or for leaves after itself. */
  private readonly other: Uint32Array;

  /** @param body what the file holds compressed */
  constructor(body: Uint8Array) {
    const nodes = (body.length - 4) / 6;
    const view = new DataView(body.buffer, body.byteOffset);
    this.start = view.getFloat32(0, true);
    this.feature = Uint16Array.from({ length: nodes }, (_, i) => view.getUint16(4 + 2 * i, true));
    this.value = Float32Array.from({ length: nodes }, (_, i) => view.getFloat32(4 + 2 * nodes + 4 * i, true));
    this.other = new Uint32Array(nodes);
    for (let root = 0; root < nodes; ) root = this.link(root);
  }

  /** Finds the end of the subtree at a node. */
  private link(node: number): number {
    const smallerEnd = this.feature[node] === LEAF ? node + 1 : this.link(node + 1);
    this.other[node] = smallerEnd;
    return this.feature[node] === LEAF ? smallerEnd : this.link(smallerEnd);
  }

  /** The estimated `targetOf` of a cell with these features. */
  target(of: Float64Array): number {
    let sum = this.start;
    for (let node = 0; node < this.feature.length; ) {
      const root = node;
      while (this.feature[node] !== LEAF)
        node = of[this.feature[node]] <= this.value[node] ? node + 1 : this.other[node];
      sum += this.value[node];
      node = this.end(root);
    }
    return sum;
  }

  private end(root: number): number {
    let node = root;
    while (this.feature[node] !== LEAF) node = this.other[node];
    return node + 1;
  }

  /** Estimated validation accuracy after 108 epochs, %. @throws {InputError} where no path leads from input to output */
  validAccuracy(cell: GraphCell): number {
    return accuracyOf(this.target(features(cell)));
  }
}

/** Accuracies of NAS-Bench-101: those of a sample of it, and an estimate, fitted to that sample, of all others. */
export class NasBench101 {
  constructor(
    private readonly sample: Sample,
    private readonly estimate: Estimate,
  ) {}

  /** @throws {InputError} where no path leads from the cell's input to its output */
  figures(cell: GraphCell): GraphCellFigures {
    const known = this.sample.find(canonicalCode(cell));
    return { validAccuracy: known ?? this.estimate.validAccuracy(cell), exact: known !== undefined };
  }
}

/**
 * The accuracies that ship.
 * @param read a file of the folder that the page lies in
 * @throws {InputError} for files that are damaged, cut short or others'
 */
export async function openNasBench101(read: (path: string) => Promise<Uint8Array>): Promise<NasBench101> {
  const [sample, estimate] = await Promise.all([
    read("benchmarks/nasbench101.bin").then(decodeSample),
    read("benchmarks/nasbench101-estimate.bin").then(decodeEstimate),
  ]);
  return new NasBench101(sample, estimate);
}

/** The body of a file: `header` bytes, then a whole number of records. */
async function unpack(
  file: ArrayBuffer | Uint8Array,
  { magic, name, header, record }: { magic: string; name: string; header: number; record: number },
): Promise<Uint8Array> {
  const bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
  if (String.fromCharCode(...bytes.subarray(0, magic.length)) !== magic) {
    throw new InputError(
      `this is not ${name} as this version reads it (it should begin with ${magic}): take benchmarks/${name} of the same version`,
    );
  }
  const { bytes: body, damaged } = await gunzip(bytes.subarray(magic.length));
  if (damaged || body.length <= header || (body.length - header) % record !== 0)
    throw new InputError(`${name} is damaged or cut short: download benchmarks/${name} again`);
  return body;
}

/** Reads public/benchmarks/nasbench101.bin. @throws {InputError} for a file that is damaged, cut short or another's */
export async function decodeSample(file: ArrayBuffer | Uint8Array): Promise<Sample> {
  return new Sample(
    await unpack(file, { magic: SAMPLE_MAGIC, name: "nasbench101.bin", header: 0, record: CODE_BYTES + ANSWER_BYTES }),
  );
}

/** Reads public/benchmarks/nasbench101-estimate.bin. @throws {InputError} for a file that is damaged, cut short or another's */
export async function decodeEstimate(file: ArrayBuffer | Uint8Array): Promise<Estimate> {
  return new Estimate(
    await unpack(file, { magic: MODEL_MAGIC, name: "nasbench101-estimate.bin", header: 4, record: 6 }),
  );
}
