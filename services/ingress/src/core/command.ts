import type { HeadFrame, UsageFrame, WireError } from '@weir/contracts';
import type { Candidate } from '@weir/messaging/reply';

/** What the shell has to do next. */
export type Command =
  | { readonly do: 'submit'; readonly submission: number }
  | { readonly do: 'cancel'; readonly candidate: Candidate }
  /** The scheduler need not keep it any longer. */
  | { readonly do: 'leave-queue'; readonly scheduler: string }
  | { readonly do: 'head'; readonly head: HeadFrame; readonly candidate: Candidate | undefined }
  | { readonly do: 'data'; readonly bytes: Uint8Array }
  | { readonly do: 'usage'; readonly usage: UsageFrame }
  /** Tell the adapter how much the client has taken in total. */
  | { readonly do: 'grant'; readonly candidate: Candidate; readonly consumed: Consumed }
  | { readonly do: 'end' }
  | { readonly do: 'fail'; readonly error: WireError }
  /** No attempt has begun and none will: policy need not hold anything for the request. */
  | { readonly do: 'release' }
  /** Forget the request: nothing more can come. */
  | { readonly do: 'close' };

export interface Consumed {
  readonly bytes: number;
  readonly frames: number;
}
