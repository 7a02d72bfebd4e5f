import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { leastTokenChars } from './settings.ts';

const tokenBytes = 32;
const ownerOnly = 0o600;

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The token that a file holds. Where there is no file, one is drawn and kept in it, for its owner's eyes only. */
export const readTokenFile = async (file: string): Promise<{ token: string; drawn: boolean }> => {
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (token.length >= leastTokenChars) return { token, drawn: false };
    throw new Error(
      `${file} holds ${token.length} characters, expected a token of ${leastTokenChars} or more`,
    );
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const token = randomBytes(tokenBytes).toString('base64url');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${token}\n`, { mode: ownerOnly, flag: 'wx' });
  return { token, drawn: true };
};
