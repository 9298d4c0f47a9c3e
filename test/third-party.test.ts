/** What goes out with the bundle: each package in it lets its code be passed on, and its licence goes along. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type BundledPackage, bundledPackages, objection } from "../deploy/third-party.ts";
import { checkout } from "./support/child.ts";

it("has only packages in the bundle that let their code be passed on, with the text of their licence", async () => {
  const packages = await bundledPackages();

  expect(packages.map(objection).filter((text) => text !== undefined)).toEqual([]);
  expect(packages.map(({ name }) => name)).toContain("zod");
  expect(packages.map(({ name }) => name)).not.toContain("vitest");
});

it("has every package pinned: one version in package.json, and what it must contain in the lockfile", () => {
  const read = (name: string) => JSON.parse(readFileSync(join(checkout, name), "utf8"));
  const { dependencies, devDependencies, optionalDependencies } = read("package.json");
  const versions = Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies });
  const locked = Object.entries<{ integrity?: string; link?: boolean }>(read("package-lock.json").packages);

  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(locked.filter(([path, { integrity }]) => path !== "" && !/^sha512-/.test(integrity ?? ""))).toEqual([]);
  expect(locked.length).toBeGreaterThan(100);
});

it.each([
  ["GPL-3.0-only", "x 1.0.0: GPL-3.0-only is not among the licences that let its code be passed on"],
  ["(MIT OR GPL-3.0-only)", undefined],
  [
    "(MIT AND GPL-3.0-only)",
    "x 1.0.0: (MIT AND GPL-3.0-only) is not among the licences that let its code be passed on",
  ],
  ["SEE LICENSE IN FILE", "x 1.0.0: SEE LICENSE IN FILE is not among the licences that let its code be passed on"],
  ["none", "x 1.0.0: none is not among the licences that let its code be passed on"],
  ["(BSD-2-Clause OR MIT OR Apache-2.0)", undefined],
])("says of %s: %s", (licence, says) => {
  const one: BundledPackage = { name: "x", version: "1.0.0", licence, texts: ["…"] };

  expect(objection(one)).toBe(says);
});

it("takes no package that does not ship the text of its licence", () => {
  const bare: BundledPackage = { name: "x", version: "1.0.0", licence: "MIT", texts: [] };

  expect(objection(bare)).toBe("x 1.0.0 ships no text of its licence (MIT)");
});
