import { readFile } from 'node:fs/promises';
import type { CredentialsConfig } from '@weir/contracts';

export type ResolvedCredential =
  | { readonly outcome: 'resolved'; readonly credential: string | undefined }
  | { readonly outcome: 'missing'; readonly message: string };

/** Finds a provider's key where the configuration says. The key stays in this process and out of every log. */
export const resolveCredential = async (
  source: CredentialsConfig | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ResolvedCredential> => {
  if (source === undefined) return { outcome: 'resolved', credential: undefined };
  if ('fromEnv' in source) {
    const credential = env[source.fromEnv]?.trim();
    if (credential) return { outcome: 'resolved', credential };
    return { outcome: 'missing', message: `the environment variable ${source.fromEnv} is not set` };
  }
  try {
    const credential = (await readFile(source.fromFile, 'utf8')).trim();
    if (credential) return { outcome: 'resolved', credential };
    return { outcome: 'missing', message: `the file ${source.fromFile} is empty` };
  } catch {
    return { outcome: 'missing', message: `the file ${source.fromFile} cannot be read` };
  }
};
