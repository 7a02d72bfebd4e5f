import { describe, expect, it } from 'vitest';
import { toBytes } from '../testdata/pieces.ts';
import { readSseEvent, readSseName, readSseObject } from './sse-event.ts';

describe('an event', () => {
  it.each([
    ['data: x\n\n', { name: '', data: 'x' }],
    ['data:x\n\n', { name: '', data: 'x' }],
    ['data:  x\n\n', { name: '', data: ' x' }],
    ['data: [DONE]  \n\n', { name: '', data: '[DONE]  ' }],
    ['data: a\ndata: b\n\n', { name: '', data: 'a\nb' }],
    ['data:\n\n', { name: '', data: '' }],
    ['event: ping\r\ndata: {}\r\n\r\n', { name: 'ping', data: '{}' }],
    ['\uFEFFdata: x\n\n', { name: '', data: 'x' }],
    ['id: 1\nretry: 5\nunknown: y\ndata: x', { name: '', data: 'x' }],
    [': ping\n\n', { name: '', data: undefined }],
    ['\n', { name: '', data: undefined }],
  ])('%j reads as %j', (raw, event) => {
    expect(readSseEvent(toBytes(raw))).toEqual(event);
  });
});

describe('the object in an event', () => {
  it.each(['data: [DONE]\n\n', 'data: {"cut', ': ping\n\n', 'data: 7\n\n', 'data: null\n\n'])(
    'is missing in %j',
    (raw) => expect(readSseObject(toBytes(raw))).toBeUndefined(),
  );
});

describe('the name of an event', () => {
  it.each([
    ['event: message_stop\ndata: {}\n\n', 'message_stop'],
    ['event:message_stop\r\ndata: {}\r\n\r\n', 'message_stop'],
    ['\r\nevent: message_stop\r\n', 'message_stop'],
    ['\uFEFFevent: message_stop\n', 'message_stop'],
    [`: ${'comment '.repeat(30)}\nevent: message_stop\n`, 'message_stop'],
    ['data: {"type":"x"}\nevent: message_stop\n\n', 'message_stop'],
    ['data: {"type":"response.completed"}\n\n', 'response.completed'],
    ['data: {"text":"\\nevent: message_stop\\n"}\n\n', ''],
    [': ping\n\n', ''],
  ])('%j is %j', (raw, name) => {
    expect(readSseName(toBytes(raw))).toBe(name);
  });

  it('is whole although the search for it stops somewhere', () => {
    const long = `a${'b'.repeat(300)}`;
    expect(readSseName(toBytes(`event: ${long}\ndata: {}\n\n`))).toBe(long);
  });
});
