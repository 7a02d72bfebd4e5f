import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { UpstreamTlsConfig } from '@weir/contracts';

/** Options of `tls.connect`. */
export interface TlsOptions {
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

export type TlsReading =
  | { readonly outcome: 'read'; readonly options: TlsOptions }
  | { readonly outcome: 'unusable'; readonly problem: string };

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

class UnusableFile extends Error {}

const readText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UnusableFile(`the file ${path} cannot be read: ${codeOf(error)}`);
  }
};

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** OpenSSL leaves out what it cannot read of a list of authorities, and says nothing. */
const readAuthorities = async (path: string): Promise<string> => {
  const text = await readText(path);
  const blocks = text.match(certificatePattern) ?? [];
  if (blocks.length === 0) throw new UnusableFile(`the file ${path} has no certificate in PEM`);
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw new UnusableFile(`the file ${path} has a certificate that cannot be read`);
  }
  return text;
};

const readOwn = async (certFile: string, keyFile: string): Promise<Pick<TlsOptions, 'cert' | 'key'>> => {
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const files = certFile === keyFile ? certFile : `${certFile} and ${keyFile}`;
    throw new UnusableFile(`${files}: no certificate with its key in PEM (${codeOf(error)})`);
  }
  return { cert, key };
};

/** Reads the files that an upstream's `tls` names. What is wrong with them is said without their content. */
export const readTls = async ({
  serverName,
  caFile,
  verify,
  certFile,
  keyFile,
}: UpstreamTlsConfig): Promise<TlsReading> => {
  try {
    const ca = caFile === undefined ? {} : { ca: await readAuthorities(caFile) };
    const own = certFile === undefined ? {} : await readOwn(certFile, keyFile ?? certFile);
    const name = serverName === undefined ? {} : { servername: serverName };
    return { outcome: 'read', options: { ...name, ...ca, ...own, rejectUnauthorized: verify } };
  } catch (error) {
    if (error instanceof UnusableFile) return { outcome: 'unusable', problem: error.message };
    throw error;
  }
};
