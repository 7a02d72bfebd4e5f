/** What became of a delivery. */
export type DeliverOutcome =
  | { readonly outcome: 'delivered' }
  /** Nothing is wrong with the events as far as one knows: try again. */
  | { readonly outcome: 'failed'; readonly problem: string; readonly retryAfterMs?: number }
  /** Trying again cannot help: something in the events is not taken. */
  | { readonly outcome: 'refused'; readonly problem: string }
  /** Another replica has delivered meanwhile: look where things stand. */
  | { readonly outcome: 'moved' };

/** An HTTP answer, with the beginning of its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/**
 * The statuses that are about what was sent. All others are about the place, its load or the credentials (401, 403, 404,
 * 429, 3xx, 5xx): then the events are as good as before, and money is not thrown away for a wrong token.
 */
const contentStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);

const mostQuoted = 500;

export const describeAnswer = ({ status, text }: HttpAnswer): string =>
  `answered ${status}${text === '' ? '' : `: ${text.slice(0, mostQuoted)}`}`;

export const judgeAnswer = (answer: HttpAnswer): DeliverOutcome => {
  if (answer.status >= 200 && answer.status < 300) return { outcome: 'delivered' };
  const problem = describeAnswer(answer);
  if (contentStatuses.has(answer.status)) return { outcome: 'refused', problem };
  const { retryAfterMs } = answer;
  return { outcome: 'failed', problem, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
};
