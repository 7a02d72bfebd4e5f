import { createLogReader, followLog, type LogMessage, type LogTail, type NatsBus } from '@weir/messaging';
import type { AuditedChange } from '../core/audit-event.ts';
import type { AuditWriter } from './audit-writer.ts';

/** What an entry of a bucket says, or why it cannot be read. */
export type TakenEntry =
  | { readonly outcome: 'taken'; readonly audited: Omit<AuditedChange, 'bucket' | 'epoch' | 'revision'> }
  | { readonly outcome: 'unreadable'; readonly problem: string };

export interface BucketProjectionDeps {
  readonly bus: NatsBus;
  readonly bucket: string;
  readonly audit: AuditWriter;
  /** Keeps what the entry says for those who ask. */
  readonly take: (key: string, value: unknown, revision: number) => TakenEntry;
  readonly onUnreadable: (revision: number, problem: string) => void;
  /** Everything up to this revision is kept, and in the audit trail. */
  readonly onReached: (revision: number) => void;
}

/** A change is in the trail this long after it was made, or a little later. */
const pauseMs = 50;
const decoder = new TextDecoder();

const parse = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    return undefined;
  }
};

/** https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-8.md */
const streamOf = (bucket: string): string => `KV_${bucket}`;
const prefixOf = (bucket: string): string => `$KV.${bucket}.`;

const epochOf = async (bus: NatsBus, bucket: string): Promise<string> => {
  const reader = createLogReader(bus, streamOf(bucket));
  try {
    return (await reader.info()).epoch;
  } finally {
    reader.close();
  }
};

const takeMessage = (
  deps: BucketProjectionDeps,
  epoch: string,
  { sequence, subject, data }: LogMessage,
): AuditedChange | undefined => {
  // Marks of deleted entries are empty; Weir itself makes none.
  if (data.byteLength === 0) return undefined;
  const { bucket, take, onUnreadable } = deps;
  const taken = take(subject.slice(prefixOf(bucket).length), parse(data), sequence);
  if (taken.outcome === 'taken') return { bucket, epoch, revision: sequence, ...taken.audited };
  onUnreadable(sequence, taken.problem);
  return undefined;
};

/** Reads a bucket from its start: keeps what is in it, and audits what has not been. */
export const startBucketProjection = async (
  deps: BucketProjectionDeps,
  onEnd: (error: Error) => void,
): Promise<LogTail> => {
  const { bus, bucket, audit, onReached } = deps;
  const epoch = await epochOf(bus, bucket);
  await audit.begin();
  const tail = await followLog({
    bus,
    stream: streamOf(bucket),
    subject: `${prefixOf(bucket)}>`,
    from: 1,
    epoch,
    pauseMs,
    onMessages: async (messages) => {
      const changes = messages.flatMap((message) => takeMessage(deps, epoch, message) ?? []);
      for (const audited of changes) await audit.write(audited);
      onReached(messages.at(-1)?.sequence ?? 0);
    },
    onError: onEnd,
  });
  if (tail.info.last === 0) onReached(0);
  return tail;
};
