import { attemptKey, type StartedEvent } from '@weir/contracts';

/** An attempt that has begun and is not accounted for. */
export interface OpenIntent {
  /** Of the USAGE message that announced it. */
  readonly sequence: number;
  readonly event: StartedEvent;
}

export interface OpenIntents {
  readonly size: number;
  has(key: string): boolean;
  /** USAGE sequences never go down from one to the next. */
  open(intent: OpenIntent): void;
  close(key: string): void;
  /** USAGE sequence just before the oldest; `position` when there is none. */
  lowWater(position: number): number;
  /** The oldest first. */
  values(): Iterable<OpenIntent>;
}

export const createOpenIntents = (): OpenIntents => {
  const intents = new Map<string, OpenIntent>();
  return {
    get size() {
      return intents.size;
    },
    has: (key) => intents.has(key),
    open: (intent) => void intents.set(attemptKey(intent.event.data), intent),
    close: (key) => void intents.delete(key),
    lowWater: (position) => {
      for (const { sequence } of intents.values()) return sequence - 1;
      return position;
    },
    values: () => intents.values(),
  };
};
