/** What a service tells the process that forked it. */
export type ParentMessage =
  | {
      readonly type: 'ready';
      readonly name: string;
      readonly instance: string;
      readonly healthPort: number;
    }
  | { readonly type: 'failed'; readonly message: string };

const sendTimeoutMs = 1_000;

/** Resolves when the parent has the message, or there is no parent, or it does not take it. */
export const tellParent = async (message: ParentMessage): Promise<void> => {
  if (process.send === undefined || !process.connected) return;
  const sent = Promise.withResolvers<void>();
  const timer = setTimeout(sent.resolve, sendTimeoutMs);
  process.send(message, undefined, {}, () => sent.resolve());
  await sent.promise;
  clearTimeout(timer);
};

/** Calls back once when the parent that forked this process is gone, also when it already is. */
export const onParentGone = (gone: () => void): void => {
  if (process.send === undefined) return;
  if (process.connected) process.once('disconnect', gone);
  else gone();
};
