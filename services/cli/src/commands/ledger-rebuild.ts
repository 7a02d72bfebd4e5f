import {
  type BilledUsage,
  chargesOf,
  createRebuild,
  createTotals,
  type RebuildReport,
  type RebuiltRow,
  readLedgerMessage,
  type Totals,
} from '@weir/ledger';
import { findCheckpoint, type LedgerAccess, type LedgerAnswer, readLog } from './ledger-access.ts';
import { type CheckpointState, checkCheckpoint, isRight } from './ledger-checkpoint.ts';

export interface RebuildRequest {
  readonly json: boolean;
  readonly writeCheckpoint: boolean;
}

const nanoDigits = 9;

/** Nano-units as a decimal number, exact. */
const toDecimal = (nano: bigint): string => {
  const digits = String(nano < 0n ? -nano : nano).padStart(nanoDigits + 1, '0');
  return `${nano < 0n ? '-' : ''}${digits.slice(0, -nanoDigits)}.${digits.slice(-nanoDigits)}`;
};

const toSums = ({ requests, inputTokens, outputTokens, amountNano, chargeNano }: BilledUsage): string =>
  `${requests} requests, ${inputTokens} tokens in, ${outputTokens} out, amount ${toDecimal(amountNano)}, charge ${toDecimal(chargeNano)}`;

const toRowLine = ({ org, month, rebuilt, ledger, equal }: RebuiltRow): string =>
  `${month}  ${org}  ${toSums(rebuilt)}${equal ? '' : `; THE LEDGER HAS ${toSums(ledger)}`}`;

const toCheckpointLine = (state: CheckpointState): string => {
  if (state.outcome === 'none')
    return `Checkpoint: ${state.why}. Who needs one reads the ledger from its start.`;
  const { sequence, wrong, written } = state;
  const judgement =
    wrong.length === 0 ? 'right' : `WRONG in ${wrong.length} counters: ${wrong.slice(0, 5).join(', ')}`;
  return `Checkpoint at LEDGER ${sequence}: ${judgement}${written ? '; written anew' : ''}`;
};

/** Reads LEDGER to its end as it is now. Returns the USAGE sequence that it covers. `totalsTo`: ledger sequence. */
const readLedger = async (
  access: LedgerAccess,
  rebuild: Pick<ReturnType<typeof createRebuild>, 'takeLedger'>,
  { totals, totalsTo }: { readonly totals: Totals; readonly totalsTo: number },
): Promise<number> => {
  const { last } = await access.ledger.info();
  let covered = 0;
  for (let next = 1; next <= last; ) {
    const messages = await readLog(access.ledger, next);
    for (const message of messages) {
      if (message.sequence > last) return covered;
      rebuild.takeLedger(message);
      const read = readLedgerMessage(message.subject, message.data);
      if (read.kind === 'commit') covered = read.commit.to;
      if (read.kind === 'record' && message.sequence <= totalsTo) totals.add(chargesOf(read.event.data));
    }
    next = (messages.at(-1)?.sequence ?? last) + 1;
  }
  return covered;
};

const readUsage = async (
  access: LedgerAccess,
  rebuild: Pick<ReturnType<typeof createRebuild>, 'takeUsage'>,
  covered: number,
): Promise<void> => {
  for (let next = 1; next <= covered; ) {
    const messages = await readLog(access.usage, next);
    for (const message of messages) if (message.sequence <= covered) rebuild.takeUsage(message);
    next = (messages.at(-1)?.sequence ?? covered) + 1;
  }
};

const toJson = (report: RebuildReport, checkpoint: CheckpointState): string =>
  JSON.stringify({ ...report, checkpoint }, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );

const toText = ({ rows, unrecorded, expired }: RebuildReport, checkpoint: CheckpointState): string =>
  [
    ...rows.map(toRowLine),
    `${unrecorded} attempts have no record of their latest account.`,
    `${expired} attempts are no longer in USAGE, and were taken from the ledger.`,
    toCheckpointLine(checkpoint),
  ].join('\n');

/** It holds when what USAGE says in the end is what the ledger's deltas add up to, and the checkpoint with it. */
export const rebuildLedger = async (access: LedgerAccess, request: RebuildRequest): Promise<LedgerAnswer> => {
  const found = await findCheckpoint(access);
  const rebuild = createRebuild();
  const totals = createTotals();
  const totalsTo = typeof found === 'string' ? 0 : found.checkpoint.sequence;
  const covered = await readLedger(access, rebuild, { totals, totalsTo });
  await readUsage(access, rebuild, covered);
  const report = rebuild.report();
  const writes = request.writeCheckpoint;
  const checkpoint = await checkCheckpoint(access, found, { totals, writes, now: Date.now() });
  const isEqual = report.rows.every(({ equal }) => equal) && report.unrecorded === 0;
  return {
    text: (request.json ? toJson : toText)(report, checkpoint),
    holds: isEqual && isRight(checkpoint),
  };
};
