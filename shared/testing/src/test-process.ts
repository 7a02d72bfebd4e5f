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

const maxTailChars = 256 * 1024;

export const createOutputTail = (): OutputTail => {
  let tail = '';
  return {
    write: (chunk) => {
      tail = (tail + chunk.toString()).slice(-maxTailChars);
    },
    text: () => tail,
  };
};
