import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { streams, subjects } from '@weir/contracts';

export type StreamSettings = Partial<StreamConfig> & { readonly name: string };

const nanosPerSecond = 1_000_000_000;
const nanosPerDay = 86_400 * nanosPerSecond;

/** Nothing in them is ever thrown away to make room: a full stream refuses, and somebody notices. */
const lasting = {
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  deny_delete: true,
  deny_purge: true,
  allow_direct: true,
} as const;

/** The streams of a mesh, as they are made where there are none. */
export const streamSettings = (replicas: number): readonly StreamSettings[] => [
  {
    ...lasting,
    name: streams.usage,
    subjects: [subjects.usages],
    num_replicas: replicas,
    max_age: 40 * nanosPerDay,
    duplicate_window: 600 * nanosPerSecond,
    max_msg_size: 64 * 1024,
  },
  {
    ...lasting,
    name: streams.ledger,
    subjects: [subjects.allRated, subjects.ledgerCommits],
    num_replicas: replicas,
    allow_atomic: true,
  },
  {
    ...lasting,
    name: streams.alerts,
    subjects: [subjects.alerts],
    num_replicas: replicas,
    max_age: 400 * nanosPerDay,
    max_msgs_per_subject: 1,
    discard_new_per_subject: true,
  },
  { ...lasting, name: streams.audit, subjects: [subjects.audits], num_replicas: replicas },
  {
    ...lasting,
    name: streams.traffic,
    subjects: [subjects.allTraffic],
    num_replicas: replicas,
    // The last changes of each route: none of them is money.
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 10_000,
    max_age: 400 * nanosPerDay,
    duplicate_window: 600 * nanosPerSecond,
    deny_purge: false,
  },
  // Copies for people to look at: the oldest may go.
  {
    ...lasting,
    name: streams.deadLetters,
    subjects: [subjects.deadLetters],
    num_replicas: replicas,
    discard: DiscardPolicy.Old,
    max_age: 40 * nanosPerDay,
    max_bytes: 256 * 1024 * 1024,
    deny_purge: false,
  },
];

/** Streams that money depends on. */
export const moneyStreams: ReadonlySet<string> = new Set([streams.usage, streams.ledger, streams.alerts]);

/** Fewer copies than this do not survive the loss of a machine. */
const durableReplicas = 3;

/** One setting of a stream that is weaker than money needs it. */
export interface StreamWeakness {
  readonly stream: string;
  /** What it is, what it should be. */
  readonly finding: string;
  /** False for copies where the server has no peer to keep them. */
  readonly isMendable: boolean;
}

/**
 * What makes an existing stream weaker than money needs it.
 * How often the server calls fsync cannot be seen by a client: that is the operator's to check.
 */
export const weaknessesOf = (found: StreamConfig, hasPeers: boolean): StreamWeakness[] => {
  const wanted = streamSettings(durableReplicas).find(({ name }) => name === found.name);
  if (!wanted || !moneyStreams.has(found.name)) return [];
  const weaknesses: StreamWeakness[] = [];
  const demand = (setting: string, actual: unknown, right: unknown, holds: boolean): void => {
    if (holds) return;
    const finding = `${setting} is ${actual}, should be ${right}`;
    weaknesses.push({ stream: found.name, finding, isMendable: hasPeers || setting !== 'num_replicas' });
  };
  demand(
    'num_replicas',
    found.num_replicas,
    `${durableReplicas} or more`,
    found.num_replicas >= durableReplicas,
  );
  demand('storage', found.storage, StorageType.File, found.storage === StorageType.File);
  demand('retention', found.retention, RetentionPolicy.Limits, found.retention === RetentionPolicy.Limits);
  demand('discard', found.discard, DiscardPolicy.New, found.discard === DiscardPolicy.New);
  demand('deny_delete', found.deny_delete, true, found.deny_delete);
  demand('deny_purge', found.deny_purge, true, found.deny_purge);
  demand('persist_mode', found.persist_mode, 'default', found.persist_mode !== 'async');
  const wantedAge = wanted.max_age ?? 0;
  const lastsLong = found.max_age === 0 || (wantedAge > 0 && found.max_age >= wantedAge);
  const toSeconds = (nanos: number): string => `${nanos / nanosPerSecond} s`;
  const longEnough = wantedAge === 0 ? 'none' : `${toSeconds(wantedAge)} or more`;
  demand('max_age', toSeconds(found.max_age), longEnough, lastsLong);
  return weaknesses;
};
