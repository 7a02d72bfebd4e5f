interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what is asked for while one turn of the event loop lasts, and asks for it together, `most` at a time.
 * `ask` resolves with an answer to each, in order, or rejects for all of them.
 */
export const gatherTurn = <Item, Answer>(
  ask: (items: readonly Item[]) => Promise<readonly Answer[]>,
  most: number,
): ((item: Item) => Promise<Answer>) => {
  let waiting: Waiting<Item, Answer>[] = [];

  const askFor = async (some: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await ask(some.map(({ item }) => item));
      if (answers.length !== some.length) {
        throw new TypeError(`${some.length} were asked for, and ${answers.length} answered`);
      }
      for (const [index, answer] of answers.entries()) some[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  };

  const askForAll = (): void => {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; first += most) void askFor(all.slice(first, first + most));
  };

  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(askForAll);
      waiting.push({ item, resolve, reject });
    });
};
