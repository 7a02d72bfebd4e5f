import type { BodyEdit } from './body-editor.ts';
import type { ByteRange, RequestFields } from './request-fields.ts';

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
}

const encoder = new TextEncoder();
const askedOptions = '{"include_usage":true}';

export const toRequestMarks = (fields: RequestFields): RequestMarks => {
  const { open, empty, model, streamOptions } = fields;
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

/**
 * The edits that give the body another model name and make the provider report usage on a stream.
 * Every other byte stays. A member that is missing is inserted behind the opening brace.
 */
export const planRequestEdits = (plan: {
  readonly marks: RequestMarks;
  /** The model name that the upstream knows. Absent: the body's own stays. */
  readonly model?: string;
  readonly askUsage: boolean;
}): readonly BodyEdit[] => {
  const { marks, model, askUsage } = plan;
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
  if (added.length > 0) edits.push(insert(marks.open, `${added.join(',')}${marks.empty ? '' : ','}`));
  return edits.sort((left, right) => left.start - right.start);
};
