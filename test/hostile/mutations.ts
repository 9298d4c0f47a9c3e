/**
 * Damages lines as broken disks, lossy transports and people who want to be believed do: bytes flipped, lost, added or
 * doubled; two lines in one; fields repeated; huge numbers; control bytes; what is no UTF-8.
 */
export type Random = () => number;

type Mutate = (line: Buffer, random: Random, other: Buffer) => Buffer;

/** One to three mutations of `line`; `other` is what it may be spliced with. */
export function mutated(line: Buffer, random: Random, other: Buffer): Buffer {
  let result = line;
  for (let left = 1 + below(3, random); left > 0; left--) {
    result = (mutations[below(mutations.length, random)] ?? flip)(result, random, other);
  }
  return withoutLineBreaks(result);
}

export function randomBytes(length: number, random: Random): Buffer {
  return withoutLineBreaks(Buffer.from(Array.from({ length }, () => below(256, random))));
}

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

const tokens = [
  "IN=",
  "OUT=",
  "SRC=10.0.0.1",
  "[SRC=",
  "] ",
  "PROTO=TCP ",
  "DPT=1 ",
  "kernel: ",
  "IN=a OUT=b ",
  "OPT (",
];
const huge = ["99999999999999999999", "4294967296", "65536", "-1", "0x7f", "1e9", "00000000000", "٣", "NaN"];
const notUtf8 = [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80], [0xe2, 0x82], [0x80]];

const flip: Mutate = (line, random) => {
  const result = Buffer.from(line);
  const at = below(line.length, random);
  result[at] = (line[at] ?? 0) ^ (1 << below(8, random));
  return result;
};

const mutations: readonly Mutate[] = [
  flip,
  (line, random) => insert(line, random, Buffer.from([below(256, random)])),
  (line, random) => insert(line, random, Buffer.from([below(32, random)])),
  (line, random) => insert(line, random, Buffer.from(notUtf8[below(notUtf8.length, random)] ?? [])),
  (line, random) => insert(line, random, Buffer.from(tokens[below(tokens.length, random)] ?? "")),
  (line, random) => {
    const [from, to] = range(line, random);
    return Buffer.concat([line.subarray(0, from), line.subarray(to)]);
  },
  (line, random) => {
    const [from, to] = range(line, random);
    return Buffer.concat([line.subarray(0, to), line.subarray(from)]);
  },
  (line, random, other) =>
    Buffer.concat([line.subarray(0, below(line.length, random)), other.subarray(below(other.length, random))]),
  (line, random) => line.subarray(0, below(line.length, random)),
  (line, random) => line.subarray(below(line.length, random)),
  (line, random) => {
    const words = line.toString("latin1").split(" ");
    words.splice(below(words.length, random), 0, words[below(words.length, random)] ?? "");
    return Buffer.from(words.join(" "), "latin1");
  },
  (line, random) => {
    const text = line.toString("latin1");
    const numbers = [...text.matchAll(/\d+/g)];
    const number = numbers[below(numbers.length, random)];
    if (number === undefined) return line;
    const value = Buffer.from(huge[below(huge.length, random)] ?? "").toString("latin1");
    return Buffer.from(text.slice(0, number.index) + value + text.slice(number.index + number[0].length), "latin1");
  },
];

function insert(line: Buffer, random: Random, bytes: Buffer): Buffer {
  const at = below(line.length + 1, random);
  return Buffer.concat([line.subarray(0, at), bytes, line.subarray(at)]);
}

/** Up to 40 bytes of it. */
function range(line: Buffer, random: Random): [number, number] {
  const from = below(line.length, random);
  return [from, Math.min(line.length, from + 1 + below(40, random))];
}

/** The source splits at them. */
function withoutLineBreaks(line: Buffer): Buffer {
  for (let at = line.indexOf(10); at !== -1; at = line.indexOf(10, at)) line[at] = 11;
  return line;
}
