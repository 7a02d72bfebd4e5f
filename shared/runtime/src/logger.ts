import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

const secretFields = ['authorization', 'x-api-key', 'credential'];
/** Where a record may hold one. Named, because wildcards make a line cost three times as much. */
const holders = ['', 'headers', 'request.headers', 'client.headers', 'upstream', 'target'];
const secretPaths = holders.flatMap((holder) => secretFields.map((field) => `${holder}["${field}"]`));

const minWriteBytes = 4_096;
const flushIntervalMs = 200;
/** Beyond this, lines are dropped: a stuck reader of the log must not take the service's memory. */
const maxBufferedBytes = 8 * 1_024 * 1_024;

/** One for the process: two would write into each other's lines. */
let stdout: DestinationStream | undefined;

/** Writes off the event loop in pages; a quiet service still shows a line within `flushIntervalMs`. */
export const openStdout = (): DestinationStream => {
  stdout ??= pino.destination({
    dest: 1,
    sync: false,
    minLength: minWriteBytes,
    maxLength: maxBufferedBytes,
    periodicFlush: flushIntervalMs,
  });
  return stdout;
};

export const createLogger = (input: {
  service: string;
  instance: string;
  level: string;
  destination: DestinationStream;
}): Logger =>
  pino(
    {
      level: input.level,
      base: { service: input.service, instance: input.instance },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    input.destination,
  );

/** Resolves when everything logged so far has been handed to the kernel, or could not be. */
export const flushLogger = (logger: Logger): Promise<void> =>
  new Promise((resolve) => {
    logger.flush(() => resolve());
  });
