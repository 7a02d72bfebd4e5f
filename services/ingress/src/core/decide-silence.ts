export interface Silence {
  /** Since the envelope was last submitted, or since the last beat. */
  readonly silentMs: number;
  /** Since it was submitted for the first time without a word since then. */
  readonly unheardMs: number;
  /** When silence begins to mean something, in a mesh that is not late. */
  readonly patienceMs: number;
  /** What counts as death, in a mesh that is not late. */
  readonly limitMs: number;
  /** By how much the mesh is late, as others see. */
  readonly lateMs: number;
  /** Takes one of the resubmissions that are left. */
  readonly mayResubmit: () => boolean;
}

export type SilenceVerdict = 'wait' | 'resubmit' | 'give-up';

/** In a mesh that is late by so much, a word that is twice as late as the others is missing. */
const lateFactor = 2;

/**
 * A lost envelope and a late one look the same from here. Others tell: while they wait for as long, and are heard in the
 * end, the mesh is late. Without a resubmission left, the first copy is all there is to wait for.
 */
export const decideSilence = (silence: Silence): SilenceVerdict => {
  const { silentMs, unheardMs, patienceMs, limitMs, lateMs, mayResubmit } = silence;
  const allowanceMs = lateFactor * lateMs;
  if (unheardMs > Math.max(limitMs, allowanceMs)) return 'give-up';
  if (silentMs <= Math.max(patienceMs, allowanceMs)) return 'wait';
  return mayResubmit() ? 'resubmit' : 'wait';
};
