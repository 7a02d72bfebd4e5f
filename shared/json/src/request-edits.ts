import type { BodyEdit } from './body-editor.ts';
import type { ByteRange, OutputCapMark, OutputCapName, RequestFields } from './request-fields.ts';

/** Where a request body may have to change, flat so that it travels in an envelope. */
export interface RequestMarks {
  /** Just behind the opening brace. Absent when the body is not a JSON object: then nothing is edited. */
  readonly open?: number;
  /** The body is an object without members. Absent means false. */
  readonly empty?: boolean;
  /** The value of `model`, with its quotes. */
  readonly model?: ByteRange;
  /** The value of `stream_options`. */
  readonly streamOptions?: ByteRange;
  /** Just behind the opening brace of `stream_options`. Absent when its value is `null`. */
  readonly streamOptionsOpen?: number;
  /** `stream_options` is an object without members. Absent means false. */
  readonly streamOptionsEmpty?: boolean;
  /** The value of `stream_options.include_usage`. */
  readonly includeUsage?: ByteRange;
  /** The value of `stream_options.include_usage` is `true`. Absent means false. */
  readonly includeUsageOn?: boolean;
  /** The caps on output tokens that the API knows. Absent: none. */
  readonly outputCaps?: readonly OutputCapMark[];
}

/** A most of output tokens for one request, over all its answers. */
export interface OutputCap {
  readonly tokens: number;
  /** Answers asked for at a time, each with a cap of its own. */
  readonly choices: number;
  /** The member to add where the body has none. */
  readonly name: string;
}

const encoder = new TextEncoder();
const askedOptions = '{"include_usage":true}';

/** `capNames`: the caps that the API knows; others in the body mean nothing to it. */
export const toRequestMarks = (
  fields: RequestFields,
  capNames: readonly OutputCapName[] = [],
): RequestMarks => {
  const { open, empty, model, streamOptions } = fields;
  const outputCaps = capNames.flatMap((name) => fields.outputCaps[name] ?? []);
  const includeUsage = streamOptions?.includeUsage;
  return {
    open,
    ...(empty && { empty }),
    ...(model && { model: model.range }),
    ...(streamOptions && { streamOptions: streamOptions.range }),
    ...(streamOptions?.open !== undefined && { streamOptionsOpen: streamOptions.open }),
    ...(streamOptions?.empty && { streamOptionsEmpty: true }),
    ...(includeUsage && { includeUsage: includeUsage.range }),
    ...(includeUsage?.value && { includeUsageOn: true }),
    ...(outputCaps.length > 0 && { outputCaps }),
  };
};

const replace = ([start, end]: ByteRange, text: string): BodyEdit => ({
  start,
  end,
  replacement: encoder.encode(text),
});

const insert = (offset: number, text: string): BodyEdit => replace([offset, offset], text);

const planUsageEdit = (marks: RequestMarks): BodyEdit | undefined => {
  if (marks.includeUsageOn) return undefined;
  if (marks.includeUsage) return replace(marks.includeUsage, 'true');
  if (marks.streamOptionsOpen !== undefined) {
    return insert(marks.streamOptionsOpen, `"include_usage":true${marks.streamOptionsEmpty ? '' : ','}`);
  }
  return marks.streamOptions && replace(marks.streamOptions, askedOptions);
};

/** Lowers every cap that is above what each answer may have. A cap that is low enough stays as it was written. */
const planCapEdits = (marks: RequestMarks, { tokens, choices, name }: OutputCap) => {
  const most = String(Math.max(1, Math.floor(tokens / Math.max(1, choices))));
  const caps = marks.outputCaps ?? [];
  const edits = caps
    .filter((cap) => cap.tokens === undefined || cap.tokens > Number(most))
    .map((cap) => replace(cap.range, most));
  return { edits, added: caps.length === 0 ? [`${JSON.stringify(name)}:${most}`] : [] };
};

/**
 * The edits that give the body another model name and make the provider report usage on a stream, and
 * lower its cap on output tokens. Every other byte stays. A member that is missing is inserted behind the opening brace.
 */
export const planRequestEdits = (plan: {
  readonly marks: RequestMarks;
  /** The model name that the upstream knows. Absent: the body's own stays. */
  readonly model?: string;
  readonly askUsage: boolean;
  /** Absent: the body's own caps stay. */
  readonly outputCap?: OutputCap;
}): readonly BodyEdit[] => {
  const { marks, model, askUsage, outputCap } = plan;
  if (marks.open === undefined) return [];
  const edits: BodyEdit[] = [];
  const added: string[] = [];
  if (model !== undefined && marks.model) edits.push(replace(marks.model, JSON.stringify(model)));
  if (model !== undefined && !marks.model) added.push(`"model":${JSON.stringify(model)}`);
  if (askUsage) {
    const usageEdit = planUsageEdit(marks);
    if (usageEdit) edits.push(usageEdit);
    if (!marks.streamOptions) added.push(`"stream_options":${askedOptions}`);
  }
  if (outputCap) {
    const caps = planCapEdits(marks, outputCap);
    edits.push(...caps.edits);
    added.push(...caps.added);
  }
  if (added.length > 0) edits.push(insert(marks.open, `${added.join(',')}${marks.empty ? '' : ','}`));
  return edits.sort((left, right) => left.start - right.start);
};
