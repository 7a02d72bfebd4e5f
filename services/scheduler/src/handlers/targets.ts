import type { TargetStatus, TargetsAnswer, TargetsQuestion, WeirConfig } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import { explainTarget } from '../core/health/explain-target.ts';
import type { HealthBoard } from '../core/health/health-board.ts';
import type { PoolView } from '../core/pool-view.ts';

export interface TargetsDependencies {
  /** Our own instance. */
  readonly self: string;
  readonly config: () => WeirConfig | undefined;
  readonly pools: Pick<PoolView, 'view'>;
  readonly health: Pick<HealthBoard, 'verdict' | 'details'>;
  readonly now: () => number;
}

/** An answer has to fit a message of 1 MB, with 32 adapters for each target. */
const mostTargets = 150;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const readQuestion = (data: Uint8Array): TargetsQuestion => {
  try {
    const { upstream } = JSON.parse(decoder.decode(data)) as { readonly upstream?: unknown };
    return typeof upstream === 'string' ? { upstream } : {};
  } catch {
    return {};
  }
};

const explainUpstream = (
  { config, pools, health, now }: TargetsDependencies,
  upstream: string,
): readonly TargetStatus[] => {
  const at = now();
  const known = config()?.upstreams[upstream];
  if (!known) return [];
  const places = pools.view(upstream, at);
  const details = health.details(upstream, at);
  return known.targets.map((target) =>
    explainTarget({
      upstream,
      config: known,
      target,
      places: places.filter((place) => place.target === target.name),
      verdictOf: (place) => health.verdict(upstream, place, at),
      details: new Map(
        details.flatMap((detail) =>
          detail.place.target === target.name ? [[detail.place.instance, detail]] : [],
        ),
      ),
      now: at,
    }),
  );
};

/** `weir.v1.targets`: how this scheduler sees the targets, and why it chooses them or not. */
export const createTargets =
  (dependencies: TargetsDependencies) =>
  (message: Pick<BusMessage, 'data' | 'respond'>): void => {
    const { upstream } = readQuestion(message.data);
    const names = Object.keys(dependencies.config()?.upstreams ?? {});
    const wanted = upstream === undefined ? names : names.filter((name) => name === upstream);
    const all = wanted.flatMap((name) => explainUpstream(dependencies, name));
    const targets = all.slice(0, mostTargets);
    const answer: TargetsAnswer = {
      scheduler: dependencies.self,
      targets,
      complete: targets.length === all.length,
    };
    message.respond(encoder.encode(JSON.stringify(answer)));
  };
