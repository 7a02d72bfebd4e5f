import type { Fault } from '../core/fault.ts';
import type { Call } from './call.ts';
import { sendText } from './send.ts';

const page =
  '<html><head><title>500 Internal Server Error</title></head><body>Internal Server Error</body></html>';

const messages: Readonly<Record<number, string>> = {
  429: 'Rate limit reached for requests.',
  503: 'The server is overloaded or not ready yet.',
  529: 'Overloaded',
};

/** Faults instead of an answer. `false` when the fault is none of these. */
export const answerEarlyFault = (call: Call, fault: Fault): boolean => {
  const { response } = call;
  switch (fault.kind) {
    case 'status': {
      const hint = fault.status === 429 ? { 'retry-after': fault.retryAfterSeconds } : {};
      const message = messages[fault.status] ?? 'Injected fault.';
      call.sendError(fault.status, { message, param: null }, hint);
      call.close('faulted', fault.status, 0);
      return true;
    }
    case 'html-500':
      sendText(response, 500, 'text/html; charset=utf-8', page, call.headers());
      call.close('faulted', 500, 0);
      return true;
    case 'reset-before':
      call.close('faulted', 0, 0);
      response.socket?.resetAndDestroy();
      return true;
    case 'stall-before':
      response.on('close', () => call.abort(0));
      return true;
    default:
      return false;
  }
};
