import { controlKinds, decodeControl, lastToken } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { AttemptTable } from '../attempt/attempt-table.ts';
import type { IngressWatch } from '../core/ingress-watch.ts';

export interface ControlDeps {
  readonly table: AttemptTable;
  readonly ingresses: IngressWatch;
  readonly now: () => number;
  /** A second missing listener this much later means that the ingress is gone, not reconnecting. */
  readonly confirmMs: number;
}

/** `weir.v1.control.<instance>.*`: credit, cancel, keep-alive, and the server's word that an ingress is gone. */
export const createControlHandler = ({ table, ingresses, now, confirmMs }: ControlDeps) => {
  const suspectSince = new Map<number, number>();

  const onNobodyListens = (tag: number): void => {
    const since = suspectSince.get(tag);
    if (since === undefined) {
      // Bounded by the attempts there are: entries of others are dropped here.
      for (const known of suspectSince.keys()) if (!table.ofTag(known)) suspectSince.delete(known);
      if (table.ofTag(tag)) suspectSince.set(tag, now());
      return;
    }
    if (now() - since < confirmMs) return;
    suspectSince.delete(tag);
    table.ofTag(tag)?.cancel('client_disconnected');
  };

  /** One missed packet now and one in an hour do not add up to a death. */
  const clear = (ingress: string): void => {
    for (const tag of suspectSince.keys()) {
      if (table.ofTag(tag)?.input.meta.ingress === ingress) suspectSince.delete(tag);
    }
  };

  return (message: BusMessage): void => {
    if (message.noResponders) return onNobodyListens(Number(lastToken(message.subject)));
    const control = decodeControl(message.data);
    if (!control) return;
    if (control.kind === controlKinds.keepAlive) {
      clear(control.about);
      return ingresses.seen(control.about, now());
    }
    const attempt = control.tag === 0 ? table.ofRequest(control.about) : table.ofTag(control.tag);
    if (!attempt || attempt.requestId !== control.about) return;
    if (control.kind === controlKinds.credit) attempt.grant(control.bytes, control.frames);
    else attempt.cancel('client_disconnected');
  };
};
