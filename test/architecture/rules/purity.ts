import { at, isNode, isTest, type SourceFile, type SyntaxNode } from '../source-file.ts';

/** Decisions and machines: what they need is passed in, what they find is returned. */
const pureFolders = [
  /^services\/[^/]+\/src\/core\//,
  /^services\/adapter\/src\/providers\//,
  /^shared\/(contracts|json|ledger|limits|pricing|routing|tokens)\/src\//,
  /^shared\/messaging\/src\/reply(-reader|-writer|-settings)?\.ts$/,
];

/** Workspaces and entry points that are pure themselves. */
const pureImports: ReadonlySet<string> = new Set([
  '@weir/contracts',
  '@weir/json',
  '@weir/ledger',
  '@weir/limits',
  '@weir/pricing',
  '@weir/routing',
  '@weir/tokens',
  '@weir/messaging/reply',
  'temporal-polyfill',
  'zod',
]);

const impureGlobals: ReadonlySet<string> = new Set([
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

const impureMembers: ReadonlySet<string> = new Set(['Date.now', 'Math.random']);

const isPure = (path: string): boolean => pureFolders.some((folder) => folder.test(path));

const isPureImport = ({ specifier, resolved }: SourceFile['imports'][number]): boolean => {
  if (resolved !== undefined) return isPure(resolved);
  return pureImports.has(specifier) || specifier.split('/')[0] === 'gpt-tokenizer';
};

/** A core may be imported by the shell, and never the other way round. */
export const findImpureImports = (files: readonly SourceFile[]): string[] =>
  files
    .filter((file) => isPure(file.path) && !isTest(file))
    .flatMap((file) =>
      file.imports
        .filter((one) => !isPureImport(one))
        .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`),
    );

const typeNames: ReadonlySet<string> = new Set(['TSTypeReference', 'TSQualifiedName']);

/** True for a name that stands for itself: not for a type, for a property or for the key of one. */
const isReference = (node: SyntaxNode, parent: SyntaxNode | undefined): boolean => {
  if (parent === undefined || parent['computed'] === true) return true;
  if (parent.type === 'MemberExpression') return parent['property'] !== node;
  return parent['key'] !== node && !typeNames.has(parent.type);
};

const nameOf = (node: unknown): string =>
  isNode(node) && node.type === 'Identifier' ? String(node['name']) : '';

const impurityOf = (node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined => {
  if (node.type === 'Identifier' && impureGlobals.has(nameOf(node)) && isReference(node, parent)) {
    return nameOf(node);
  }
  if (node.type === 'MemberExpression') {
    const member = `${nameOf(node['object'])}.${nameOf(node['property'])}`;
    return impureMembers.has(member) ? member : undefined;
  }
  // With an argument it only converts; without one it reads the clock.
  const reads = node.type === 'NewExpression' && (node['arguments'] as unknown[]).length === 0;
  const calls = node.type === 'CallExpression';
  return (reads || calls) && nameOf(node['callee']) === 'Date' ? 'Date()' : undefined;
};

export const findImpureCode = (files: readonly SourceFile[]): string[] =>
  files
    .filter((file) => isPure(file.path) && !isTest(file))
    .flatMap((file) =>
      file.nodes.flatMap((node) => {
        const impurity = impurityOf(node, file.parents.get(node));
        return impurity === undefined ? [] : [at(file, node, `uses ${impurity}`)];
      }),
    );
