/** A rule's prefix: what the user typed, at the one place where the kernel puts it, as much as the kernel keeps of it. */
import { describe, expect, it } from "vitest";
import { options } from "./config.ts";
import { parse, say, scan } from "./testdata/parser-under-test.ts";

const body =
  "IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=UDP SPT=1 DPT=53 LEN=40 ";
const head = "Nov 20 19:56:42 vm kernel: [ 2528.800858] ";

const matches = [
  ["with its trailing space", "calico-drop: ", "calico-drop: "],
  ["typed without its trailing space", "calico-drop:", "calico-drop: "],
  ["typed with a space that the rule has not", "calico-drop: ", "calico-drop:"],
  ["glued to IN=", "[WAN_IN-2001-D]", "[WAN_IN-2001-D]"],
  ["of several words", "DROP by policy shop/deny", "DROP by policy shop/deny "],
  ["with brackets", "[UFW BLOCK] ", "[UFW BLOCK] "],
  ["that begins like a key", "INPUT-DROP: ", "INPUT-DROP: "],
  ["that holds the kernel's own words", "LOG IN= OUT= ", "LOG IN= OUT= "],
  ["of 30 characters, cut at 29", "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "BBBBBBBBBBBBBBBBBBBBBBBBBBBBB"],
  ["of 65 characters, cut at 29", "calico-packet default np my-namespace/deny-all: ", "calico-packet default np my-n"],
  [
    "of 48 characters, whole as nft keeps it",
    "calico-packet default np my-namespace/deny-all: ",
    "calico-packet default np my-namespace/deny-all: ",
  ],
  ["whose 29th byte is in the midst of a letter", `${"a".repeat(28)}é: `, `${"a".repeat(28)}\xc3`],
  ["with UTF-8", "kl-é漢😀: ", Buffer.from("kl-é漢😀: ").toString("latin1")],
  ["with UTF-8 that /dev/kmsg escaped", "kl-é: ", "kl-\\xc3\\xa9: "],
  ["with a backslash that /dev/kmsg escaped", "kl\\x20\\n: ", "kl\\x5cx20\\x5cn: "],
  ["with a backslash", "kl\\x20\\n: ", "kl\\x20\\n: "],
  ["that looks like a priority", "<3>kl: ", "<3>kl: "],
] as const;

const misses = [
  ["another", "calico-drop:", "calico-packet: "],
  ["one that only begins like it", "calico-drop", "calico-drop-all: "],
  ["one that only ends like it", "drop:", "calico-drop: "],
  ["the same text with something in front", "calico-drop:", "x calico-drop: "],
  ["the same text with something behind", "calico-drop:", "calico-drop: x "],
  ["the kernel's words inside the prefix", "LOG", "LOG IN= OUT= "],
  ["another case", "calico-drop:", "Calico-Drop: "],
] as const;

describe("a prefix", () => {
  it.each(matches)("matches %s", (_, prefix, written) => {
    const line = Buffer.from(`${head}${written}${body}`, "latin1");
    const chunk = Buffer.concat([Buffer.from("x\n"), line, Buffer.from("\nx\n")]);

    expect(parse(line, { prefix })).toMatchObject({ kind: "drop", drop: { logPrefix: prefix.trimEnd() } });
    expect(scan(chunk, { prefix }).drops).toMatchObject([{ logPrefix: prefix.trimEnd() }]);
  });

  it.each(misses)("does not match %s", (_, prefix, written) => {
    expect(say(parse(`${head}${written}${body}`, { prefix }))).toBe("other");
    expect(scan(`${head}${written}${body}\n`, { prefix }).drops).toEqual([]);
  });

  it("may be one of several", () => {
    const prefix = ["first: ", "second "];
    const collector = scan(`${head}second ${body}\n${head}third ${body}\n${head}first: ${body}\n`, { prefix });

    expect(collector.drops.map((drop) => drop.logPrefix)).toEqual(["second", "first:"]);
  });

  it("of TRACE and conntrack lines is the kernel's own, even where every line counts", () => {
    expect(say(parse(`${head}TRACE: raw:PREROUTING:policy:2 ${body}`))).toBe("other: trace");
    expect(say(parse(`${head}nf_ct_proto_6: bad checksum ${body}`))).toBe("other: conntrack");
    expect(say(parse(`${head}nf_ct_proto_6: bad checksum ${body}`, { prefix: "nf_ct_proto_6: bad checksum" }))).toBe(
      "other: conntrack",
    );
  });

  it.each([[" "], [""], [[]], [["a", " "]], ["a\nb"], ["x".repeat(128)]])("cannot be %j", (prefix) => {
    expect(options.safeParse({ prefix }).success).toBe(false);
  });
});
