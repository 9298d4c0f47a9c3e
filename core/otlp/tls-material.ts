/**
 * Reads the certificates and the key. Paths in, texts out; called before each new connection, so that what was renewed
 * on disk is taken up.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { DroplensError, describeError } from "../plugin/errors.ts";
import type { TlsFiles } from "./settings.ts";

export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Throws a DroplensError that names the file. */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([
    readPem("caFile", files.caFile),
    readPem("certFile", files.certFile),
    readPem("keyFile", files.keyFile),
  ]);
  if (cert !== undefined && key !== undefined && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    const what = `${files.keyFile} is not the key of the certificate ${files.certFile}`;
    throw new DroplensError("OTEL_TLS", `tls: ${what}: name the two files that belong together`);
  }
  return { ca, cert, key };
}

async function readPem(name: keyof TlsFiles, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const pem = await readFile(path);
    if (name === "keyFile") createPrivateKey(pem);
    else new X509Certificate(pem);
    return pem;
  } catch (error) {
    const what = `tls.${name}: cannot use ${path}: ${describeError(error)}`;
    throw new DroplensError("OTEL_TLS", `${what}: it has to be a readable PEM file`, { cause: undefined });
  }
}
