import type { Api, EnvelopeMeta, TargetQuota, Usage } from '@weir/contracts';
import type { EventReader } from '../core/stream-tap.ts';

/** What the headers of an answer say of the provider's limits. */
export type ToldQuota = Pick<TargetQuota, 'requests' | 'tokens'>;

/** How Weir speaks to one kind of upstream. Pure: everything it needs is passed in. */
export interface Provider {
  /** Headers that carry the credential. Empty when there is none. */
  credentialHeaders(credential: string | undefined): Readonly<Record<string, string>>;
  /** Client headers that always travel, lower-case. */
  readonly forwardHeaders: readonly string[];
  /** Headers sent unless the client sent its own. */
  readonly defaultHeaders: Readonly<Record<string, string>>;
  /** True when the body must be made to ask for usage. */
  asksUsage(meta: EnvelopeMeta): boolean;
  /** Reads the events of a streamed answer. `asked`: we made the upstream report usage, if the client did not. */
  createEventReader(meta: EnvelopeMeta, asked: boolean): EventReader;
  /** Usage out of the `usage` member of a JSON answer. */
  toUsage(value: unknown): Usage | undefined;
  /** The member of a request's body that caps the output, to be added where there is none. Undefined: no such API. */
  outputCapName(api: Api): string | undefined;
  /** The header in which the upstream names the request. */
  readonly requestIdHeader: string;
  /** Empty when the headers say nothing. `now`: milliseconds since the epoch. */
  toQuota(headers: Readonly<Record<string, string | string[] | undefined>>, now: number): ToldQuota;
}
