import type * as z from 'zod';
import { controlKinds } from '../control.ts';
import { frameKinds, packetVersion } from '../frame.ts';
import { framePayloads } from './frame-schema.ts';
import { schemaPath } from './to-components.ts';
import { wireSchemas } from './wire-schemas.ts';

/** One field of a binary message. Integers are big-endian and unsigned. */
export interface LayoutField {
  readonly name: string;
  /** `rest` is all that is left; `length` is as many bytes as the field before it says. */
  readonly type: 'u8' | 'u32' | 'ascii-rest' | 'bytes-rest' | 'bytes-length' | 'repeated';
  readonly always?: number;
  readonly values?: Readonly<Record<string, number>>;
  readonly fields?: readonly LayoutField[];
  readonly description?: string;
}

const frameLayout: readonly LayoutField[] = [
  { name: 'kind', type: 'u8', values: frameKinds },
  { name: 'sequence', type: 'u32', description: 'Counts the frames of one tag from 0.' },
  { name: 'length', type: 'u32', description: 'Bytes of the payload.' },
  { name: 'payload', type: 'bytes-length' },
];

export const packetLayout: readonly LayoutField[] = [
  { name: 'version', type: 'u8', always: packetVersion },
  { name: 'tag', type: 'u32', description: 'The stream; 0 for hops before the adapter.' },
  { name: 'frames', type: 'repeated', fields: frameLayout, description: 'To the end of the message.' },
];

export const controlLayout: readonly LayoutField[] = [
  { name: 'version', type: 'u8', always: 1 },
  { name: 'kind', type: 'u8', values: controlKinds },
  { name: 'tag', type: 'u32' },
  { name: 'bytes', type: 'u32' },
  { name: 'frames', type: 'u32' },
  { name: 'about', type: 'ascii-rest' },
];

export const bodyRequestLayout: readonly LayoutField[] = [
  { name: 'offset', type: 'u32', description: 'First byte wanted.' },
  { name: 'length', type: 'u32', description: 'Bytes wanted; the answer is one chunk at most.' },
];

export const bodyChunkLayout: readonly LayoutField[] = [
  { name: 'status', type: 'u8', values: { ok: 0, unknown: 1 } },
  { name: 'bytes', type: 'bytes-rest' },
];

const schemaNames = new Map<z.ZodType, string>(
  Object.entries(wireSchemas).map(([name, schema]) => [schema, name]),
);

const describePayload = (payload: z.ZodType | 'bytes' | 'empty'): string | { readonly $ref: string } =>
  typeof payload === 'string' ? payload : { $ref: schemaPath(schemaNames.get(payload) ?? '') };

/** What each kind of frame carries: `bytes`, `empty`, or JSON by the schema pointed to. */
export const describeFramePayloads = (): Readonly<Record<string, string | { readonly $ref: string }>> =>
  Object.fromEntries(
    Object.entries(framePayloads).map(([kind, payload]) => [kind, describePayload(payload)]),
  );
