import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly requests: number;
  readonly keys: number;
  /** Requests between two samples of memory. */
  readonly every: number;
  readonly connections: number;
  /** The load ends after this time, however much was sent. */
  readonly minutes: number;
  /** Where the report goes, relative to the working directory; undefined: to the terminal alone. */
  readonly reportFile: string | undefined;
  /** YYYY-MM-DD, as the report says it. */
  readonly date: string;
}

const readCount = (name: string, text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} is a whole number from 1, not "${text}"`);
  return Number(text);
};

/** `today` is the date when none is given. */
export const readSoakOptions = (given: readonly string[], today: string): SoakOptions => {
  const { values } = parseArgs({
    args: [...given],
    options: {
      requests: { type: 'string', default: '300000' },
      keys: { type: 'string', default: '10000' },
      every: { type: 'string', default: '10000' },
      connections: { type: 'string', default: '32' },
      minutes: { type: 'string', default: '8' },
      report: { type: 'string' },
      date: { type: 'string', default: today },
    },
  });
  return {
    requests: readCount('requests', values.requests),
    keys: readCount('keys', values.keys),
    every: readCount('every', values.every),
    connections: readCount('connections', values.connections),
    minutes: readCount('minutes', values.minutes),
    reportFile: values.report,
    date: values.date,
  };
};
