import { type Engine, engineNames, engines, wantedNames } from './engine-names.ts';
import { readSamples, type Sample } from './exposition.ts';

/** What an engine says of its load. What is absent is not known. */
export interface EngineLoad {
  readonly engine: Engine;
  /** Requests that are being computed, over all models and replicas behind the address. */
  readonly running?: number;
  /** Requests that wait for that. */
  readonly waiting?: number;
  /** Share of the KV cache in use, 0 to 1, where it is fullest. */
  readonly kvUsage?: number;
}

export type EngineReading =
  | { readonly outcome: 'read'; readonly load: EngineLoad }
  /** None of the names is there: another server, or one that was started without metrics. */
  | { readonly outcome: 'unknown' };

/** Ranks of one replica work on the same requests: SGLang shows all of them with `--enable-metrics-for-all-schedulers`. */
const rankLabels: ReadonlySet<string> = new Set(['tp_rank', 'pp_rank', 'moe_ep_rank']);

/** SGLang tells each priority apart beside the total, which has an empty one. */
const isPart = ({ labels }: Sample): boolean => (labels.get('priority') ?? '') !== '';

const replicaOf = ({ labels }: Sample): string =>
  JSON.stringify([...labels].filter(([name]) => !rankLabels.has(name)).toSorted());

const samplesOf = (names: readonly string[], samples: readonly Sample[]): readonly Sample[] => {
  for (const name of names) {
    const found = samples.filter((sample) => sample.name === name && !isPart(sample));
    if (found.length > 0) return found;
  }
  return [];
};

/** One part that is not known leaves the whole unknown. */
const isKnown = (samples: readonly Sample[]): boolean =>
  samples.length > 0 && samples.every(({ value }) => Number.isFinite(value) && value >= 0);

/** Undefined when it is not known. */
const countOf = (names: readonly string[], samples: readonly Sample[]): number | undefined => {
  const found = samplesOf(names, samples);
  if (!isKnown(found)) return undefined;
  const replicas = new Map<string, number>();
  for (const sample of found) {
    const replica = replicaOf(sample);
    replicas.set(replica, Math.max(sample.value, replicas.get(replica) ?? 0));
  }
  const sum = [...replicas.values()].reduce((total, value) => total + value, 0);
  return Math.min(Math.round(sum), Number.MAX_SAFE_INTEGER);
};

/** A request may come to any replica, so the fullest one counts. Undefined when it is not known. */
const shareOf = (names: readonly string[], samples: readonly Sample[]): number | undefined => {
  const found = samplesOf(names, samples);
  return isKnown(found) ? Math.min(Math.max(...found.map(({ value }) => value)), 1) : undefined;
};

/** Reads the load of an engine off its metrics, and tells by their names which engine it is. Never throws. */
export const readEngineLoad = (text: string): EngineReading => {
  const samples = readSamples(text, wantedNames);
  for (const engine of engines) {
    const names = engineNames[engine];
    const running = countOf(names.running, samples);
    const waiting = countOf(names.waiting, samples);
    const kvUsage = shareOf(names.kvUsage, samples);
    if (running === undefined && waiting === undefined && kvUsage === undefined) continue;
    const load: EngineLoad = {
      engine,
      ...(running === undefined ? {} : { running }),
      ...(waiting === undefined ? {} : { waiting }),
      ...(kvUsage === undefined ? {} : { kvUsage }),
    };
    return { outcome: 'read', load };
  }
  return { outcome: 'unknown' };
};
