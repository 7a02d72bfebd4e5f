export interface Load {
  readonly connections: number;
  readonly stream: boolean;
}

/** How long and how often everything is measured. */
export interface BenchPlan {
  readonly rounds: number;
  readonly loads: readonly Load[];
  /** Of each competitor, before the first round. */
  readonly warmUpMs: number;
  /** Sent but not counted at the start of each step. */
  readonly rampMs: number;
  readonly stepMs: number;
  readonly streams: number;
  readonly streamRounds: number;
  readonly streamMs: number;
  /** Larger numbers of streams, tried in turn until one fails. */
  readonly streamLadder: readonly number[];
  readonly ladderMs: number;
}

/** About eight minutes for six competitors. */
export const fullPlan: BenchPlan = {
  rounds: 3,
  loads: [
    { connections: 1, stream: false },
    { connections: 16, stream: false },
    { connections: 64, stream: false },
    { connections: 1, stream: true },
    { connections: 16, stream: true },
  ],
  warmUpMs: 4_000,
  rampMs: 300,
  stepMs: 3_000,
  streams: 128,
  streamRounds: 2,
  streamMs: 6_000,
  streamLadder: [256, 512],
  ladderMs: 4_000,
};

/** About two minutes: shows that the bench works, not what the numbers are. */
export const quickPlan: BenchPlan = {
  ...fullPlan,
  rounds: 1,
  warmUpMs: 2_000,
  rampMs: 200,
  stepMs: 1_200,
  streamRounds: 1,
  streamMs: 3_000,
  streamLadder: [],
};

/** Throughput at 64 connections and nothing else: what the comparison of gateways hangs on. */
export const onlyBusy = (plan: BenchPlan): BenchPlan => ({
  ...plan,
  loads: [{ connections: 64, stream: false }],
  streamRounds: 0,
  streamLadder: [],
});

/** One busy stretch, for a CPU profile. */
export const profilePlan: BenchPlan = {
  ...fullPlan,
  rounds: 1,
  loads: [{ connections: 64, stream: false }],
  warmUpMs: 2_000,
  stepMs: 8_000,
  streamRounds: 0,
  streamLadder: [],
};
