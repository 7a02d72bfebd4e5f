/** Where and how an answer goes wrong. Event counts are of whole events of the stream, from its first. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds: number }
  | { readonly kind: 'html-500' | 'reset-before' | 'stall-before' | 'no-usage' | 'wrong-content-type' }
  | { readonly kind: 'slow-start'; readonly delayMs: number }
  | CutFault;

/** Faults inside an answer that has begun. */
export interface CutFault {
  readonly kind: 'reset-after' | 'stall-after' | 'truncate' | 'error-event' | 'malformed-json';
  /** Events that pass before it; of `malformed-json` the number of the broken one, from 1. */
  readonly events: number;
}

export type ParsedFault =
  | { readonly outcome: 'parsed'; readonly fault: Fault }
  | { readonly outcome: 'unknown'; readonly problem: string };

/** A fault that strikes without being asked for by a header. */
export interface FaultRule {
  /** As in the header: `<name>[:<arg>]`. */
  readonly name: string;
  readonly fault: Fault;
  /** Share of the calls, 0 to 1. */
  readonly rate: number;
  /** Calls that it may still strike. Absent means no end. */
  readonly count?: number;
}

const cutKinds = ['reset-after', 'stall-after', 'truncate', 'error-event', 'malformed-json'] as const;
const plainKinds = ['html-500', 'reset-before', 'stall-before', 'no-usage', 'wrong-content-type'] as const;

const maxArgument = 86_400_000;

const readArgument = (text: string | undefined, fallback: number): number | undefined => {
  if (text === undefined) return fallback;
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), maxArgument) : undefined;
};

/** Reads `<name>[:<arg>]`, a status code among the names. */
export const parseFault = (text: string): ParsedFault => {
  const [name = '', argumentText] = text.trim().split(':', 2);
  const argument = readArgument(argumentText, 1);
  if (argument === undefined) return { outcome: 'unknown', problem: `not a number: ${argumentText}` };
  if (/^[45]\d\d$/.test(name)) {
    return {
      outcome: 'parsed',
      fault: { kind: 'status', status: Number(name), retryAfterSeconds: argument },
    };
  }
  if (name === 'slow-start') return { outcome: 'parsed', fault: { kind: name, delayMs: argument } };
  if (name === 'first-event-error') return { outcome: 'parsed', fault: { kind: 'error-event', events: 0 } };
  const plain = plainKinds.find((kind) => kind === name);
  if (plain !== undefined) return { outcome: 'parsed', fault: { kind: plain } };
  const cut = cutKinds.find((kind) => kind === name);
  if (cut !== undefined) return { outcome: 'parsed', fault: { kind: cut, events: argument } };
  return { outcome: 'unknown', problem: `no such fault: ${name}` };
};
