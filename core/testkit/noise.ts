/** Bytes that no parser expects, the same ones at every run: made from proper lines, and from nothing. */

const newline = 10;

export function* noise(lines: readonly string[]): Generator<Uint8Array> {
  yield new Uint8Array(0);
  yield Buffer.from("\n\n\n");
  yield Buffer.alloc(100_000, "a");
  yield Buffer.from([0, 0xff, 0xfe, 0xc3, newline, 0xed, 0xa0, 0x80, newline]);
  for (const line of lines) {
    yield Buffer.concat([Buffer.alloc(70_000, line), Buffer.from("\n")]);
    for (let cut = 0; cut < line.length; cut++) yield Buffer.from(`${line.slice(0, cut)}\n${line.slice(cut)}\n`);
    yield* mangled(Buffer.from(`${line}\n`));
  }
}

const manglings = 300;

function* mangled(line: Buffer): Generator<Uint8Array> {
  let random = 1;
  for (let i = 0; i < manglings; i++) {
    const copy = Buffer.from(line);
    for (let change = 0; change < 1 + (i % 4); change++) {
      // Park and Miller's generator: the same changes at every run.
      random = (random * 48_271) % 2_147_483_647;
      copy[random % line.length] = (random >>> 8) & 255;
    }
    yield copy;
  }
}
