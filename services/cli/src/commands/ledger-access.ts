import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type LedgerCommit, streams } from '@weir/contracts';
import {
  type Checkpoint,
  checkpointPrefix,
  decodeCheckpoint,
  readLedgerMessage,
  type Sha256,
} from '@weir/ledger';
import {
  type Bus,
  type CheckpointBucket,
  createLogReader,
  type LogMessage,
  type LogReader,
  type NatsBus,
  openCheckpointBucket,
} from '@weir/messaging';

/** The two streams, the checkpoints, and whoever else can be asked. */
export interface LedgerAccess {
  readonly bus: Pick<Bus, 'request'>;
  readonly usage: Pick<LogReader, 'read' | 'info'>;
  readonly ledger: Pick<LogReader, 'read' | 'info'>;
  readonly checkpoints: () => Promise<CheckpointBucket>;
  close(): void;
}

/** What an action prints, and whether everything holds. */
export interface LedgerAnswer {
  readonly text: string;
  readonly holds: boolean;
}

const retries = 5;
const retryPauseMs = 500;

/** `replicas`: of the bucket of checkpoints, where there is none. */
export const openLedgerAccess = (bus: NatsBus, replicas: number): LedgerAccess => {
  const usage = createLogReader(bus, streams.usage);
  const ledger = createLogReader(bus, streams.ledger);
  return {
    bus,
    usage,
    ledger,
    checkpoints: () => openCheckpointBucket(bus, { replicas }),
    close: () => {
      usage.close();
      ledger.close();
    },
  };
};

/** The messages from a sequence on, some hundred of them. Empty: there are no more. Throws when nobody answers. */
export const readLog = async (log: Pick<LogReader, 'read'>, from: number): Promise<readonly LogMessage[]> => {
  let why = '';
  for (let attempt = 0; attempt < retries; attempt += 1) {
    const read = await log.read({ from });
    if (read.outcome === 'read') return read.messages;
    why = read.why;
    await delay(retryPauseMs);
  }
  throw new Error(why);
};

export const sha256: Sha256 = (chunks) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};

/** A checkpoint, and the commit that it is as of. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly slot: 0 | 1;
  readonly commit: LedgerCommit;
}

/** The newest checkpoint, if it is of this ledger; or why there is none. */
export const findCheckpoint = async (access: LedgerAccess): Promise<FoundCheckpoint | string> => {
  const bucket = await access.checkpoints();
  const decoded = decodeCheckpoint(await bucket.load(checkpointPrefix));
  if (decoded.outcome === 'none') return decoded.problem;
  const { checkpoint, slot } = decoded;
  const [message] = await readLog(access.ledger, checkpoint.sequence);
  if (message?.sequence !== checkpoint.sequence) {
    return `the checkpoint is of LEDGER ${checkpoint.sequence}, which is not there`;
  }
  const read = readLedgerMessage(message.subject, message.data);
  if (read.kind !== 'commit' || read.commit.hash !== checkpoint.hash) {
    return `the checkpoint is of another ledger: LEDGER ${checkpoint.sequence} is not the commit that it names`;
  }
  return { checkpoint, slot, commit: read.commit };
};
