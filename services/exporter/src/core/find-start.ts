/** How far a sink has come, in which stream. */
export interface SinkPosition {
  readonly epoch: string;
  readonly sequence: number;
}

/** What there is of a stream; `first` is one above `last` when it is empty. */
export interface StreamBounds {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

export type FoundStart =
  /** The next message is the one after `sequence`. */
  | { readonly outcome: 'found'; readonly sequence: number }
  | { readonly outcome: 'lost'; readonly problem: string };

/** Where a sink goes on. A hole between it and the stream is never stepped over in silence: it would be money. */
export const findStart = (
  stored: SinkPosition | undefined,
  stream: StreamBounds,
  startAt: 'first' | 'new',
): FoundStart => {
  if (stored === undefined) {
    return { outcome: 'found', sequence: startAt === 'new' ? stream.last : stream.first - 1 };
  }
  const { epoch, sequence } = stored;
  if (epoch !== stream.epoch) {
    const problem = `the sink stands in a stream of ${epoch}, this one was created ${stream.epoch}`;
    return { outcome: 'lost', problem };
  }
  if (sequence > stream.last) {
    return { outcome: 'lost', problem: `the sink has ${sequence}, the stream ends at ${stream.last}` };
  }
  if (sequence + 1 < stream.first) {
    return { outcome: 'lost', problem: `the sink has ${sequence}, the stream begins at ${stream.first}` };
  }
  return { outcome: 'found', sequence };
};
