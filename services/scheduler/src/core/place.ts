import type { EngineReport, TargetLoad, TargetQuota } from '@weir/contracts';

/** What one adapter instance runs over all its targets and pools. */
export interface Host {
  running: number;
  /** When it was first heard of, milliseconds since the epoch. Undefined: it was there before us. */
  readonly newSince?: number;
  /** It shares our process: what it is sent, and what it answers to an ingress there, need not cross the bus. */
  readonly isNearby?: true;
}

/** A target as one adapter instance reaches it, with what is known of its load. */
export interface Place {
  readonly instance: string;
  readonly target: string;
  /** Input tokens without a first byte yet: reported, plus reserved since. */
  readonly pendingTokens: number;
  /** Attempts under way: reported, plus reserved since. */
  readonly running: number;
  readonly host: Readonly<Host>;
  /** Attempts that the host runs at once at most. */
  readonly capacity: number;
  /** False while the instance drains: its load counts, but it takes nothing new. */
  readonly isOpen: boolean;
  /** Input tokens per second. Undefined until it was seen. */
  readonly prefillTokensPerSecond: number | undefined;
  /** Undefined while it is not known. */
  readonly engine?: EngineReport | undefined;
  /** Time to the first byte of a successful answer, milliseconds. Undefined until it was seen. */
  readonly firstByteMs?: number | undefined;
  /** What the provider last told this instance of its limits. Undefined: nothing. */
  readonly quota?: TargetQuota | undefined;
}

/** A place whose numbers are kept up to date in one spot, so that looking at a pool costs no copies. */
export interface LivePlace extends Place {
  pendingTokens: number;
  running: number;
  capacity: number;
  isOpen: boolean;
  prefillTokensPerSecond: number | undefined;
  engine?: EngineReport | undefined;
  firstByteMs: number | undefined;
  quota: TargetQuota | undefined;
}

export const hasRoom = ({ isOpen, host, capacity }: Place): boolean => isOpen && host.running < capacity;

export const createPlace = (instance: string, target: string, host: Host): LivePlace => ({
  instance,
  target,
  host,
  pendingTokens: 0,
  running: 0,
  capacity: 0,
  isOpen: false,
  prefillTokensPerSecond: undefined,
  firstByteMs: undefined,
  quota: undefined,
});

/** Takes over what a report says. Reservations are added on top by the caller. */
export const setReported = (place: LivePlace, load: TargetLoad, isOpen: boolean): void => {
  place.pendingTokens = load.pendingTokens;
  place.running = load.running;
  place.capacity = load.capacity;
  place.isOpen = isOpen;
  place.prefillTokensPerSecond = load.prefillTokensPerSecond;
  place.engine = load.engine;
  place.firstByteMs = load.firstByteMs;
  place.quota = load.quota;
};
