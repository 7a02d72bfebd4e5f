export interface Due {
  readonly at: number;
  readonly name: string;
}

const before = (left: Due, right: Due): boolean =>
  left.at < right.at || (left.at === right.at && left.name < right.name);

/** Names by when they are due: a binary heap, as plain data. */
export type DueQueue = Due[];

export const pushDue = (queue: DueQueue, due: Due): void => {
  let index = queue.push(due) - 1;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = queue[parentIndex];
    if (parent === undefined || !before(due, parent)) break;
    queue[index] = parent;
    index = parentIndex;
  }
  queue[index] = due;
};

const earlierChild = (queue: DueQueue, index: number): number => {
  const left = 2 * index + 1;
  const [leftDue, rightDue] = [queue[left], queue[left + 1]];
  return leftDue !== undefined && rightDue !== undefined && before(rightDue, leftDue) ? left + 1 : left;
};

/** Takes the earliest one that is due at `now`. */
export const popDue = (queue: DueQueue, now: number): Due | undefined => {
  const first = queue[0];
  if (first === undefined || first.at > now) return undefined;
  const last = queue.pop();
  if (last === undefined || last === first) return first;
  let index = 0;
  for (let next = earlierChild(queue, 0); next < queue.length; next = earlierChild(queue, index)) {
    const child = queue[next];
    if (child === undefined || before(last, child)) break;
    queue[index] = child;
    index = next;
  }
  queue[index] = last;
  return first;
};
