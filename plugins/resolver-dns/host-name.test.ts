import { expect, test } from "vitest";
import { hostName } from "./host-name.ts";

const fit = [
  { name: "takes the trailing dot off", claimed: "db.example.com.", shown: "db.example.com" },
  { name: "writes a name in lower case", claimed: "DB.Example.COM", shown: "db.example.com" },
  { name: "takes a single label", claimed: "localhost", shown: "localhost" },
  {
    name: "takes an underscore, as many networks write it",
    claimed: "web_1.corp.example",
    shown: "web_1.corp.example",
  },
  { name: "takes digits in front of a name", claimed: "10-0-0-7.isp.example", shown: "10-0-0-7.isp.example" },
  {
    name: "takes an internationalised name as it travels",
    claimed: "xn--bcher-kva.example",
    shown: "xn--bcher-kva.example",
  },
  { name: "takes the longest name there is", claimed: `${"a".repeat(63)}.`.repeat(3) + "b".repeat(61), shown: true },
];

for (const row of fit) {
  test(`a host name: ${row.name}`, () => {
    expect(hostName(row.claimed)).toBe(row.shown === true ? row.claimed : row.shown);
  });
}

const unfit = [
  { name: "nothing", claimed: "" },
  { name: "the root", claimed: "." },
  { name: "an IPv4 address", claimed: "10.0.0.1" },
  { name: "an IPv4 address with a trailing dot", claimed: "10.0.0.1." },
  { name: "an IPv6 address", claimed: "fd00::1" },
  { name: "a short IPv4 address", claimed: "10.1" },
  { name: "a hexadecimal IPv4 address", claimed: "0x7f000001" },
  { name: "a name whose last label is a number", claimed: "db.example.7" },
  { name: "a terminal escape", claimed: "a\u001b[31mred.example" },
  { name: "a new line", claimed: "a.example\nInjected: yes" },
  { name: "a new line at the end", claimed: "a.example\n" },
  { name: "a space", claimed: "a b.example" },
  { name: "a quote", claimed: 'a".example' },
  { name: "a slash", claimed: "a/b.example" },
  { name: "bytes beyond ASCII", claimed: "caf\u00e9.example" },
  { name: "the Kelvin sign, which is a k in lower case", claimed: "\u212aube.example" },
  { name: "an empty label", claimed: "a..example" },
  { name: "a leading dot", claimed: ".example" },
  { name: "a hyphen at a label's start", claimed: "-a.example" },
  { name: "a hyphen at a label's end", claimed: "a-.example" },
  { name: "an escaped dot", claimed: "a\\.b.example" },
  { name: "a label of 64 characters", claimed: `${"a".repeat(64)}.example` },
  { name: "254 characters", claimed: `${"a".repeat(63)}.`.repeat(3) + "b".repeat(62) },
  { name: "a megabyte", claimed: "a.".repeat(500_000) },
];

for (const row of unfit) {
  test(`no host name: ${row.name}`, () => {
    expect(hostName(row.claimed)).toBeUndefined();
  });
}
