import type { TargetLoad } from '@weir/contracts';
import { FirstByteTime } from './first-byte-time.ts';
import { PrefillRate } from './prefill-rate.ts';

/** What one attempt tells of the pace of its target. */
export interface PaceTicket {
  /** The request goes out. */
  called(now: number): void;
  /** The first byte of the answer came. */
  firstByte(answer: { readonly succeeded: boolean }, now: number): void;
  /** The attempt is over. Idempotent, as are the others. */
  end(now: number): void;
}

/** How fast targets are, as attempts show it. A machine: times are passed in, milliseconds. */
export interface TargetPaces {
  take(input: {
    readonly pool: string;
    readonly target: string;
    /** Input tokens that the target is expected to read. */
    readonly tokens: number;
    /** The first byte comes when the prompt is read, and not when the whole answer is written. */
    readonly answersAtOnce: boolean;
  }): PaceTicket;
  of(pool: string, target: string, now: number): Pick<TargetLoad, 'prefillTokensPerSecond' | 'firstByteMs'>;
}

interface Pace {
  readonly rate: PrefillRate;
  /** Of answers that come bit by bit, and of those that come as a whole: no mean of the two says anything. */
  readonly streams: FirstByteTime;
  readonly others: FirstByteTime;
}

const createTicket = (rate: PrefillRate | undefined, times: FirstByteTime, tokens: number): PaceTicket => {
  let calledAt: number | undefined;
  let isWaiting = false;
  const settle = (succeeded: boolean, now: number): void => {
    if (!isWaiting || calledAt === undefined) return;
    isWaiting = false;
    if (succeeded) {
      times.succeed(now - calledAt, now);
      rate?.read(tokens, now);
    } else {
      times.leave(now);
      rate?.leave(now);
    }
  };
  return {
    called: (now) => {
      if (calledAt !== undefined) return;
      calledAt = now;
      isWaiting = true;
      times.begin(now);
      rate?.begin(now);
    },
    firstByte: ({ succeeded }, now) => settle(succeeded, now),
    end: (now) => settle(false, now),
  };
};

export const createTargetPaces = (): TargetPaces => {
  const paces = new Map<string, Pace>();
  const paceOf = (pool: string, target: string): Pace => {
    const key = `${pool}/${target}`;
    const known = paces.get(key);
    if (known) return known;
    const pace = { rate: new PrefillRate(), streams: new FirstByteTime(), others: new FirstByteTime() };
    paces.set(key, pace);
    return pace;
  };
  return {
    take: ({ pool, target, tokens, answersAtOnce }) => {
      const { rate, streams, others } = paceOf(pool, target);
      return answersAtOnce ? createTicket(rate, streams, tokens) : createTicket(undefined, others, tokens);
    },
    of: (pool, target, now) => {
      const pace = paces.get(`${pool}/${target}`);
      const prefillTokensPerSecond = pace?.rate.at(now);
      const firstByteMs = pace?.streams.at(now) ?? pace?.others.at(now);
      return {
        ...(prefillTokensPerSecond === undefined ? {} : { prefillTokensPerSecond }),
        ...(firstByteMs === undefined ? {} : { firstByteMs }),
      };
    },
  };
};
