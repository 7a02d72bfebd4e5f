import type { LogPosition } from '@weir/messaging';
import type { DeliverOutcome } from '../core/judge-answer.ts';
import type { Part } from '../core/part.ts';

/** Somewhere outside. What it throws is I/O, and is tried again. */
export interface Sink {
  /** Where it stands. Undefined: it has nothing yet. */
  position(): Promise<LogPosition | undefined>;
  /**
   * Delivers, and moves the position on if it is still `from`. A part may come again after any failure, or by another
   * replica: its events then have the same ids.
   */
  deliver(part: Part, from: LogPosition | undefined, to: LogPosition): Promise<DeliverOutcome>;
  close(): Promise<void>;
}
