import type { RatedEvent, ThresholdEvent } from '@weir/contracts';

/** An event on its way out. */
export interface OutgoingEvent {
  /** In its stream. */
  readonly sequence: number;
  readonly event: RatedEvent | ThresholdEvent;
  /** The event as it is stored. */
  readonly text: string;
}

/** What is delivered at a time, and how far the sink has come with it. */
export interface Part {
  /** By rising sequence. Empty: only the position moves on. */
  readonly events: readonly OutgoingEvent[];
  /** Everything up to and with this sequence is dealt with once the part is. */
  readonly through: number;
}

const throughOf = (events: readonly OutgoingEvent[], fallback: number): number =>
  events.at(-1)?.sequence ?? fallback;

/** Two parts that are the one, in order. Undefined when there is nothing to part. */
export const halve = (part: Part): readonly [Part, Part] | undefined => {
  if (part.events.length < 2) return undefined;
  const middle = part.events.length >> 1;
  const first = part.events.slice(0, middle);
  return [
    { events: first, through: throughOf(first, part.through) },
    { events: part.events.slice(middle), through: part.through },
  ];
};

/** Parts of at most `batchSize` events that are the whole, in order. At least one, so that the position moves on. */
export const cutParts = (whole: Part, batchSize: number): readonly Part[] => {
  const parts: Part[] = [];
  for (let start = 0; start < whole.events.length; start += batchSize) {
    const events = whole.events.slice(start, start + batchSize);
    const isLast = start + batchSize >= whole.events.length;
    parts.push({ events, through: isLast ? whole.through : throughOf(events, whole.through) });
  }
  return parts.length > 0 ? parts : [whole];
};

/** The part without its events: what is left to do when they went elsewhere. */
export const withoutEvents = ({ through }: Part): Part => ({ events: [], through });
