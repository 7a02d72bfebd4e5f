import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../shared/contracts/testdata/v1/', import.meta.url);

/** Names of all golden messages, without those that begin with a dot. */
export const goldenFiles = (): string[] => readdirSync(folder).filter((name) => !name.startsWith('.'));

/** The bytes as they travel: files in hex are decoded. */
export const readGolden = (file: string): Uint8Array => {
  const bytes = readFileSync(new URL(file, folder));
  return new Uint8Array(
    file.endsWith('.hex') ? Buffer.from(bytes.toString().replace(/\s/g, ''), 'hex') : bytes,
  );
};
