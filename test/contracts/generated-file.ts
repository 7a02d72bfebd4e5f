import { readFileSync, writeFileSync } from 'node:fs';

/** The text of a document that is checked in; with UPDATE=1 it is written first. */
export const readGenerated = (name: string, current: string): string => {
  const file = new URL(`../../shared/contracts/generated/${name}`, import.meta.url);
  if (process.env['UPDATE'] === '1') writeFileSync(file, current);
  return readFileSync(file, 'utf8');
};
