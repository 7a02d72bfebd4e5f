import { controlKinds, decodeControl, lastToken } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { WaitingRoom } from '../waiting-room.ts';

/** `weir.v1.control.<scheduler>.*`: what waits and nobody waits for any more. */
export const createQueueControl =
  (room: Pick<WaitingRoom, 'cancel' | 'unheard'>) =>
  ({ subject, data, noResponders }: Pick<BusMessage, 'subject' | 'data' | 'noResponders'>): void => {
    if (noResponders) return room.unheard(Number(lastToken(subject)));
    const control = decodeControl(data);
    if (control?.kind === controlKinds.cancel) room.cancel(control.about);
  };
