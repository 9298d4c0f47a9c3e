/** The full parse of one line: what the grammar prints comes back, and nothing that comes in makes it throw. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packetLine, packets } from "./testdata/packet-grammar.ts";
import { makeParser, parse, say } from "./testdata/parser-under-test.ts";

const head = "Nov 20 19:56:42 node-1 kernel: ";
const body = "SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=UDP SPT=1 DPT=53 LEN=40 ";

describe("the line parser", () => {
  it("reads back every packet that the grammar prints", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const line = `2026-11-20T19:56:42.401765+00:00 node-1 kernel: ${packetLine(packet)}`;

        expect(parse(line)).toEqual({
          kind: "drop",
          drop: { time: "2026-11-20T19:56:42.401765Z", host: "node-1", ...packet },
        });
      }),
      { numRuns: 500 },
    );
  });

  it("never throws, whatever the bytes", () => {
    const pieces = fc.constantFrom(
      "IN=",
      " OUT=",
      "SRC=",
      "[SRC=",
      "]",
      "{",
      '"MESSAGE":[',
      "73,78,61",
      "<4>1 ",
      head,
      body,
      "\\x5c",
      " P ",
      "calico-drop:",
    );
    const piece = fc.oneof(
      pieces,
      fc.string(),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    const parsers = [
      makeParser(),
      makeParser({ prefix: "calico-drop:" }),
      makeParser({ timeLayout: "Jan _2 15:04:05" }),
    ];
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
        for (const parser of parsers) {
          expect(["drop", "other-line", "malformed"]).toContain(
            parser.parseBytes(Buffer.from(parts.join(""), "latin1")).kind,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["an address that is none", body.replace("10.0.0.2", "10.0.0.256"), "malformed: address"],
    ["addresses of two versions", body.replace("10.0.0.2", "fd77::1"), "malformed: address"],
    ["a port above 65535", body.replace("DPT=53", "DPT=65536"), "malformed: port"],
    ["a port that is no number", body.replace("DPT=53", "DPT=x"), "malformed: port"],
    ["a protocol that nobody knows", body.replace("UDP", "fake"), "malformed: protocol"],
    ["a line that ends behind its addresses", body.replace(/LEN=60.*/, ""), "malformed: truncated"],
    ["a line that ends in the midst of its port", body.replace(/DPT=53.*/, "DPT=5"), "malformed: truncated"],
    ["a line without an address", "", "malformed: truncated"],
    ["two records glued together", `${body}x IN=eth0 OUT= ${body}`, "malformed: several-packets"],
    ["two records glued within a word", `${body.trimEnd()}x:IN=eth0 OUT= ${body}`, "malformed: several-packets"],
    ["a frame of another protocol", "MAC=02:00:00:00:0a:02:02:00:00:00:0a:01:88:cc ", "other: not-ip"],
  ])("tells %s", (_, text, says) => {
    expect(say(parse(`${head}x: IN=eth0 OUT= ${text}`))).toBe(says);
    expect(say(parse(`${head}x: IN=eth0 OUT= ${text}`, { prefix: "x:" }))).toBe(says);
  });

  it("takes no damaged record for the prefix of the next", () => {
    const damaged = `x: IN=eth0 OUT ${body}${body}x:`;

    expect(say(parse(`${head}${damaged} IN=eth0 OUT= ${body}`))).toBe("malformed: several-packets");
  });

  it("calls a line that lost its beginning truncated, as a lossy transport leaves it", () => {
    const line = `${head}L=126 ID=8698 DF PROTO=TCP SPT=1 DPT=2 WINDOW=1 RES=0x00 SYN URGP=0 `;

    expect(say(parse(line))).toBe("malformed: truncated");
    expect(say(parse(line, { prefix: "x:" }))).toBe("other");
  });

  it("drops the last word of a message that filled the kernel's buffer, as it may be cut", () => {
    const line = `x: IN=eth0 OUT= SRC=fd77::1 DST=fd77::2 LEN=900 TC=0 HOPLIMIT=64 FLOWLBL=0 ${"OPT ( ) ".repeat(200)}`;
    const cut = `${line.slice(0, 1019 - 21)} PROTO=UDP SPT=1 DPT=5`.slice(0, 1019);

    expect(cut).toHaveLength(1019);
    expect(say(parse(`${head}${cut}`))).toContain("fd77::1 port 1 > fd77::2, UDP");
  });

  it.each([
    ["16 octets", "02:00:00:00:0a:02:02:00:00:00:0a:01:08:00:45:00"],
    ["18 octets", "02:00:00:00:0a:02:02:00:00:00:0a:01:08:00:45:00:01:00"],
  ])("takes the ether type from octets 13 and 14 of %s", (_, mac) => {
    expect(parse(`${head}x: IN=eth0 OUT= MAC=${mac} ${body}`)).toMatchObject({
      drop: { sourceMac: "02:00:00:00:0a:01", destinationMac: "02:00:00:00:0a:02", etherType: "0800" },
    });
  });

  it("reads the order that kernels before 2.6.20 print on a bridge", () => {
    expect(say(parse(`${head}x: IN=br0 PHYSIN=eth0 OUT=br0 PHYSOUT=eth1  ${body}`))).toBe(
      '"x:" br0 to br0 (ports eth0 to eth1): 10.0.0.1 port 1 > 10.0.0.2 port 53, UDP, 60 bytes, ttl 64',
    );
  });

  it("shows no control character of a prefix, an interface or a host", () => {
    const line = `Nov 20 19:56:42 no\x1bde kernel: ev\x1b[31mil\u202e: IN=e\x07th0 OUT= ${body}`;
    const result = parse(line);

    expect(result).toMatchObject({
      drop: { host: "no\ufffdde", logPrefix: "ev\ufffd[31mil\ufffd:", inInterface: "e\ufffdth0" },
    });
  });

  it("keeps names whole that are not in ASCII, however long", () => {
    const result = parse(
      "Nov 20 19:56:42 nodeabcdefghij\u0100 kernel: IN=abcdefghijklm\u0100 OUT= SRC=10.1.1.1 DST=10.1.1.2 PROTO=47",
    );

    expect(result).toMatchObject({ drop: { host: "nodeabcdefghij\u0100", inInterface: "abcdefghijklm\u0100" } });
  });

  it("takes a line that ends in CRLF", () => {
    expect(say(parse(`${head}x: IN=eth0 OUT= ${body}MARK=0x1\r`))).toContain("mark 0x1");
  });
});
