import type { LoadTarget } from '../load/jobs.ts';
import type { NamedProcess } from '../process/process-stats.ts';
import { type ProfileRequest, profileEnvironment } from '../profile/profile-environment.ts';

/** A competitor that runs. */
export interface RunningCompetitor {
  readonly target: LoadTarget;
  /** Its processes; none for the direct way. */
  readonly processes: readonly NamedProcess[];
  /** What a reader must know to read its numbers. */
  readonly notes: readonly string[];
  /**
   * Resolves when all work that the answered requests left behind is done, with how long that took in milliseconds;
   * Infinity when there was no end of it. Absent: an answered request leaves nothing behind.
   */
  readonly settle?: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

export interface StartSettings {
  readonly upstreamPort: number;
  readonly profile: ProfileRequest | undefined;
}

export interface Competitor {
  readonly name: string;
  /** Measured only when it is asked for by name. Absent: always. */
  readonly onlyOnRequest?: boolean;
  readonly start: (settings: StartSettings) => Promise<RunningCompetitor>;
}

export const chatPath = '/v1/chat/completions';

/** The environment of a competitor that is one process, which runs `script`. */
export const environmentOf = (role: string, script: string, settings: StartSettings): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_ENV: 'production',
  ...(settings.profile?.role === role ? profileEnvironment(settings.profile.folder, script) : {}),
});
