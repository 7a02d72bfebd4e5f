import { at, isNode, isTest, type SourceFile, type SyntaxNode } from '../source-file.ts';

const findNodes = (
  files: readonly SourceFile[],
  problemOf: (node: SyntaxNode, file: SourceFile) => string | undefined,
): string[] =>
  files.flatMap((file) =>
    file.nodes.flatMap((node) => {
      const problem = problemOf(node, file);
      return problem === undefined ? [] : [at(file, node, problem)];
    }),
  );

export const findAny = (files: readonly SourceFile[]): string[] =>
  findNodes(files, ({ type }) => (type === 'TSAnyKeyword' ? 'any' : undefined));

export const findEnums = (files: readonly SourceFile[]): string[] =>
  findNodes(files, ({ type }) => (type === 'TSEnumDeclaration' ? 'enum' : undefined));

/** The configuration of a tool, which demands one, is the exception. */
export const findDefaultExports = (files: readonly SourceFile[]): string[] =>
  findNodes(
    files.filter(({ path }) => !path.endsWith('.config.ts')),
    (node) => {
      if (node.type === 'ExportDefaultDeclaration') return 'default export';
      const exported = node.type === 'ExportSpecifier' ? node['exported'] : undefined;
      return isNode(exported) && exported['name'] === 'default' ? 'default export' : undefined;
    },
  );

export const findConsole = (files: readonly SourceFile[]): string[] =>
  findNodes(files, (node) => {
    const object = node.type === 'MemberExpression' ? node['object'] : undefined;
    return isNode(object) && object['name'] === 'console' ? 'console' : undefined;
  });

/** The environment is read where a process begins; everything else is given its settings. */
export const findEnvironmentReaders = (files: readonly SourceFile[]): string[] =>
  findNodes(
    files.filter((file) => file.path.startsWith('services/') && !isTest(file)),
    (node, { text }) =>
      node.type === 'MemberExpression' && text.slice(node.start, node.end) === 'process.env'
        ? 'process.env'
        : undefined,
  );

/** Without what stands in quotes: a text may speak of anything. */
const withoutTexts = ({ text, nodes }: SourceFile): string => {
  let bare = text;
  for (const { type, start, end } of nodes) {
    if (type !== 'Literal' && type !== 'TemplateElement') continue;
    bare = bare.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + bare.slice(end);
  }
  return bare;
};

const unfinished = /\b(TODO|FIXME|XXX|HACK)\b/;

export const findUnfinished = (files: readonly SourceFile[]): string[] =>
  files.flatMap((file) =>
    withoutTexts(file)
      .split('\n')
      .flatMap((line, index) => {
        const found = unfinished.exec(line)?.[1];
        return found === undefined ? [] : [`${file.path}:${index + 1} ${found}`];
      }),
  );

const emptyNames: ReadonlySet<string> = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'manager',
  'base',
  'impl',
  'misc',
]);
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config))?$/;

/** Names that say nothing, and names that are not kebab-case. Folders count too. */
export const findBadFileNames = (files: readonly Pick<SourceFile, 'path'>[]): string[] =>
  files.flatMap(({ path }) => {
    const parts = path.replace(/\.(ts|mjs)$/, '').split('/');
    const problem = parts.some((part) => part.split(/[-.]/).some((word) => emptyNames.has(word)))
      ? 'says nothing'
      : parts.every((part) => kebabCase.test(part))
        ? undefined
        : 'is not kebab-case';
    return problem === undefined ? [] : [`${path} ${problem}`];
  });

const shortNames = /^([a-zA-Z]|req|res|msg|cfg|opts|ctx)$/;

/** What a node gives a name to: variables, parameters, destructured members with their new name, type parameters. */
const bindingsOf = (node: SyntaxNode, parent: SyntaxNode | undefined): unknown[] => {
  if (node.type === 'VariableDeclarator') return [node['id']];
  if (node.type === 'CatchClause') return [node['param']];
  if (node.type === 'TSTypeParameter') return [node['name']];
  if (node.type === 'Property' && parent?.type === 'ObjectPattern')
    return node['shorthand'] ? [] : [node['value']];
  return Array.isArray(node['params']) && node.type.includes('Function') ? node['params'] : [];
};

/** A parameter with a default is a pattern around its name. */
const nameOf = (binding: unknown): string => {
  if (!isNode(binding)) return '';
  return isNode(binding['left']) ? nameOf(binding['left']) : String(binding['name'] ?? '');
};

/** Names of one letter, and the abbreviations that every handler elsewhere has. Fields are the wire's to name. */
export const findShortNames = (files: readonly SourceFile[]): string[] =>
  findNodes(files, (node, file) => {
    const names = bindingsOf(node, file.parents.get(node)).map(nameOf);
    const found = names.find((name) => shortNames.test(name));
    return found && `the name ${found}`;
  });
