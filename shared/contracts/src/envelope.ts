import type { Attempt, FallbackReason } from './attempt.ts';
import { encodeText } from './encode-text.ts';

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
  /**
   * Why only the route's fallback upstreams may serve the request: what is held was reckoned for them alone. Absent: the
   * route's own may.
   */
  readonly fallback?: FallbackReason;
  /** Milliseconds since the epoch; the adapter begins nothing after it. */
  readonly expiresAt: number;
  /** HMAC-SHA-256, base64url, over request id, principal, model and the fields above. */
  readonly mac: string;
}

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
  /** Lower-case name of the header that names the model, alone or beside the body. Absent: none does. */
  readonly modelHeader?: string;
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

const decoder = new TextDecoder();
const lineFeed = 0x0a;

/** `<meta as one line of JSON>\n<raw body>`. */
export const encodeEnvelope = (meta: EnvelopeMeta, body: Uint8Array): Uint8Array =>
  encodeText(`${JSON.stringify(meta)}\n`, body);

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
