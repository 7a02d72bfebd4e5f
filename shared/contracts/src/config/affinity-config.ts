/** What keeps the requests of one session at one target, for the strategy `session`. At most one of `header` and `cookie`. */
export interface AffinityConfig {
  /** Lower-case name of the client header that names the session. */
  readonly header?: string;
  /** Name of the cookie that does. Neither: the caller's key is the session. */
  readonly cookie?: string;
  /** Clients without the cookie are given one, by the answer of the upstream. Absent means false. */
  readonly issueCookie?: boolean;
  /** How long a client keeps it, milliseconds. Absent: until it is closed. */
  readonly cookieMaxAgeMs?: number;
  /** The most that a request may lose by going to its session's target, against the best one, milliseconds. */
  readonly maxExtraCostMs: number;
}

/** Where a session is named: `header:<name>` or `cookie:<name>`. */
export type AffinitySource = `header:${string}` | `cookie:${string}`;

/** Undefined when the caller's key is the session. */
export const affinitySourceOf = ({ header, cookie }: AffinityConfig): AffinitySource | undefined => {
  if (header !== undefined) return `header:${header}`;
  return cookie === undefined ? undefined : `cookie:${cookie}`;
};
