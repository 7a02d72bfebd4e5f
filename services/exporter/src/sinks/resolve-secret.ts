import { readFile } from 'node:fs/promises';
import type { SecretConfig } from '@weir/contracts';

/** A secret from where the configuration says. It stays in this process and out of every log. */
export const resolveSecret = async (
  source: SecretConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> => {
  if ('fromEnv' in source) {
    const secret = env[source.fromEnv]?.trim();
    if (secret) return secret;
    throw new Error(`the environment variable ${source.fromEnv} is not set`);
  }
  const secret = (await readFile(source.fromFile, 'utf8')).trim();
  if (secret === '') throw new Error(`the file ${source.fromFile} is empty`);
  return secret;
};
