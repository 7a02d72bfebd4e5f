import { createLeash, type Leash } from '../../../infra/run/leash.ts';

let shared: Leash | undefined;

/** One for each test worker: what its tests leave behind dies with it, however it dies. */
export const testLeash = (): Leash => {
  shared ??= createLeash();
  return shared;
};

/** The last output of a process, for the message of a failed test. */
export interface OutputTail {
  readonly write: (chunk: Buffer) => void;
  readonly text: () => string;
}

const maxTailBytes = 256 * 1024;

/** Keeps chunks and joins them when asked: a busy service logs more than a test ever reads. */
export const createOutputTail = (): OutputTail => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    write: (chunk) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      while (bytes - (chunks[0]?.byteLength ?? 0) > maxTailBytes) bytes -= chunks.shift()?.byteLength ?? 0;
    },
    text: () => Buffer.concat(chunks).toString(),
  };
};
