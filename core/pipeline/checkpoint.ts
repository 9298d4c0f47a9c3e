/**
 * What a restart goes on from: the place in the source, and everything read before that place that no sink has stored
 * yet. Written about once a second, so kill -9 loses nothing matched, and what comes twice is at most what was
 * delivered since the last save. The pipeline is the only user.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { JsonValue } from "../plugin/source.ts";

const packetDrop = z.looseObject({
  time: z.string(),
  ipVersion: z.union([z.literal(4), z.literal(6)]),
  sourceAddress: z.ipv4().or(z.ipv6()),
  destinationAddress: z.ipv4().or(z.ipv6()),
});

const folded = z.object({
  drop: packetDrop,
  count: z.int().positive(),
  firstMillis: z.number(),
  lastMillis: z.number(),
  repeat: z.boolean(),
});

const checkpointSchema = z.object({
  /** The source's own place; absent when it has not read anything. */
  resume: z.json().optional(),
  /** Repeats in open windows. */
  windows: z.array(folded),
  /** Reports that the named sinks have not stored yet. */
  undelivered: z.array(folded.extend({ sinks: z.array(z.string()) })),
});

/** The JSON in the file. */
export interface Checkpoint extends Omit<z.infer<typeof checkpointSchema>, "resume"> {
  readonly resume?: JsonValue | undefined;
}

/** First line of the file; the second is the JSON that it describes. */
const header = /^droplens-checkpoint (\d+) ([0-9a-f]{8})$/;
const version = 1;

export type CheckpointLoad =
  | { readonly kind: "found"; readonly checkpoint: Checkpoint }
  | { readonly kind: "none" }
  /** There is a file, but it cannot be believed. */
  | { readonly kind: "unusable"; readonly reason: string };

export class CheckpointFile {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string, pipeline: string) {
    this.#folder = folder;
    this.path = join(folder, `${pipeline}.checkpoint`);
  }

  /** Rejects with the file system's error when the folder cannot be written to. Leaves nothing behind. */
  async probe(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const probe = `${this.path}.probe`;
    await writeFile(probe, "");
    await rm(probe);
  }

  async load(): Promise<CheckpointLoad> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "none" };
      return { kind: "unusable", reason: (error as Error).message };
    }
    return parseCheckpoint(text);
  }

  /** Atomic: a reader sees the old file or the new one. Not synced to the disk: a power cut may take it. */
  async save(checkpoint: Checkpoint): Promise<void> {
    const temporary = `${this.path}.new`;
    await writeFile(temporary, checkpointPieces(checkpoint), { mode: 0o600 });
    await rename(temporary, this.path);
  }
}

export function formatCheckpoint(checkpoint: Checkpoint): string {
  return Buffer.concat(checkpointPieces(checkpoint)).toString();
}

/**
 * The file, a small piece at a time: with a full queue it has megabytes, every second, and a text of that size is copied
 * for its checksum, again for its head and again for the disk.
 */
function checkpointPieces({ resume, windows, undelivered }: Checkpoint): Buffer[] {
  const place = resume === undefined ? "" : `,"resume":${JSON.stringify(resume)}`;
  const json = [
    Buffer.from('{"windows":['),
    ...listPieces(windows),
    Buffer.from('],"undelivered":['),
    ...listPieces(undelivered),
    Buffer.from(`]${place}}`),
  ];
  const sum = json.reduce((before, piece) => crc32(piece, before), 0);
  return [Buffer.from(`droplens-checkpoint ${version} ${hex(sum)}\n`), ...json, Buffer.from("\n")];
}

const itemsInPiece = 128;

function listPieces(items: readonly unknown[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let i = 0; i < items.length; i += itemsInPiece) {
    const text = JSON.stringify(items.slice(i, i + itemsInPiece)).slice(1, -1);
    pieces.push(Buffer.from(i === 0 ? text : `,${text}`));
  }
  return pieces;
}

export function parseCheckpoint(text: string): CheckpointLoad {
  const [first = "", json = ""] = text.split("\n", 2);
  const [, foundVersion, sum] = header.exec(first) ?? [];
  if (foundVersion === undefined) return { kind: "unusable", reason: "it is not a checkpoint of Droplens" };
  if (Number(foundVersion) !== version) return { kind: "unusable", reason: `it is of format ${foundVersion}` };
  if (hex(crc32(json)) !== sum) return { kind: "unusable", reason: "it is damaged (checksum)" };
  const parsed = checkpointSchema.safeParse(parseJson(json));
  if (!parsed.success) return { kind: "unusable", reason: `it is incomplete: ${z.prettifyError(parsed.error)}` };
  return { kind: "found", checkpoint: parsed.data };
}

/** Text with the right checksum is JSON, unless somebody has made it up. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, "0");
}
