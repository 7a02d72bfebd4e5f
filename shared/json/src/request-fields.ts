/** A half-open range of byte offsets, `[start, end)`. */
export type ByteRange = readonly [start: number, end: number];

export const outputCapNames = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;

export type OutputCapName = (typeof outputCapNames)[number];

export interface OutputCapMark {
  /** The value. */
  readonly range: ByteRange;
  /** Absent when the value is null. */
  readonly tokens?: number;
}

export interface StreamOptionsField {
  /** The whole value. */
  readonly range: ByteRange;
  readonly kind: 'object' | 'null';
  /** Just behind the opening brace. Absent for `null`. */
  readonly open?: number;
  /** The object has no members. Absent for `null`. */
  readonly empty?: boolean;
  /** Absent when the member is absent. `null` counts as `false`. */
  readonly includeUsage?: { readonly value: boolean; readonly range: ByteRange };
}

/** What one pass over a request body found. Offsets are bytes from the start of the body. */
export interface RequestFields {
  /** Just behind the opening brace of the body. */
  readonly open: number;
  /** The body is an object without members. */
  readonly empty: boolean;
  /** The range includes the quotes. */
  readonly model?: { readonly value: string; readonly range: ByteRange };
  readonly stream?: boolean;
  readonly streamOptions?: StreamOptionsField;
  /** The caps on output tokens that the body names, by their name. Which of them count is the API's matter. */
  readonly outputCaps: Readonly<Partial<Record<OutputCapName, OutputCapMark>>>;
  readonly encodingFormat?: string;
  /** Absent also where it is not a text, or a longer one than any tier has. */
  readonly serviceTier?: string;
  /** Some member `ttl`, wherever it stands, is `1h`. Absent: none is. */
  readonly hasHourTtl?: true;
  readonly n?: number;
  readonly bestOf?: number;
  /** Elements of `messages`, else of `input`, else of `prompt`; 1 for an `input` or `prompt` that is a string; else 0. */
  readonly messages: number;
  /** Where the first of `messages`, `input` and `prompt` begins. Absent when there is none. */
  readonly promptStart?: number;
  /** Elements of `tools`. */
  readonly tools: number;
  /** UTF-16 code units of all string values, escapes decoded. Keys do not count. */
  readonly chars: number;
  /**
   * `chars` without inlined binary: values that begin with `data:`, and values of a member named `data`
   * (base64 images, audio and files). What a token estimate should use.
   */
  readonly textChars: number;
  /** Numbers inside an `input` or `prompt` array: token ids, each one token that `chars` does not show. */
  readonly tokenIds: number;
  /** Words of all string values, inlined binary left out. Present when asked for. */
  readonly words?: number;
  /** An even sample of the text of all string values, one to a line. Present when asked for. */
  readonly sample?: TextSample;
}

export interface TextSample {
  /** All of it, while that is not too much. Escapes decoded. */
  readonly text: string;
  /** What part of the whole it is: above 0, 1 when all. */
  readonly share: number;
}

/** What else a scan is to find. Each costs another look at the text. */
export interface TextWishes {
  readonly countWords?: boolean;
  readonly sampleText?: boolean;
}

export interface InvalidBody {
  readonly outcome: 'invalid';
  /** `bad_json`: not JSON, or nested too deep. `bad_body`: JSON, but not a request. */
  readonly reason: 'bad_json' | 'bad_body';
  /** For the client: what was found, what is right, and where. */
  readonly message: string;
  /** Bytes from the start of the body. */
  readonly offset: number;
  /** The member at fault, such as `stream_options.include_usage`. */
  readonly param?: string;
}

export type ScanResult = { readonly outcome: 'scanned'; readonly fields: RequestFields } | InvalidBody;
