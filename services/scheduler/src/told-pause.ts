import type { Bus } from '@weir/messaging';
import type { Delays } from './delays.ts';
import { queuedPacket } from './queued-packet.ts';

export interface ToldPause {
  readonly delayMs: number;
  /** Where the ingress hears of the request. */
  readonly replyTo: string;
  readonly run: () => void;
  /** Too much waits by now. */
  readonly refused: () => void;
  /** Keeps alive what policy holds for the request: a long pause outlives it. */
  readonly keepHold: () => void;
}

const beatMs = 1_000;
/** Half of what the ingress waits for any word. */
const unnoticedMs = 500;
/** A hold lives for 20 s at least. */
const keepHoldEachMs = 10_000;
const stillThere = queuedPacket({});

/**
 * Waits, and says so each second: the ingress takes long silence for a lost envelope. Returns false, and does nothing,
 * when too much waits already.
 */
export const pauseTold = (
  delays: Pick<Delays, 'add'>,
  bus: Pick<Bus, 'publish'>,
  pause: ToldPause,
): boolean => {
  const { delayMs, replyTo, run, refused } = pause;
  const stepMs = Math.min(delayMs, beatMs);
  const leftMs = delayMs - stepMs;
  const isAdded = delays.add(stepMs, () => {
    if (delayMs <= stepMs) run();
    else if (!pauseTold(delays, bus, { ...pause, delayMs: leftMs })) refused();
  });
  if (isAdded && delayMs > unnoticedMs) bus.publish(replyTo, stillThere);
  if (isAdded && Math.floor(delayMs / keepHoldEachMs) > Math.floor(leftMs / keepHoldEachMs)) pause.keepHold();
  return isAdded;
};
