import { streams, subjects } from '@weir/contracts';
import type { LedgerPublisher, LogReader } from '@weir/messaging';
import { type AuditData, type AuditEvent, type AuditedChange, toAuditEvent } from '../core/audit-event.ts';
import { createTurns } from './turns.ts';

/** Writes the audit trail: one event for each revision of a bucket, in order, whoever else does the same. */
export interface AuditWriter {
  /** Finds out how far the trail reaches. */
  begin(): Promise<void>;
  /** Resolves when it is in the trail. Rejects when it cannot be known whether it is: begin again. */
  write(audited: AuditedChange): Promise<void>;
}

/** The end of the trail: its last message, and how far it reaches. */
interface TrailEnd {
  readonly sequence: number;
  readonly reached: AuditData['reached'];
}

const mostTries = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const isAudited = (end: TrailEnd, { bucket, epoch, revision }: AuditedChange): boolean => {
  const mark = end.reached[bucket];
  return mark !== undefined && mark.epoch === epoch && mark.revision >= revision;
};

const readEnd = async (reader: LogReader): Promise<TrailEnd> => {
  const { first, last } = await reader.info();
  if (last === 0 || last < first) return { sequence: last, reached: {} };
  const read = await reader.read({ from: last, limit: 1 });
  const message = read.outcome === 'read' ? read.messages[0] : undefined;
  if (!message) throw new Error(`the end of stream ${streams.audit} cannot be read`);
  const event: AuditEvent = JSON.parse(decoder.decode(message.data));
  return { sequence: message.sequence, reached: event.data.reached };
};

/**
 * Each event says how far the trail reaches with it, and is stored behind the one before it or not at all: so a
 * process that dies between a change and its event, and two that audit the same, leave one event for each change.
 */
export const createAuditWriter = (deps: {
  readonly publisher: LedgerPublisher;
  readonly reader: LogReader;
  /** The installation, as in usage events. */
  readonly source: string;
}): AuditWriter => {
  const { publisher, reader, source } = deps;
  const turns = createTurns();
  let end: TrailEnd = { sequence: 0, reached: {} };

  const append = async (audited: AuditedChange): Promise<boolean> => {
    const { bucket, epoch, revision, subject } = audited;
    const reached = { ...end.reached, [bucket]: { epoch, revision } };
    const payload = encoder.encode(JSON.stringify(toAuditEvent(source, audited, reached)));
    const appended = await publisher.append(
      [{ subject: subjects.audit(subject.org), payload }],
      end.sequence,
    );
    if (appended.outcome === 'conflict') return false;
    end = { sequence: appended.lastSequence, reached };
    return true;
  };

  const write = async (audited: AuditedChange): Promise<void> => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      if (isAudited(end, audited) || (await append(audited))) return;
      // Another replica was quicker.
      end = await readEnd(reader);
    }
    throw new Error(
      `revision ${audited.revision} of ${audited.bucket} cannot be audited: others write all the time`,
    );
  };

  return {
    begin: () =>
      turns.take(async () => {
        end = await readEnd(reader);
      }),
    write: (audited) => turns.take(() => write(audited)),
  };
};
