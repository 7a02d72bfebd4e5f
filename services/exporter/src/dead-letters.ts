import { subjects } from '@weir/contracts';
import type { OncePublisher } from '@weir/messaging';

/** What a sink would not take. */
export interface DeadLetter {
  readonly sink: string;
  /** In the sink's stream. */
  readonly sequence: number;
  readonly problem: string;
  /** The event. Absent: it could not be read, and is in the stream. */
  readonly text?: string;
}

const encoder = new TextEncoder();

const toPayload = ({ sink, sequence, problem, text }: DeadLetter): Uint8Array => {
  const event: unknown = text === undefined ? undefined : JSON.parse(text);
  return encoder.encode(JSON.stringify({ v: 1, sink, sequence, problem, event }));
};

/** Keeps dead letters in the stream DLQ. One that comes again soon is kept once. */
export const createDeadLetters =
  (publisher: OncePublisher) =>
  async (letter: DeadLetter): Promise<void> => {
    const id = `exporter ${letter.sink} ${letter.sequence}`;
    await publisher.publish(subjects.deadLetter('exporter'), toPayload(letter), id);
  };
