import type { EngineLoad } from './read-engine-load.ts';

/** What engines said last, for as long as it holds. A machine: the clock is passed in, milliseconds since the epoch. */
export interface EngineBoard {
  note(target: string, load: EngineLoad, until: number): void;
  /** Undefined when nothing is known, or what is known is too old. */
  of(target: string, now: number): EngineLoad | undefined;
  /** Forgets every target but these. */
  keep(targets: ReadonlySet<string>): void;
}

export const createEngineBoard = (): EngineBoard => {
  const loads = new Map<string, { readonly load: EngineLoad; readonly until: number }>();
  return {
    note: (target, load, until) => {
      loads.set(target, { load, until });
    },
    of: (target, now) => {
      const known = loads.get(target);
      return known !== undefined && now < known.until ? known.load : undefined;
    },
    keep: (targets) => {
      for (const target of loads.keys()) if (!targets.has(target)) loads.delete(target);
    },
  };
};
