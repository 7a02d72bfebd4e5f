import type { LedgerCommit, RatedEvent } from '@weir/contracts';

/** A record, as it is or will be stored. */
export interface LedgerRecord {
  readonly event: RatedEvent;
  readonly payload: Uint8Array;
  /** Ledger sequence where it is stored already: the rest of its unit got lost with the server. */
  readonly sequence?: number;
}

/** What became of one event. */
export type AppliedEvent =
  | { readonly outcome: 'opened' }
  | { readonly outcome: 'recorded'; readonly record: RatedEvent }
  | {
      readonly outcome: 'duplicate';
      readonly type: 'started' | 'final';
      /** Id of an event that was sent twice and does not say the same. */
      readonly conflict?: string;
    }
  | { readonly outcome: 'poison'; readonly problem: string };

/** What cannot be read, on its way to the dead letters. */
export interface PoisonMessage {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** Some whole USAGE messages, accounted for. */
export interface LedgerUnit {
  readonly records: readonly LedgerRecord[];
  readonly commit: LedgerCommit;
  readonly applied: readonly AppliedEvent[];
  readonly poison: readonly PoisonMessage[];
}
