/** What goes wrong, and when. Workers and schedulers are named by position. */
export type Fault =
  /** Worker and adapter end: the bus says so to who sends there next. */
  | { readonly kind: 'kill'; readonly worker: number; readonly atMs: number }
  /** Worker and adapter stand still, their connections open. */
  | { readonly kind: 'hang'; readonly worker: number; readonly atMs: number }
  /** The engine stands still; the adapter beside it goes on to report. */
  | { readonly kind: 'stall'; readonly worker: number; readonly atMs: number }
  | { readonly kind: 'slow'; readonly worker: number; readonly atMs: number; readonly speed: number }
  /** It serves and says nothing. */
  | { readonly kind: 'mute'; readonly worker: number; readonly atMs: number; readonly forMs: number }
  /** Its adapter goes on to report what it did at that moment. */
  | { readonly kind: 'freeze'; readonly worker: number; readonly atMs: number }
  /** It serves what it has and says so, and nothing that is sent to it arrives. */
  | { readonly kind: 'deaf'; readonly worker: number; readonly atMs: number; readonly forMs: number }
  /** Another one takes its place after a while. */
  | { readonly kind: 'kill-scheduler'; readonly scheduler: number; readonly atMs: number };
