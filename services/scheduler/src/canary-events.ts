import { setTimeout as delay } from 'node:timers/promises';
import { type CanaryState, subjects, toCanaryEvent } from '@weir/contracts';

export interface CanaryEventsOptions {
  /** Rejects when it is not known that it is stored. One that is stored already is not stored again. */
  readonly publish: (subject: string, payload: Uint8Array, messageId: string) => Promise<void>;
  /** The installation. */
  readonly source: string;
  readonly onTrouble: (error: unknown) => void;
  readonly pauseMs?: number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

const defaultPauseMs = 1_000;
/** Half of it outlives an election of JetStream; a mesh without JetStream has other worries. */
const mostTries = 60;
/** Changes that wait at a time. They come one after the other, seconds apart. */
const mostWaiting = 256;

const encoder = new TextEncoder();

/** Events of canaries on their way to the stream. Every scheduler sends each; the stream stores it once, by its id. */
export const createCanaryEvents = (options: CanaryEventsOptions) => {
  const { publish, source, onTrouble, pauseMs = defaultPauseMs, signal } = options;
  let waiting = 0;

  const send = async (state: CanaryState, bucketRevision: number): Promise<void> => {
    const event = toCanaryEvent(source, state, bucketRevision);
    const payload = encoder.encode(JSON.stringify(event));
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        return await publish(subjects.traffic(state.route), payload, event.id);
      } catch (error) {
        if (tries === 1 || tries === mostTries) onTrouble(error);
        if (tries === mostTries) return;
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  };

  return {
    /** Never throws. */
    add: (state: CanaryState, bucketRevision: number): void => {
      if (waiting >= mostWaiting) return onTrouble(new Error('too many events of canaries wait'));
      waiting += 1;
      send(state, bucketRevision)
        .catch(onTrouble)
        .finally(() => {
          waiting -= 1;
        });
    },
    get waiting(): number {
      return waiting;
    },
  };
};

export type CanaryEvents = ReturnType<typeof createCanaryEvents>;
