import type { Counted } from './count-while.ts';
import type { Summary } from './summarize.ts';

export interface ScenarioInput {
  readonly seed: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface Row {
  readonly name: string;
  readonly summary: Summary;
  /** Of the run that it is a part of. */
  readonly counted: Counted;
}

/** A figure that a scenario is about, and what it should be at most. */
export interface Finding {
  readonly what: string;
  readonly figure: number;
  readonly atMost: number | undefined;
}

export interface ScenarioResult {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
}
