// The `text` op: a vector of log counts. Step 6 of docs/text_op.md.

import { ngramHashes } from "./hashes.js";

/** The arguments of a `text` step, with its defaults. */
export interface TextArgs {
  readonly buckets?: number;
  readonly words?: readonly number[];
  readonly chars?: readonly number[];
}

/** The vector of a text: log(1 + count) of each bucket, divided by their Euclidean length; zeros without features. */
export function textVector(text: string | null, args: TextArgs = {}): Float32Array {
  const { buckets = 256, words = [1, 2], chars = [] } = args;
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > 2 ** 24 || words.length + chars.length === 0) {
    throw new RangeError("a text step has 1 to 2^24 buckets, and a size of a run");
  }
  const counts = new Float64Array(buckets);
  for (const hash of ngramHashes(text, words, chars)) counts[hash % buckets] = (counts[hash % buckets] ?? 0) + 1;
  const values = counts.map((count) => Math.log1p(count));
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  return Float32Array.from(values, (value) => value / length);
}
