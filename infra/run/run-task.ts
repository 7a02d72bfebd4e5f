/** Something the person at the terminal has to mend. Its message is the one line they see: what, and how. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}

/** Runs a task to its exit code; a StartFailure is one line on the terminal, anything else is a bug with its stack. */
export const runTask = async (task: () => Promise<number>): Promise<void> => {
  try {
    process.exit(await task());
  } catch (error) {
    const text = error instanceof StartFailure ? error.message : error instanceof Error ? error.stack : error;
    process.stderr.write(`weir: ${String(text)}\n`);
    process.exit(1);
  }
};
