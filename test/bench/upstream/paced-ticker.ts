import { readSharedMicros } from '../load/delta-stamps.ts';
import { tokenIntervalMs } from './bench-models.ts';
import { deltaEvent } from './canned-answers.ts';

export interface PacedStream {
  readonly tokens: number;
  readonly write: (text: string) => void;
  readonly finish: () => void;
}

export interface PacedTicker {
  /** Adds a stream; the answer removes it. */
  readonly add: (stream: PacedStream) => () => void;
}

/**
 * One timer writes the next token of every stream. All streams tick at the same moment, as those of one batch of an
 * inference engine do; it is also the hardest case for what stands in between.
 */
export const createPacedTicker = (): PacedTicker => {
  const streams = new Map<PacedStream, number>();
  let timer: NodeJS.Timeout | undefined;
  let nextTickMs = 0;

  const tick = (): void => {
    for (const [stream, index] of streams) {
      if (index === stream.tokens) {
        streams.delete(stream);
        stream.finish();
      } else {
        streams.set(stream, index + 1);
        stream.write(deltaEvent(index, readSharedMicros()));
      }
    }
    timer = undefined;
    schedule();
  };

  const schedule = (): void => {
    if (timer !== undefined || streams.size === 0) return;
    const nowMs = performance.now();
    nextTickMs = Math.max(nextTickMs + tokenIntervalMs, nowMs);
    timer = setTimeout(tick, nextTickMs - nowMs);
  };

  return {
    add: (stream) => {
      streams.set(stream, 0);
      schedule();
      return () => streams.delete(stream);
    },
  };
};
