import type { CutFault, Fault } from './fault.ts';

export type Cut = 'reset' | 'stall' | 'end' | 'fail';

export type Passage =
  | { readonly outcome: 'passed'; readonly text: string }
  | { readonly outcome: 'cut'; readonly how: Cut };

/** Lets the events of one stream through until the fault strikes. */
export interface FaultGate {
  /** `isClosing` marks the events behind the last token: a truncated stream never has them. */
  pass(event: string, isClosing: boolean): Passage;
}

const cuts: Record<Exclude<CutFault['kind'], 'malformed-json'>, Cut> = {
  'reset-after': 'reset',
  'stall-after': 'stall',
  truncate: 'end',
  'error-event': 'fail',
};

/** The event stays framed; only its JSON loses the end. */
const breakJson = (event: string): string =>
  `${event.slice(0, Math.max(7, Math.floor(event.length * 0.7)))}\n\n`;

export const isCutFault = (fault: Fault | undefined): fault is CutFault =>
  fault !== undefined && 'events' in fault;

export const createFaultGate = (fault: CutFault): FaultGate => {
  let passed = 0;
  return {
    pass(event, isClosing) {
      if (fault.kind === 'malformed-json') {
        passed += 1;
        return { outcome: 'passed', text: passed === fault.events ? breakJson(event) : event };
      }
      const strikes = passed >= fault.events || (isClosing && fault.kind === 'truncate');
      if (strikes) return { outcome: 'cut', how: cuts[fault.kind] };
      passed += 1;
      return { outcome: 'passed', text: event };
    },
  };
};
