import { matchesSomePattern, type ThresholdEvent, thresholdEventType } from '@weir/contracts';
import { readLedgerMessage } from '@weir/ledger';
import type { OutgoingEvent } from './part.ts';

/** A stored message, as far as it matters here. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

/** A stored message that this version cannot read. */
export interface UnreadableMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly problem: string;
}

export interface Selected {
  readonly events: readonly OutgoingEvent[];
  readonly unreadable: readonly UnreadableMessage[];
}

type ReadMessage =
  | { readonly kind: 'event'; readonly event: OutgoingEvent['event'] }
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable'; readonly problem: string };

/** How the messages of one stream are read. */
export type MessageReader = (message: StoredMessage) => ReadMessage;

const decoder = new TextDecoder();

export const readLedgerEvent: MessageReader = ({ subject, data }) => {
  const read = readLedgerMessage(subject, data);
  if (read.kind === 'record') return { kind: 'event', event: read.event };
  return read.kind === 'commit' ? { kind: 'other' } : read;
};

const isThresholdEvent = (value: unknown): value is ThresholdEvent => {
  const event = value as Partial<ThresholdEvent> | null;
  return (
    event?.type === thresholdEventType && typeof event.id === 'string' && typeof event.subject === 'string'
  );
};

export const readAlertEvent: MessageReader = ({ data }) => {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    if (isThresholdEvent(value)) return { kind: 'event', event: value };
  } catch {
    // Told below.
  }
  return { kind: 'unreadable', problem: `the alert is no ${thresholdEventType}` };
};

/** The events for one sink among the messages of a stream, and what nobody can read. */
export const selectEvents = (
  messages: readonly StoredMessage[],
  read: MessageReader,
  orgs: readonly string[],
): Selected => {
  const events: OutgoingEvent[] = [];
  const unreadable: UnreadableMessage[] = [];
  for (const message of messages) {
    const { sequence, subject, data } = message;
    const found = read(message);
    if (found.kind === 'unreadable') unreadable.push({ sequence, subject, problem: found.problem });
    if (found.kind !== 'event' || !matchesSomePattern(orgs, found.event.subject)) continue;
    events.push({ sequence, event: found.event, text: decoder.decode(data) });
  }
  return { events, unreadable };
};
