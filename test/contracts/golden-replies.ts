import {
  type ControlMessage,
  controlKinds,
  type Frame,
  frameKinds,
  jsonFrame,
  type Packet,
} from '@weir/contracts';
import { requestId } from './golden-envelopes.ts';

const { queued, accepted, head, data, usage, end, error, ping, handedBack } = frameKinds;

const bytesFrame = (kind: Frame['kind'], sequence: number, payload: readonly number[]): Frame => ({
  kind,
  sequence,
  payload: Uint8Array.from(payload),
});

const acceptedFrame = jsonFrame(accepted, 0, {
  instance: 'adapter-1',
  attempt: 1,
  upstream: 'local',
  target: 'gpu-1',
});

const wholeAnswer: readonly Frame[] = [
  acceptedFrame,
  jsonFrame(head, 1, {
    status: 200,
    headers: [
      ['content-type', 'application/json'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
  }),
  jsonFrame(data, 2, { id: 'chatcmpl-1' }),
  jsonFrame(usage, 3, { quality: 'reported', inputTokens: 12, outputTokens: 0 }),
  jsonFrame(end, 4, { bytes: 19 }),
];

const saturated = {
  reason: 'saturated',
  message: 'Every target is busy.',
  param: 'model',
  retryAfterMs: 1_500,
  shouldRetry: true,
  resubmit: true,
};

interface GoldenPacket extends Packet {
  readonly file: string;
}

export const goldenPackets: readonly GoldenPacket[] = [
  { file: 'packet-queued.hex', tag: 0, frames: [jsonFrame(queued, 0, { position: 3 })] },
  { file: 'packet-accepted.hex', tag: 0x0bad_cafe, frames: [acceptedFrame] },
  { file: 'packet-answer.hex', tag: 0x0bad_cafe, frames: wholeAnswer },
  {
    file: 'packet-data.hex',
    tag: 0xffff_ffff,
    frames: [bytesFrame(data, 0xffff_ffff, [0x00, 0x0a, 0x80, 0xff]), bytesFrame(data, 0, [])],
  },
  { file: 'packet-error.hex', tag: 0, frames: [jsonFrame(error, 0, saturated)] },
  { file: 'packet-ping.hex', tag: 7, frames: [bytesFrame(ping, 9, [])] },
  {
    file: 'packet-handed-back.hex',
    tag: 7,
    frames: [jsonFrame(handedBack, 1, { attempt: 1, reason: 'upstream_5xx' })],
  },
];

interface GoldenControl {
  readonly file: string;
  readonly message: ControlMessage;
}

export const goldenControls: readonly GoldenControl[] = [
  {
    file: 'control-credit.hex',
    message: { kind: controlKinds.credit, tag: 0x0bad_cafe, bytes: 131_072, frames: 32, about: requestId },
  },
  {
    file: 'control-cancel.hex',
    message: { kind: controlKinds.cancel, tag: 0xffff_ffff, bytes: 0, frames: 0, about: requestId },
  },
  {
    file: 'control-keep-alive.hex',
    message: { kind: controlKinds.keepAlive, tag: 0, bytes: 0, frames: 0, about: 'ingress-1' },
  },
];
