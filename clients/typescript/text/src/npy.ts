// Reads the arrays of a bag: NumPy's .npy format 1 to 3, little-endian uint32 and float32, in C order.

export interface Npy {
  readonly shape: readonly number[];
  readonly data: Uint32Array | Float32Array;
}

/** Reads an array; throws where the bytes are no such array, or not all of it. */
export function readNpy(bytes: Uint8Array): Npy {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059) {
    throw new Error("not an .npy file");
  }
  const long = view.getUint8(6) > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  const descr = /'descr':\s*'(<u4|<f4)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descr === undefined || shape === undefined || !/'fortran_order':\s*False/.test(header)) {
    throw new Error(`not a C-ordered array of <u4 or <f4: ${header.trim()}`);
  }
  const sizes = shape.split(",").filter((size) => size.trim() !== "").map(Number);
  const count = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length - end !== count * 4) {
    throw new Error(`the array needs ${count * 4} bytes, and has ${bytes.length - end}`);
  }
  const data = descr === "<u4" ? new Uint32Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i++) {
    data[i] = descr === "<u4" ? view.getUint32(end + 4 * i, true) : view.getFloat32(end + 4 * i, true);
  }
  return { shape: sizes, data };
}
