/** A guide as its tests read it: its sections, each with its blocks of code, in order. In: a document's path. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../support/child.ts";

export interface GuideSection {
  /** Without the hashes. */
  readonly heading: string;
  readonly blocks: readonly GuideBlock[];
}

export interface GuideBlock {
  readonly language: string;
  readonly text: string;
}

export function sectionsOf(document: string): GuideSection[] {
  const text = readFileSync(join(checkout, document), "utf8");
  const parts = text.matchAll(/(?:^#+ (.*)\n)((?:(?!^#+ )(?:```[\s\S]*?^```$|.*)\n?)*)/gm);
  return [...parts].map(([, heading = "", body = ""]) => ({ heading, blocks: blocksOf(body) }));
}

export function sectionOf(document: string, heading: string): GuideSection {
  const found = sectionsOf(document).find((section) => section.heading === heading);
  if (found === undefined) throw new Error(`${document} has no section "${heading}"`);
  return found;
}

function blocksOf(body: string): GuideBlock[] {
  // Those of a list are indented.
  const found = body.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm);
  return [...found].map(([, language = "", text = ""]) => ({ language, text }));
}

/** The commands of a section, as one script. */
export function scriptOf({ blocks }: GuideSection): string {
  return textOf(blocks, "sh");
}

/** Each of its blocks of commands. */
export function scriptsOf({ blocks }: GuideSection): string[] {
  return blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
}

/** What a section says that they print. */
export function promisedBy({ blocks }: GuideSection): string {
  return textOf(blocks, "text");
}

function textOf(blocks: readonly GuideBlock[], language: string): string {
  return blocks
    .filter((block) => block.language === language)
    .map(({ text }) => text)
    .join("");
}

/** Whether `printed` is what the guide promises; `…` stands for anything within a line. */
export function keeps(promise: string, printed: string): boolean {
  const lines = promise.trimEnd().split("\n");
  const pattern = lines.map((line) => line.trimEnd().split("…").map(escaped).join(".*")).join("\n");
  return new RegExp(`^${pattern}\\s*$`).test(printed.replaceAll(/ +$/gm, ""));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
