export { BagTable, type BagArgs, type Block, type Count } from "./bag.js";
export { fnv1a, ngramHashes } from "./hashes.js";
export { normalise, tokens } from "./normalise.js";
export { readNpy, type Npy } from "./npy.js";
export { UNICODE } from "./tables.js";
export { textVector, type TextArgs } from "./vector.js";
