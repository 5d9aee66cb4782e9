// The `bag` op: weighted sums of table rows over the features of a text. Step 7 of docs/text_op.md.

import { ngramHashes } from "./hashes.js";
import { readNpy } from "./npy.js";

/** How a count is scaled: log(1 + c), 1 + log(c), c, or 1. */
export type Count = "log1p" | "log" | "plain" | "once";

export interface Block {
  readonly words?: readonly number[];
  readonly chars?: readonly number[];
}

/** The arguments of a `bag` step, with its defaults. */
export interface BagArgs {
  readonly blocks: readonly Block[];
  readonly buckets?: number;
  readonly count?: Count;
  readonly norm?: boolean;
}

const SCALED: Readonly<Record<Count, (count: number) => number>> = {
  log1p: Math.log1p,
  log: (count) => 1 + Math.log(count),
  plain: (count) => count,
  once: () => 1,
};

/** One table of a `bag` step: keys with an idf and a row of numbers each. */
export class BagTable {
  readonly #places: Map<number, number>;
  readonly #idf: Float32Array;
  readonly #rows: Float32Array;
  readonly width: number;

  /** From the bytes of its three files, `.keys.npy`, `.idf.npy` and `.rows.npy`. */
  constructor(keys: Uint8Array, idf: Uint8Array, rows: Uint8Array) {
    const [known, weights, numbers] = [readNpy(keys), readNpy(idf), readNpy(rows)];
    const size = known.shape[0] ?? -1;
    const fits = known.shape.length === 1 && weights.shape.length === 1 && numbers.shape.length === 2;
    if (!fits || weights.shape[0] !== size || numbers.shape[0] !== size || !numbers.shape[1]) {
      throw new Error(`keys, idf and rows do not fit: ${known.shape}; ${weights.shape}; ${numbers.shape}`);
    }
    if (!(known.data instanceof Uint32Array)) throw new Error("keys are uint32");
    if (!(weights.data instanceof Float32Array && numbers.data instanceof Float32Array)) {
      throw new Error("idf and rows are float32");
    }
    if (!weights.data.every(Number.isFinite) || !numbers.data.every(Number.isFinite)) {
      throw new Error("idf or rows hold a number that is not finite");
    }
    for (let i = 1; i < size; i++) {
      if ((known.data[i] ?? 0) <= (known.data[i - 1] ?? 0)) throw new Error("keys ascend, each once");
    }
    this.#places = new Map(Array.from(known.data, (key, place) => [key, place]));
    this.#idf = weights.data;
    this.#rows = numbers.data;
    this.width = numbers.shape[1];
  }

  /** The sum of a text: zeros for a null and for a text without a known feature. */
  sum(text: string | null, args: BagArgs): Float64Array {
    const total = new Float64Array(this.width);
    for (const block of args.blocks) {
      const weights = this.#weights(text, block, args);
      const squares = weights.reduce((sum, [, weight]) => sum + weight * weight, 0);
      const length = (args.norm ?? true) && squares > 0 ? Math.sqrt(squares) : 1;
      for (const [place, weight] of weights) {
        for (let i = 0; i < this.width; i++) {
          total[i] = (total[i] ?? 0) + (weight / length) * (this.#rows[place * this.width + i] ?? 0);
        }
      }
    }
    return total;
  }

  /** Place and weight of each known key of a block, keys ascending. */
  #weights(text: string | null, block: Block, args: BagArgs): [number, number][] {
    const counts = new Map<number, number>();
    for (const hash of ngramHashes(text, block.words ?? [], block.chars ?? [])) {
      const place = this.#places.get(args.buckets ? hash % args.buckets : hash);
      if (place !== undefined) counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    const scaled = SCALED[args.count ?? "log1p"];
    return [...counts]
      .sort(([a], [b]) => a - b)
      .map(([place, count]) => [place, scaled(count) * (this.#idf[place] ?? 0)]);
  }
}
