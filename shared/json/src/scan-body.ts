import type { ScanResult, TextWishes } from './request-fields.ts';
import { createRequestScanner, type RequestScanner } from './request-scanner.ts';

interface ScanLimits extends TextWishes {
  readonly maxDepth: number;
  /** Up to this, a body is scanned at once. */
  readonly wholeBytes?: number;
  /** The most of a larger one that is scanned before other work gets its turn. */
  readonly sliceBytes?: number;
  /** Resolves when other work had its turn, such as after `setImmediate`. */
  readonly yieldTo: () => Promise<void>;
}

const defaultWholeBytes = 65_536;
/** A millisecond's work, or several where the code is still cold. */
const defaultSliceBytes = 16_384;

const scanInSlices = async (
  scanner: RequestScanner,
  body: Uint8Array,
  sliceBytes: number,
  yieldTo: () => Promise<void>,
): Promise<ScanResult> => {
  for (let start = 0; start < body.byteLength && !scanner.failed; start += sliceBytes) {
    if (start > 0) await yieldTo();
    scanner.push(body.subarray(start, start + sliceBytes));
  }
  return scanner.finish();
};

/** Scans a whole body: at once, without a promise, or slice by slice. */
export const scanBody = (body: Uint8Array, limits: ScanLimits): Promise<ScanResult> | ScanResult => {
  const { wholeBytes = defaultWholeBytes, sliceBytes = defaultSliceBytes, yieldTo } = limits;
  const scanner = createRequestScanner(limits);
  if (body.byteLength > wholeBytes) return scanInSlices(scanner, body, sliceBytes, yieldTo);
  scanner.push(body);
  return scanner.finish();
};
