import {
  createVerifier,
  type Finding,
  type InvariantReport,
  type SinkTotals,
  type VerifierOptions,
  type VerifyReport,
} from '@weir/ledger';
import { findCheckpoint, type LedgerAccess, type LedgerAnswer, sha256 } from './ledger-access.ts';
import { LedgerFeed } from './ledger-feed.ts';
import { readStore } from './ledger-store.ts';

const stateTexts = { ok: 'ok', failed: 'FAILED', warning: 'warning', not_checked: 'not checked' } as const;
const stateWidth = 'not checked'.length;

const toLine = ({ invariant, promise, state, note, found }: InvariantReport): string => {
  const count = found > 0 ? ` (${found})` : '';
  const why = note === undefined ? '' : `; ${note}`;
  return `${invariant}  ${stateTexts[state].padEnd(stateWidth)}  ${promise}${count}${why}`;
};

const toFindingLine = ({ invariant, where, what, expected, found }: Finding): string =>
  `  ${invariant} ${where}: ${what}; expected ${expected}, found ${found}`;

export interface VerifyRequest {
  readonly json: boolean;
  readonly graceMs: number;
  readonly sinceCheckpoint: boolean;
  /** What sinks hold; read before. */
  readonly sinks?: readonly SinkTotals[];
  /** What providers say that they counted. */
  readonly providers?: VerifierOptions['providers'];
  /** Milliseconds since the epoch; the clock's unless given. */
  readonly now?: () => number;
}

/** The report for people. */
const toVerifyLines = (report: VerifyReport): string[] => [
  `LEDGER up to ${report.sequence}: ${report.units} units, ${report.records} records of ${report.attempts} attempts, hash ${report.hash}`,
  `USAGE up to ${report.covered}, ${report.uncovered} messages not in the ledger yet, ${report.openIntents} attempts under way`,
  ...report.invariants.map(toLine),
  ...report.invariants.flatMap(({ findings, found }) => [
    ...findings.map(toFindingLine),
    ...(found > findings.length ? [`  … and ${found - findings.length} more`] : []),
  ]),
];

export const verifyLedger = async (access: LedgerAccess, request: VerifyRequest): Promise<LedgerAnswer> => {
  const checkpoint = request.sinceCheckpoint ? await findCheckpoint(access) : undefined;
  if (typeof checkpoint === 'string') throw new Error(`--since-checkpoint: ${checkpoint}`);
  const { epoch, first } = await access.usage.info();
  const ledger = await access.ledger.info();
  const verifier = createVerifier({
    sha256,
    usage: { epoch, first },
    ledger: { epoch: ledger.epoch },
    sinks: request.sinks ?? [],
    ...(request.providers === undefined ? {} : { providers: request.providers }),
    ...(checkpoint ? { start: { sequence: checkpoint.checkpoint.sequence, commit: checkpoint.commit } } : {}),
  });
  const now = request.now ?? Date.now;
  const feed = new LedgerFeed(access, verifier);
  await feed.readToEnd();
  const store = checkpoint ? undefined : await readStore(access.bus, verifier, { feed, now: now() });
  await feed.finish();
  const report = verifier.report({
    now: now(),
    graceMs: request.graceMs,
    ...(store === undefined ? {} : { store }),
  });
  const text = request.json ? JSON.stringify(report) : toVerifyLines(report).join('\n');
  return { text, holds: report.holds };
};
