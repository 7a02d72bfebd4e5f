import type { LogMessage, LogReader } from '@weir/messaging';

export type ReadableLog = Pick<LogReader, 'read' | 'info'>;

/** Reads on until the signal is aborted, and then throws its reason: a long log is not read to its end for nothing. */
export const untilAborted = (log: ReadableLog, signal: AbortSignal): ReadableLog => ({
  info: () => log.info(),
  read: async (request) => {
    signal.throwIfAborted();
    return log.read(request);
  },
});

/** Throws when a message is missing: nothing may be left out, and a replica that lags has it later. */
export const assertNoGap = (messages: readonly LogMessage[], from: number): void => {
  messages.forEach(({ sequence }, index) => {
    if (sequence === from + index) return;
    throw new Error(`messages are missing: expected ${from + index}, found ${sequence}`);
  });
};

/** The messages from `from` up to and with `to`, in batches. Throws when the log does not answer, or not with all of them. */
export async function* readRange(
  log: ReadableLog,
  from: number,
  to: number,
): AsyncGenerator<readonly LogMessage[]> {
  let next = from;
  while (next <= to) {
    const read = await log.read({ from: next });
    if (read.outcome === 'away') throw new Error(read.why);
    const messages = read.messages.filter(({ sequence }) => sequence <= to);
    if (messages.length === 0) throw new Error(`messages are missing: found none from ${next} to ${to}`);
    assertNoGap(messages, next);
    yield messages;
    next += messages.length;
  }
}
