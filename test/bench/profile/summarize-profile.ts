/** What is used of https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface FunctionTime {
  readonly name: string;
  readonly selfMicros: number;
}

export interface ProfileSummary {
  readonly totalMicros: number;
  readonly idleMicros: number;
  /** The longest first, without idle time. */
  readonly functions: readonly FunctionTime[];
}

const idleName = '(idle)';

const shortPlace = (url: string): string =>
  url.startsWith('node:') ? url : url.split('/').slice(-3).join('/');

const nameOf = ({ callFrame }: CpuProfile['nodes'][number]): string => {
  const functionName = callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName;
  return callFrame.url === ''
    ? functionName
    : `${functionName} ${shortPlace(callFrame.url)}:${callFrame.lineNumber + 1}`;
};

/** Self time of each function over the whole profile. */
export const summarizeProfile = (profile: CpuProfile): ProfileSummary => {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
  const selfMicros = new Map<string, number>();
  let totalMicros = 0;
  for (const [index, nodeId] of profile.samples.entries()) {
    const name = names.get(nodeId) ?? '(unknown)';
    const micros = profile.timeDeltas[index] ?? 0;
    selfMicros.set(name, (selfMicros.get(name) ?? 0) + micros);
    totalMicros += micros;
  }
  const idleMicros = selfMicros.get(idleName) ?? 0;
  selfMicros.delete(idleName);
  const functions = [...selfMicros]
    .map(([name, micros]) => ({ name, selfMicros: micros }))
    .toSorted((left, right) => right.selfMicros - left.selfMicros);
  return { totalMicros, idleMicros, functions };
};

/** Lines for people: idle share, then self time as a share of the time that was not idle. */
export const renderProfile = (summary: ProfileSummary, longest: number): string => {
  const busyMicros = Math.max(1, summary.totalMicros - summary.idleMicros);
  const idleShare = (100 * summary.idleMicros) / Math.max(1, summary.totalMicros);
  const lines = summary.functions
    .slice(0, longest)
    .map(
      ({ name, selfMicros }) =>
        `${((100 * selfMicros) / busyMicros).toFixed(1).padStart(5)} %  ${(selfMicros / 1000).toFixed(0).padStart(6)} ms  ${name}`,
    );
  return [`idle ${idleShare.toFixed(1)} % of ${(summary.totalMicros / 1e6).toFixed(1)} s`, ...lines].join(
    '\n',
  );
};
