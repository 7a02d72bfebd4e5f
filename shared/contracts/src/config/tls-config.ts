/** How the adapter checks an upstream with https targets, and shows who it is. For calls, health checks and metrics. */
export interface UpstreamTlsConfig {
  /** Name that is asked for (SNI) and that the certificate must have. Absent: the host of the target's URL. */
  readonly serverName?: string;
  /** Path of a PEM file of the adapter: who may sign certificates, in place of the authorities of the system. Absent: these. */
  readonly caFile?: string;
  /** False: any certificate will do, and whoever stands between reads everything. */
  readonly verify: boolean;
  /** Path of a PEM file of the adapter: the certificate to show, with those that lead to its authority. Absent: none. */
  readonly certFile?: string;
  /** Path of a PEM file of the adapter. Absent: the key is in `certFile`. */
  readonly keyFile?: string;
}
