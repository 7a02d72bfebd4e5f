/**
 * The files of a project that measure time are a project of its own, `<name>-timed`. Whoever names the project means
 * both: `--project e2e` becomes `--project e2e*`.
 */
export const toProjectArguments = (args: readonly string[]): readonly string[] =>
  args.map((arg, index) => {
    if (args[index - 1] === '--project') return `${arg}*`;
    return arg.startsWith('--project=') ? `${arg}*` : arg;
  });
