import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalAddress } from "./address.ts";

const rows = [
  { name: "keeps IPv4 as it is", from: "10.77.1.2", to: "10.77.1.2" },
  { name: "shortens what the kernel prints", from: "fd77:0001:0000:0000:0000:0000:0000:0002", to: "fd77:1::2" },
  { name: "shortens the longest run of zeros", from: "2001:0:0:1:0:0:0:1", to: "2001:0:0:1::1" },
  { name: "shortens the first of two equal runs", from: "2001:db8:0:0:1:0:0:1", to: "2001:db8::1:0:0:1" },
  { name: "leaves a single zero group", from: "2001:db8:0:1:1:1:1:1", to: "2001:db8:0:1:1:1:1:1" },
  { name: "writes lower case", from: "FF02::FB", to: "ff02::fb" },
  { name: "knows the unspecified address", from: "0:0:0:0:0:0:0:0", to: "::" },
  { name: "knows loopback", from: "0000:0000:0000:0000:0000:0000:0000:0001", to: "::1" },
  { name: "shows the IPv4 in a mapped address", from: "::ffff:c0a8:0101", to: "::ffff:192.168.1.1" },
  { name: "refuses a zone", from: "fe80::1%eth0", to: undefined },
  { name: "refuses what is none", from: "10.0.0.256", to: undefined },
];

describe("canonicalAddress", () => {
  for (const { name, from, to } of rows) it(name, () => expect(canonicalAddress(from)).toBe(to));

  it("is an address again, and does not change a second time", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const once = canonicalAddress(text) ?? "";
        expect(isIP(once)).toBe(isIP(text));
        expect(canonicalAddress(once)).toBe(once);
        if (isIP(text) === 6) expect(new URL(`http://[${once}]`).host).toBe(new URL(`http://[${text}]`).host);
      }),
    );
  });
});
