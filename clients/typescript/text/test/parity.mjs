// The other side of benchmarks/text_parity.py: digests of texts. Each line in is a JSON list of texts, each line out a
// JSON list of digests; the first line out says which Unicode this host and the tables have.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

import { ngramHashes, tokens, UNICODE } from "../dist/index.js";

const [words, chars] = JSON.parse(process.argv[2] ?? "[[1, 2], [2, 3]]");

function digest(text) {
  const hash = createHash("sha256").update(tokens(text).join("\0")).update("\0\0");
  const hashes = ngramHashes(text, words, chars);
  return hash.update(new Uint8Array(hashes.buffer)).digest("hex").slice(0, 16);
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ node: process.version, host: process.versions.unicode, tables: UNICODE });
for await (const line of createInterface({ input: process.stdin })) say(JSON.parse(line).map(digest));
