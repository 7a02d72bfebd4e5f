import { connect } from 'node:net';
import { ResponseReader, type ResponseSink } from './response-reader.ts';

export interface Connection {
  readonly send: (request: Buffer) => void;
  readonly close: () => void;
}

const readBufferBytes = 32_768;
const connectTimeoutMs = 5_000;

/** A keep-alive connection to 127.0.0.1. `onLost` is called once when it closes before `close` was called. */
export const openConnection = (port: number, sink: ResponseSink, onLost: () => void): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const reader = new ResponseReader(sink);
    let closed = false;
    let connected = false;
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      // One buffer for the life of the connection: no allocation for each read.
      onread: {
        buffer: Buffer.allocUnsafe(readBufferBytes),
        callback: (byteCount, buffer) => {
          reader.feed((buffer as Buffer).subarray(0, byteCount));
          return true;
        },
      },
    });
    const close = (): void => {
      closed = true;
      socket.destroy();
    };
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error(`no connection to port ${port}`)));
    socket.once('connect', () => {
      connected = true;
      socket.setTimeout(0);
      resolve({ send: (request) => socket.write(request), close });
    });
    socket.on('error', (error) => {
      if (!connected) reject(error);
    });
    socket.once('close', () => {
      if (!connected) reject(new Error(`port ${port} closed before it was connected`));
      if (closed) return;
      reader.close();
      onLost();
    });
  });
