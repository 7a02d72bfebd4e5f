/** Numbers that both ends of a reply stream agree on. */
export const replySettings = {
  /** Bytes and data frames that an adapter may send before the ingress grants more. */
  creditBytes: 256 * 1024,
  creditFrames: 64,
  /** Data that arrives within this time after a packet went out shares the next packet. */
  coalesceMs: 5,
  /** An `accepted` frame waits this long for company: most short answers then are one packet. */
  acceptDelayMs: 10,
  /** After this much silence the adapter sends a ping. */
  pingMs: 5_000,
  /** So long after its reconnect an adapter pings every stream; the ingresses have reconnected by then. */
  reconnectPingMs: 1_200,
  /** After this much silence the other end counts as dead. */
  silenceMs: 15_000,
  /** An ingress tells each adapter that works for it that it lives. */
  keepAliveMs: 1_000,
  /** How often a packet names a reply subject, so that a missing ingress is noticed. */
  probeMs: 1_000,
} as const;
