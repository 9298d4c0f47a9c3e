/**
 * Finds in the folders of a log file what rotation has made of it: the file that a checkpoint knows, the copy that
 * copytruncate made, and files that came and went between two looks. Called when a path shows another file, never else.
 */
import { opendir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { SavedFile } from "./checkpoint.ts";
import { systemCode } from "./errors.ts";
import { OpenFile, type ReadRules } from "./open-file.ts";

/** Names looked at in a folder, and files opened for a look at their beginning, at most. */
const maxNames = 10_000;
const maxOpened = 200;

const passable: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EPERM", "SOURCE_FILE_REFUSED"]);

interface Candidate {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly size: number;
  readonly modifiedMillis: number;
}

/** Between which two files others may have come and gone. */
export interface Gap {
  readonly last: SavedFile;
  readonly live: OpenFile;
  /** What was written later than this does not belong between them. */
  readonly untilMillis: number;
}

/** As many as `saved`, undefined for what is gone. */
export async function findAllSaved(saved: readonly SavedFile[], rules: ReadRules): Promise<(OpenFile | undefined)[]> {
  const found: (OpenFile | undefined)[] = [];
  try {
    for (const one of saved) found.push(await findSaved(one, rules));
    return found;
  } catch (error) {
    await Promise.all(found.map((file) => file?.close()));
    throw error;
  }
}

/** Opens the file that `saved` describes, at its place, wherever rotation has put it. Undefined: it is gone. */
export async function findSaved(saved: SavedFile, rules: ReadRules): Promise<OpenFile | undefined> {
  for (const path of new Set([saved.path, saved.realPath])) {
    const file = await openQuietly(path, rules);
    if (file === undefined) continue;
    if (isSameInode(file, saved) && file.isContinuationOf(saved)) return resumed(file, saved);
    await file.close();
  }
  const folders = await foldersOf(saved.path, saved.realPath);
  const [file] = await searchSteadily(folders, (candidates) => findAmong(saved, candidates, rules));
  return file;
}

/**
 * Files of the family of `last` that were written after it: rotated twice or more between two looks.
 * Oldest first; `live`, which the path shows now, and copies of either are not among them.
 */
export async function findBetween({ last, live, untilMillis }: Gap, rules: ReadRules): Promise<OpenFile[]> {
  const folder = dirname(live.realPath);
  const family = familyOf(last, live);
  return searchSteadily([folder], (listed) => {
    const candidates = listed
      .filter((candidate) => isRotatedName(basename(candidate.path), family))
      .filter(({ modifiedMillis }) => modifiedMillis > last.modifiedMillis && modifiedMillis <= untilMillis)
      .filter((candidate) => !isSameInode(candidate, last) && !live.isSameInode(candidate))
      .sort((a, b) => a.modifiedMillis - b.modifiedMillis);
    return openBetween({ last, live, untilMillis }, candidates, rules);
  });
}

/**
 * How many files came, went and were compressed between `last` and `live`, so that nobody has read them. `last` itself,
 * which we hold open, may be among what was compressed since.
 */
export async function countCompressedBetween({ last, live }: Gap): Promise<number> {
  const folder = dirname(live.realPath);
  const family = familyOf(last, live);
  const names = new Set(await namesIn(folder));
  const left = await listFolders([folder]);
  const others = left.candidates.filter((candidate) => !live.isSameInode(candidate));
  const lastIsLeft = others.some((candidate) => isSameInode(candidate, last));
  let compressed = 0;
  for (const name of names) {
    const plain = name.replace(/\.[^.]+$/, "");
    // While it is being compressed both are there.
    if (!isCompressed(name) || names.has(plain) || !isRotatedName(plain, family)) continue;
    const stats = await stat(join(folder, name)).catch(() => undefined);
    if (stats !== undefined && stats.mtimeMs > last.modifiedMillis - 1) compressed++;
  }
  return Math.max(0, compressed - (lastIsLeft ? 0 : 1));
}

/** Compressed files are never read: what was in them was read before, or is named as lost in the log. */
export function isCompressed(name: string): boolean {
  return /\.(gz|xz|bz2|zst|lz4|lzma|z|zip|tgz)$/i.test(name);
}

/** The names that the path has and had; behind a symbolic link the file has a name like `app-20260102.log` already. */
function familyOf(last: SavedFile, live: OpenFile): readonly string[] {
  const name = basename(live.realPath);
  const lastName = dirname(last.realPath) === dirname(live.realPath) ? basename(last.realPath) : name;
  const isLinked = name !== basename(live.path);
  return [name, lastName, ...(isLinked ? basesOfRotated(name) : [])];
}

function isRotatedName(name: string, liveNames: readonly string[]): boolean {
  return basesOfRotated(name).some((base) => liveNames.includes(base));
}

/**
 * The names of which `name` may be a rotated one: `app.log` for `app.log.1`, `app.log-20260102`,
 * `app.log.20260102-030405` and `app-20260102.log`.
 */
export function basesOfRotated(name: string): readonly string[] {
  const suffix = /^(.+?)[._-]\d[\dT:._Z+-]*$/.exec(name);
  const infix = /^(.+?)[._-]\d[\dT:._Z+-]*(\.[A-Za-z]\w*)$/.exec(name);
  return [suffix?.[1], infix === null ? undefined : `${infix[1]}${infix[2]}`].filter((base) => base !== undefined);
}

/** What a search has opened. Unless it is final it only counts if the folder is afterwards as it was before. */
interface Found {
  readonly files: OpenFile[];
  readonly isFinal: boolean;
}

interface Listing {
  readonly candidates: readonly Candidate[];
  /** Which names lead to which files: the same twice means that no rename got in the way of the search. */
  readonly text: string;
}

/** A folder that is read while files in it are renamed may show one of them twice or not at all (POSIX readdir). */
async function searchSteadily(
  folders: readonly string[],
  search: (candidates: readonly Candidate[]) => Promise<Found>,
): Promise<OpenFile[]> {
  let listing = await listFolders(folders);
  for (let tries = 1; ; tries++) {
    const { files, isFinal } = await search(listing.candidates);
    if (isFinal) return files;
    const before = listing.text;
    listing = await listFolders(folders);
    if (listing.text === before || tries >= 5) return files;
    await Promise.all(files.map((file) => file.close()));
  }
}

async function findAmong(saved: SavedFile, candidates: readonly Candidate[], rules: ReadRules): Promise<Found> {
  const sameInode = candidates.filter((candidate) => isSameInode(candidate, saved));
  // Nothing is known of an empty file but its inode. A copy is not older than the last write that we saw.
  const copies = candidates
    .filter((candidate) => candidate.inode !== saved.inode && saved.fingerprint.length > 0)
    .filter((candidate) => candidate.size >= saved.offset && candidate.modifiedMillis >= saved.modifiedMillis - 1)
    .sort((a, b) => b.modifiedMillis - a.modifiedMillis);
  const livePath = await realpath(saved.path).catch(() => saved.path);
  for (const candidate of [...sameInode, ...copies].slice(0, maxOpened)) {
    const file = await openCandidate(candidate, rules);
    if (file === undefined) continue;
    // A short beginning may be that of a new file too, and what is taken for read is lost: only a full one proves it.
    const isFull = saved.fingerprint.length >= rules.fingerprintBytes;
    const isProven = isSameInode(file, saved) || file.realPath !== livePath || isFull;
    if (isProven && file.isContinuationOf(saved)) return { files: [resumed(file, saved)], isFinal: true };
    await file.close();
  }
  return { files: [], isFinal: false };
}

async function openBetween({ last, live }: Gap, candidates: readonly Candidate[], rules: ReadRules): Promise<Found> {
  const files: OpenFile[] = [];
  for (const candidate of candidates.slice(0, maxOpened)) {
    const file = await openCandidate(candidate, rules);
    if (file === undefined) continue;
    const isCopyOfLast = last.fingerprint.length > 0 && file.isContinuationOf({ ...last, offset: 0 });
    if (isCopyOfLast || file.isCopyOf(live)) await file.close();
    else files.push(file);
  }
  return { files, isFinal: false };
}

/** A device may have another number after a reboot; the fingerprint tells then. */
function isSameInode(file: { readonly device: string; readonly inode: string }, saved: SavedFile): boolean {
  return file.inode === saved.inode && (file.device === saved.device || saved.fingerprint.length > 0);
}

function resumed(file: OpenFile, saved: SavedFile): OpenFile {
  file.resumeAt(saved);
  // Nobody writes to a copy.
  file.settled = !isSameInode(file, saved);
  return file;
}

/** The folders in which a rotated file may be: of the path, of what it points to, and of where the file was. */
async function foldersOf(path: string, lastRealPath: string): Promise<readonly string[]> {
  const target = await realpath(path).catch(() => path);
  return [...new Set([dirname(path), dirname(target), dirname(lastRealPath)])];
}

async function listFolders(folders: readonly string[]): Promise<Listing> {
  const candidates = new Map<string, Candidate>();
  const text: string[] = [];
  for (const folder of folders) {
    for (const name of await listNames(folder)) {
      const path = join(folder, name);
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      text.push(`${path} ${stats?.ino ?? "gone"}`);
      if (stats === undefined || !stats.isFile()) continue;
      const [device, inode] = [String(stats.dev), String(stats.ino)];
      // As node computes `mtimeMs` of number stats, so that both compare equal.
      const modifiedMillis =
        Number(stats.mtimeNs / 1_000_000_000n) * 1000 + Number(stats.mtimeNs % 1_000_000_000n) / 1e6;
      candidates.set(`${device}:${inode}`, { path, device, inode, size: Number(stats.size), modifiedMillis });
    }
  }
  return { candidates: [...candidates.values()], text: text.sort().join("\n") };
}

async function listNames(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => !isCompressed(name));
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (!entry.isDirectory()) names.push(entry.name);
      if (names.length >= maxNames) break;
    }
  } catch {
    // A folder that is gone or closed to us holds nothing that we could read.
  }
  return names;
}

/** Undefined too when the name leads to another file by now. */
async function openCandidate(candidate: Candidate, rules: ReadRules): Promise<OpenFile | undefined> {
  const file = await openQuietly(candidate.path, rules);
  if (file === undefined || file.isSameInode(candidate)) return file;
  await file.close();
  return undefined;
}

/** Undefined for what has gone again or is not for us to read: the search goes on without it. */
async function openQuietly(path: string, rules: ReadRules): Promise<OpenFile | undefined> {
  try {
    return await OpenFile.open(path, rules);
  } catch (error) {
    if (passable.has(systemCode(error))) return undefined;
    throw error;
  }
}
