/**
 * A stand-in for the base image node:24-slim: a root folder with this Node and the libraries it is linked to, and not
 * even a shell; so what runs in it needs none. For RUN steps the machine's own tools are mounted over it.
 */
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { output } from "./command.ts";

export async function layNodeImage(root: string): Promise<void> {
  for (const folder of ["dev", "etc", "proc", "root", "tmp", "usr/local/bin"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, "tmp"), 0o1777);
  await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/nologin\n");
  await copyProgram(process.execPath, root, "usr/local/bin/node");
}

/** A program of this machine, with the libraries that it is linked to. */
export async function copyProgram(path: string, root: string, place: string): Promise<void> {
  await mkdir(join(root, dirname(place)), { recursive: true });
  await copyFile(path, join(root, place));
  const libraries = (await output(["ldd", path])).matchAll(/(\/\S+) \(0x/g);
  for (const [, library = ""] of libraries) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
}

/**
 * The words that run a shell line inside `root` as root, with the machine's programs, network and npm settings. The
 * mounts live in a namespace of their own and are gone with it.
 */
export function inNodeImage(root: string, line: string): string[] {
  const script = `set -eu
    root=$1 home=$2 line=$3
    mkdir -p "$root/.node"
    cp "$root/usr/local/bin/node" "$root/.node/node"
    for folder in usr bin sbin lib lib64 etc dev proc sys; do
      [ -e "/$folder" ] || continue
      mkdir -p "$root/$folder"
      mount --rbind "/$folder" "$root/$folder"
    done
    mount --bind "$root/.node" "$root/usr/local/bin"
    if [ -e "$home/.npmrc" ]; then cp "$home/.npmrc" "$root/root/.npmrc"; fi
    if [ -e "$home/.npm" ]; then mkdir -p "$root/root/.npm"; mount --bind "$home/.npm" "$root/root/.npm"; fi
    for name in $(env | sed -n 's/^\\(npm_[a-z_]*\\)=.*/\\1/p' | grep -v registry); do unset "$name"; done
    export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    exec chroot "$root" /bin/sh -euc "$line"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh", root, homedir(), line];
}
