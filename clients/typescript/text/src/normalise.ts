// Texts to tokens: steps 1 to 3 of docs/text_op.md.

import { FOLDS, RUNS } from "./tables.js";

/** The classes of code points: not assigned in Unicode 14.0, separator, in a token, in a token and a combining mark. */
export const UNKNOWN = 0;
export const SEPARATOR = 1;
export const TOKEN = 2;
export const MARK = 3;

/** A longer run of combining marks is broken by spaces. */
const MARKS = 30;

const classes = unpackClasses();
const folds = unpackFolds();

// The first host with Unicode 14.0 has this decomposition, and all later ones.
if ("\u{10781}".normalize("NFKC") !== "\u02d0") {
  throw new Error("this host knows less than Unicode 14.0: update it");
}

function unpackClasses(): Uint8Array {
  const found = new Uint8Array(0x110000);
  let place = 0;
  for (const run of RUNS.split(" ")) {
    const end = place + parseInt(run.slice(0, -1), 36);
    found.fill(run.charCodeAt(run.length - 1) - 65, place, end);
    place = end;
  }
  return found;
}

function unpackFolds(): Map<number, string> {
  const found = new Map<number, string>();
  let last = 0;
  for (const fold of FOLDS.split(" ")) {
    const [step, ...folded] = fold.split(":").map((digits) => parseInt(digits, 36));
    last += step ?? 0;
    found.set(last, String.fromCodePoint(...folded));
  }
  return found;
}

/** The class of a code point. A lone surrogate is unknown. */
export function classOf(point: number): number {
  return classes[point] ?? UNKNOWN;
}

/** Step 1: a space for each unknown code point, and for each combining mark after 30 in a row. */
function cleaned(text: string): string {
  let found = "";
  let marks = 0;
  for (const letter of text) {
    const kind = classOf(letter.codePointAt(0) ?? 0);
    marks = kind === MARK ? marks + 1 : 0;
    found += kind === UNKNOWN || marks > MARKS ? " " : letter;
  }
  return found;
}

/** Full case folding by the pinned table; hosts have none of their own. */
function folded(text: string): string {
  let found = "";
  for (const letter of text) found += folds.get(letter.codePointAt(0) ?? 0) ?? letter;
  return found;
}

/** Steps 1 and 2: the normalised, case-folded text. */
export function normalise(text: string): string {
  return folded(cleaned(text).normalize("NFKC")).normalize("NFKC");
}

/** Step 3: the longest runs of letters, digits and marks of the normalised text. A null has none. */
export function tokens(text: string | null): string[] {
  const found: string[] = [];
  let token = "";
  for (const letter of normalise(text ?? "")) {
    if (classOf(letter.codePointAt(0) ?? 0) >= TOKEN) {
      token += letter;
    } else if (token) {
      found.push(token);
      token = "";
    }
  }
  if (token) found.push(token);
  return found;
}
