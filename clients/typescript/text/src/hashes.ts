// Features of texts and their 32-bit hashes: steps 4 and 5 of docs/text_op.md.

import { tokens } from "./normalise.js";

const BASIS = 0x811c9dc5;
const PRIME = 16777619;
const CHARS = 0x9e3779b9;

const encoder = new TextEncoder();

/** FNV-1a, 32 bits. */
export function fnv1a(bytes: Uint8Array): number {
  let value = BASIS;
  for (const byte of bytes) value = Math.imul(value ^ byte, PRIME);
  return value >>> 0;
}

/** The last step of MurmurHash3, 32 bits. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The hashes of every feature of a text: for each size of `words`, then of `chars`, the runs from left to right.
 * A null, and a text without tokens, has none.
 */
export function ngramHashes(text: string | null, words: readonly number[], chars: readonly number[]): Uint32Array {
  for (const n of [...words, ...chars]) {
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`the size of a run is 1 or more, not ${n}`);
  }
  const parts = tokens(text);
  const found: number[] = [];
  const hashed = words.length ? parts.map((token) => fnv1a(encoder.encode(token))) : [];
  for (const n of words) {
    for (let start = 0; start + n <= hashed.length; start++) {
      let h = hashed[start] ?? 0;
      for (let i = 1; i < n; i++) h = Math.imul(h, PRIME) ^ (hashed[start + i] ?? 0);
      found.push(mix(h));
    }
  }
  const points = parts.length ? Array.from(` ${parts.join(" ")} `, (letter) => letter.codePointAt(0) ?? 0) : [];
  for (const n of chars) {
    for (let start = 0; start + n <= points.length; start++) {
      let h = CHARS + n;
      for (let i = 0; i < n; i++) h = Math.imul(h ^ (points[start + i] ?? 0), PRIME);
      found.push(mix(h));
    }
  }
  return Uint32Array.from(found);
}
