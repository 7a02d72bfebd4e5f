import { describe, expect, test } from 'vitest';
import { controlKinds, decodeControl, encodeControl } from '../control.ts';
import { encodePacket, frameHeaderBytes, frameKinds, packetHeaderBytes } from '../frame.ts';
import { controlLayout, describeFramePayloads, type LayoutField, packetLayout } from './binary-layouts.ts';

type Values = Record<string, unknown>;

const restOf = (bytes: Uint8Array, at: number) => bytes.subarray(at);

/** Reads a message by its layout alone, as somebody would who has only the document. Returns where it stopped. */
const readLayout = (
  layout: readonly LayoutField[],
  bytes: Uint8Array,
  start: number,
): { values: Values; at: number } => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: Values = {};
  let at = start;
  let last = 0;
  for (const { name, type, fields } of layout) {
    if (type === 'u8' || type === 'u32') {
      last = type === 'u8' ? view.getUint8(at) : view.getUint32(at);
      values[name] = last;
      at += type === 'u8' ? 1 : 4;
    } else if (type === 'bytes-length') {
      values[name] = [...bytes.subarray(at, at + last)];
      at += last;
    } else if (type === 'repeated') {
      const items: Values[] = [];
      while (at < bytes.byteLength) {
        const item = readLayout(fields ?? [], bytes, at);
        items.push(item.values);
        at = item.at;
      }
      values[name] = items;
    } else {
      values[name] =
        type === 'ascii-rest' ? Buffer.from(restOf(bytes, at)).toString('ascii') : restOf(bytes, at);
      at = bytes.byteLength;
    }
  }
  return { values, at };
};

const sizeOf = (layout: readonly LayoutField[] | undefined): number =>
  (layout ?? []).reduce((sum, { type }) => sum + (type === 'u8' ? 1 : type === 'u32' ? 4 : 0), 0);

describe('the documented layouts', () => {
  test('read a packet as the encoder wrote it', () => {
    const frames = [
      { kind: frameKinds.data, sequence: 70_000, payload: Uint8Array.of(1, 2, 3) },
      { kind: frameKinds.ping, sequence: 70_001, payload: new Uint8Array(0) },
    ];
    expect(readLayout(packetLayout, encodePacket(0xdead_beef, frames), 0).values).toEqual({
      version: 1,
      tag: 0xdead_beef,
      frames: [
        { kind: frameKinds.data, sequence: 70_000, length: 3, payload: [1, 2, 3] },
        { kind: frameKinds.ping, sequence: 70_001, length: 0, payload: [] },
      ],
    });
  });

  test('read a control message as the encoder wrote it', () => {
    const bytes = encodeControl({
      kind: controlKinds.credit,
      tag: 3,
      bytes: 1_000_000,
      frames: 9,
      about: 'request-1',
    });
    const { version, ...values } = readLayout(controlLayout, bytes, 0).values;
    expect(version).toBe(1);
    expect(values).toEqual(decodeControl(bytes));
  });

  test('are as long as the headers that the code counts', () => {
    expect(sizeOf(packetLayout)).toBe(packetHeaderBytes);
    expect(sizeOf(packetLayout.find(({ name }) => name === 'frames')?.fields)).toBe(frameHeaderBytes);
  });

  test('name the schema of each frame that is JSON', () => {
    expect(describeFramePayloads()).toMatchObject({
      data: 'bytes',
      ping: 'empty',
      error: { $ref: '#/components/schemas/WireError' },
      handedBack: { $ref: '#/components/schemas/HandedBackFrame' },
    });
    expect(JSON.stringify(describeFramePayloads())).not.toContain('schemas/"');
  });
});
