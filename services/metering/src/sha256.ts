import { createHash } from 'node:crypto';
import { hashUnit as hashChunks, type Sha256 } from '@weir/ledger';

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

const sha256: Sha256 = (chunks) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};

export const hashUnit = (previousHash: string, payloads: readonly Uint8Array[]): string =>
  hashChunks(previousHash, payloads, sha256);
