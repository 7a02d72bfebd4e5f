import { at, isTest, type SourceFile } from '../source-file.ts';

const maxFileLines = 300;
const maxFunctionLines = 60;
const medianLines = 80;

const functionTypes: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

export const findLongFiles = (files: readonly SourceFile[]): string[] =>
  files
    .filter((file) => !isTest(file) && file.lines > maxFileLines)
    .map(({ path, lines }) => `${path} has ${lines} lines`);

export const findLongFunctions = (files: readonly SourceFile[]): string[] =>
  files
    .filter((file) => !isTest(file))
    .flatMap((file) =>
      file.nodes.flatMap((node) => {
        if (!functionTypes.has(node.type)) return [];
        const lines = file.lineAt(node.end) - file.lineAt(node.start) + 1;
        return lines > maxFunctionLines ? [at(file, node, `a function of ${lines} lines`)] : [];
      }),
    );

/** Half of the files are shorter than the median. */
export const findHighMedian = (files: readonly SourceFile[]): string[] => {
  const lengths = files.filter((file) => !isTest(file)).map(({ lines }) => lines);
  const median = lengths.sort((left, right) => left - right)[Math.floor(lengths.length / 2)] ?? 0;
  return median < medianLines ? [] : [`the median file has ${median} lines`];
};
