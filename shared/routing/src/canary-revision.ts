import type { CanaryConfig } from '@weir/contracts';
import { stableWords } from './stable-hash.ts';

const hexDigits = 8;

/**
 * Tells one configuration of a canary from another: 16 hex digits, the same in every process.
 * A checked configuration has its fields in the order of the schema, whatever their order in the file.
 */
export const canaryRevision = (canary: CanaryConfig): string =>
  stableWords(JSON.stringify(canary))
    .map((word) => word.toString(16).padStart(hexDigits, '0'))
    .join('');
