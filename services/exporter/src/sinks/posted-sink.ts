import type { LogPosition, LogPositions } from '@weir/messaging';
import type { DeliverOutcome } from '../core/judge-answer.ts';
import type { OutgoingEvent, Part } from '../core/part.ts';
import type { Sink } from './sink.ts';

/** Something that takes events by HTTP. */
export interface Post {
  post(events: readonly OutgoingEvent[]): Promise<DeliverOutcome>;
  close(): Promise<void>;
}

/** A sink that cannot keep its own position: it is kept beside it, and moves only after the delivery. */
export const createPostedSink = (post: Post, positions: LogPositions): Sink => ({
  position: () => positions.read(),
  deliver: async (part: Part, from: LogPosition | undefined, to: LogPosition): Promise<DeliverOutcome> => {
    const posted: DeliverOutcome =
      part.events.length === 0 ? { outcome: 'delivered' } : await post.post(part.events);
    if (posted.outcome !== 'delivered') return posted;
    return (await positions.advance(from, to)) === 'moved' ? { outcome: 'moved' } : posted;
  },
  close: () => post.close(),
});
