import type { RetryRule } from './config/retry-config.ts';

/** The client APIs that Weir speaks. */
export const apis = [
  'openai.chat',
  'openai.completions',
  'openai.embeddings',
  'openai.responses',
  'openai.models',
  'anthropic.messages',
  'anthropic.count_tokens',
  'generic',
] as const;

export type Api = (typeof apis)[number];

/** A half-open range of bytes of the body, `[start, end)`. */
export type ByteRange = readonly [start: number, end: number];

/** What the ingress learned from the body in its one pass over it. */
export interface Features {
  /** Estimated input tokens. Absent when the API has none (models). */
  readonly inputTokens?: number;
  /** How `inputTokens` was found. */
  readonly estimatedBy?: 'chars' | 'words' | 'tokenizer';
  /** Output tokens that the client asked for at most. Absent when it named no cap. */
  readonly outputCap?: number;
  /** Answers that the client asked for at a time (`n`), each with a cap of its own. Absent: 1. */
  readonly choices?: number;
  /** Characters of all string values. */
  readonly chars: number;
  /** Words of all string values. Absent when no limit of the configuration counts words. */
  readonly words?: number;
  /** Number of messages, or of inputs for embeddings. */
  readonly messages: number;
  readonly tools: number;
  /** `encoding_format` of an embeddings request. Absent when not given. */
  readonly encodingFormat?: string;
  /** `service_tier`, as the client asked for it. Absent when it named none. */
  readonly serviceTier?: string;
  /** Some part of the prompt asks to be cached for an hour, at a price of its own. Absent means false. */
  readonly cachesForHour?: boolean;
  /**
   * A digest of each prefix of the prompt that ends where `prefixEnds` says, the shortest first. Absent when no upstream
   * of the configuration asks for them, or the prompt is shorter.
   */
  readonly prefixes?: readonly string[];
}

/** A cap on output tokens that the client set, such as `max_tokens`. */
export interface OutputCapMark {
  /** The value. */
  readonly range: ByteRange;
  /** Absent when the value is null. */
  readonly tokens?: number;
}

/** Where an adapter may have to change the body. Byte offsets into the body as the client sent it. */
export interface BodyMarks {
  /** Just behind the opening brace. Absent when the body is not a JSON object: nothing is changed then. */
  readonly open?: number;
  /** The body is an object without members. Absent means false. */
  readonly empty?: boolean;
  /** The value of `model`, with its quotes. */
  readonly model?: ByteRange;
  /** The value of `stream_options`. */
  readonly streamOptions?: ByteRange;
  /** Just behind the opening brace of `stream_options`. Absent when its value is null. */
  readonly streamOptionsOpen?: number;
  /** `stream_options` has no members. Absent means false. */
  readonly streamOptionsEmpty?: boolean;
  /** The value of `stream_options.include_usage`. */
  readonly includeUsage?: ByteRange;
  /** `stream_options.include_usage` is true already. Absent means false. */
  readonly includeUsageOn?: boolean;
  /** The caps on output tokens that the body names and its API knows. Absent: none. */
  readonly outputCaps?: readonly OutputCapMark[];
}

/** Where the body is. Inline bodies follow the meta line; the adapter pulls the others in chunks. */
export type BodyPlace =
  | { readonly where: 'inline'; readonly bytes: number }
  | { readonly where: 'ingress'; readonly bytes: number; readonly subject: string };

export interface ClientInfo {
  /** Address of the peer, or what a trusted proxy says of it. */
  readonly ip: string;
  /** Headers that may travel on, lower-case. Never a credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the API key, hex. Absent when the client sent none. The key itself never leaves the ingress. */
  readonly keySha256?: string;
  /**
   * What names the client's session, by `header:<name>` or `cookie:<name>` as the configuration asks for them: the
   * first 22 characters of the value's SHA-256, base64url. Absent: nothing does. The values themselves do not travel.
   */
  readonly sessions?: Readonly<Record<string, string>>;
}

/** Who is calling. Added by policy. */
export interface Principal {
  readonly org: string;
  /** `_` when the key belongs to no team. */
  readonly team: string;
  /** Id of the key, not the key. `_` for an anonymous caller. */
  readonly key: string;
  /** Service tier of the tenant, for routing and priority. */
  readonly tier?: string;
}

/** Policy's leave to call a provider. The adapter refuses an envelope without a valid one. */
export interface Grant {
  /** Budget counters that are charged for this request, and what is held on each, in the counter's unit. */
  readonly holds: readonly { readonly id: string; readonly amount: string }[];
  /** The limit store keeps something for this request until it hears that it is over. Absent means false. */
  readonly held?: boolean;
  /** Most output tokens that the budget has room for: the adapter lowers the request's own cap to it. Absent: none. */
  readonly outputCap?: number;
  /** Milliseconds since the epoch; the adapter begins nothing after it. */
  readonly expiresAt: number;
  /** HMAC-SHA-256, base64url, over request id, principal, model and the fields above. */
  readonly mac: string;
}

export const fallbackReasons = ['health-failure', 'saturated', 'latency', 'error-code', 'quota'] as const;

/** Why a request went to a fallback upstream. */
export type FallbackReason = (typeof fallbackReasons)[number];

/** What may send a request to a fallback upstream that could take it. */
export interface FallbackOffer {
  /** Failures without an answer. */
  readonly onHealthFailure: boolean;
  readonly onErrorCodes: readonly number[];
  /** No first byte for so long, milliseconds. Absent: never. */
  readonly latencyMs?: number;
}

/** The request is at its route's fallback upstreams. */
export interface FallbackState {
  readonly reason: FallbackReason;
  /** The upstream that it was taken from. */
  readonly from: string;
  /** Number of the first attempt there. */
  readonly since: number;
}

/** What the adapter learned of an attempt that it hands back. */
export interface AttemptFailure {
  /** Absent: there was no answer. */
  readonly status?: number;
  /** The provider asks for this pause, milliseconds. Absent: it does not. */
  readonly retryAfterMs?: number;
  /** The failure is one that the scheduler's offer of a fallback names. */
  readonly trigger?: FallbackReason;
  /** It is not to be tried again at the upstreams that it was at. Absent means false. */
  readonly isFinal?: boolean;
}

/** One try at one target. Added by the scheduler. */
export interface Attempt {
  /** From 1, over all targets. */
  readonly number: number;
  readonly upstream: string;
  readonly target: string;
  /** Model name that the upstream knows. Equals `model` unless the route maps it. */
  readonly model: string;
  /** Further tries that the scheduler allows after this one. At 0 the adapter relays a failure as it is. */
  readonly remaining: number;
  /** Targets that this request could still go to and has not tried. */
  readonly alternatives: number;
  /** Targets that failed already, as `upstream/target`. */
  readonly excluded: readonly string[];
  /** Why the attempt before this one failed. */
  readonly lastFailure?: string;
  /** How often a target at its `maxRequestsPerTarget` turned the request away so far. Absent: never. */
  readonly busy?: number;
  /** The scheduler instance, and its dispatch number for the adapter instance chosen (for watermarks). */
  readonly scheduler: string;
  readonly dispatch: number;
  /** Input tokens that the scheduler reserved on the target. */
  readonly reservedTokens: number;
  /** Which failures are handed back for another attempt. Absent: the adapter's own rule. */
  readonly retry?: RetryRule;
  /** To the first byte of the answer, milliseconds. Absent: the upstream's time-outs alone. */
  readonly perTryTimeoutMs?: number;
  /** Absent: there is no fallback that could take the request. */
  readonly fallbackOffer?: FallbackOffer;
  /** Absent: the route's own upstreams serve the request. */
  readonly fallback?: FallbackState;
  /** On an attempt that was handed back. Absent: the adapter learned no more than `lastFailure`. */
  readonly failure?: AttemptFailure;
}

/** `lastFailure` of an attempt that never began: the target was at its `maxRequestsPerTarget`. */
export const busyTarget = 'busy';

/** The meta line of an envelope. */
export interface EnvelopeMeta {
  readonly v: 1;
  /** Request id, UUIDv7. Stays the same over resubmissions and attempts. */
  readonly id: string;
  /** Subject for frames. */
  readonly replyTo: string;
  /** Instance of the ingress that owns the client's connection. */
  readonly ingress: string;
  /** Milliseconds since the epoch. Nothing is begun after it. */
  readonly deadline: number;
  /** When the ingress had the head of the request, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Name of the route that matched. */
  readonly route: string;
  readonly api: Api;
  readonly method: string;
  /** Path and query for the upstream, after the route's prefix was stripped. */
  readonly path: string;
  /** Model as the client named it. Empty when the API has none. */
  readonly model: string;
  readonly stream: boolean;
  /** How often the ingress submitted this request before: 0, 1 or 2. */
  readonly submission: number;
  readonly features: Features;
  readonly marks: BodyMarks;
  readonly body: BodyPlace;
  readonly client: ClientInfo;
  readonly principal?: Principal;
  readonly grant?: Grant;
  /** Headers of the answer that policy decides: what is left of limits and budgets. Lower-case names. */
  readonly answerHeaders?: readonly (readonly [name: string, value: string])[];
  /** 0 is served first. Absent means the route's default. */
  readonly priority?: number;
  readonly attempt?: Attempt;
  /** W3C traceparent. Absent when tracing is off and the client sent none. */
  readonly trace?: string;
}

export interface Envelope {
  readonly meta: EnvelopeMeta;
  /** The inline body; empty when it stays in the ingress. A view: copy it to keep it. */
  readonly body: Uint8Array;
}

export type DecodedEnvelope =
  | { readonly outcome: 'decoded'; readonly envelope: Envelope }
  | { readonly outcome: 'malformed'; readonly problem: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const lineFeed = 0x0a;

/** `<meta as one line of JSON>\n<raw body>`. */
export const encodeEnvelope = (meta: EnvelopeMeta, body: Uint8Array): Uint8Array => {
  const line = encoder.encode(JSON.stringify(meta));
  const bytes = new Uint8Array(line.byteLength + 1 + body.byteLength);
  bytes.set(line);
  bytes[line.byteLength] = lineFeed;
  bytes.set(body, line.byteLength + 1);
  return bytes;
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isMeta = (value: unknown): value is EnvelopeMeta => {
  if (!isObject(value)) return false;
  const meta = value as Partial<EnvelopeMeta>;
  return (
    meta.v === 1 &&
    typeof meta.id === 'string' &&
    typeof meta.replyTo === 'string' &&
    typeof meta.deadline === 'number' &&
    typeof meta.api === 'string' &&
    typeof meta.model === 'string' &&
    isObject(meta.features) &&
    isObject(meta.body) &&
    isObject(meta.client)
  );
};

/** Reads an envelope with cheap checks only; this is the hot path. Never throws. */
export const decodeEnvelope = (bytes: Uint8Array): DecodedEnvelope => {
  const end = bytes.indexOf(lineFeed);
  if (end < 0) return { outcome: 'malformed', problem: 'no line feed after the meta line' };
  let meta: unknown;
  try {
    meta = JSON.parse(decoder.decode(bytes.subarray(0, end)));
  } catch {
    return { outcome: 'malformed', problem: 'the meta line is not JSON' };
  }
  if (!isMeta(meta)) return { outcome: 'malformed', problem: 'the meta line lacks a required field' };
  return { outcome: 'decoded', envelope: { meta, body: bytes.subarray(end + 1) } };
};
