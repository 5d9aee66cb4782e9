// The shared vectors: what Python says of each text, this side says too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BagTable, fnv1a, ngramHashes, readNpy, textVector, tokens } from "../dist/index.js";

const shared = JSON.parse(readFileSync(new URL("../vectors.json", import.meta.url), "utf8"));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const near = (found, expected, most) => {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= most, `${value} is not ${expected[i]}`));
};

test("tokens and hashes", () => {
  assert.ok(shared.cases.length > 300);
  for (const [text, expected, hashes] of shared.cases) {
    assert.deepEqual(tokens(text), expected, JSON.stringify(text));
    assert.deepEqual([...ngramHashes(text, shared.words, shared.chars)], hashes, JSON.stringify(text));
  }
});

test("the published FNV-1a", () => {
  const encoder = new TextEncoder();
  assert.deepEqual(["", "a", "foobar"].map((text) => fnv1a(encoder.encode(text))), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

test("vectors of the text op", () => {
  const { args, texts, values } = shared.vectors;
  texts.forEach((text, i) => near(textVector(text, args), values[i], 1e-7));
  assert.ok(textVector(null).every((value) => value === 0));
});

test("sums of the bag op", () => {
  const { texts, keys, idf, rows, cases } = shared.bag;
  const table = new BagTable(bytes(keys), bytes(idf), bytes(rows));
  for (const { args, sums } of cases) texts.forEach((text, i) => near(table.sum(text, args), sums[i], 1e-12));
  assert.deepEqual([...table.sum(null, cases[0].args)], [0, 0]);
});

test("damaged arrays are refused", () => {
  const { keys, idf, rows } = shared.bag;
  assert.throws(() => readNpy(new Uint8Array(3)), /not an .npy file/);
  assert.throws(() => readNpy(bytes(keys).subarray(0, -4)), /bytes/);
  assert.throws(() => new BagTable(bytes(idf), bytes(idf), bytes(rows)), /uint32/);
  assert.throws(() => new BagTable(bytes(keys), bytes(idf), bytes(idf)), /do not fit/);
});

test("wrong arguments are refused", () => {
  assert.throws(() => ngramHashes("a", [0], []), RangeError);
  assert.throws(() => textVector("a", { buckets: 0 }), RangeError);
  assert.throws(() => textVector("a", { words: [] }), RangeError);
});
