import { posix } from 'node:path';
import { parseAst } from 'vitest/node';

/** A node of the ESTree that the parser makes: https://github.com/estree/estree, with TypeScript's additions. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Path from the root of the repository; undefined unless the specifier is relative. */
  readonly resolved: string | undefined;
  readonly line: number;
}

/** A source file, with what the rules ask of it. */
export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly nodes: readonly SyntaxNode[];
  readonly parents: ReadonlyMap<SyntaxNode, SyntaxNode>;
  readonly imports: readonly Import[];
  lineAt(offset: number): number;
}

export const isTest = ({ path }: Pick<SourceFile, 'path'>): boolean => path.endsWith('.test.ts');

/** `path:line what`, as editors and terminals link it. */
export const at = (file: SourceFile, node: SyntaxNode, what: string): string =>
  `${file.path}:${file.lineAt(node.start)} ${what}`;

export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const childrenOf = (node: SyntaxNode): SyntaxNode[] =>
  Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]).filter(isNode));

const walk = (root: SyntaxNode) => {
  const nodes: SyntaxNode[] = [];
  const parents = new Map<SyntaxNode, SyntaxNode>();
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes.push(node);
    for (const child of childrenOf(node)) {
      parents.set(child, node);
      pending.push(child);
    }
  }
  return { nodes: nodes.sort((left, right) => left.start - right.start), parents };
};

/** Static, re-exporting, dynamic and type-only imports alike. */
const specifierOf = (node: SyntaxNode): string | undefined => {
  const names = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'];
  if (![...names, 'ImportExpression', 'TSImportType'].includes(node.type)) return undefined;
  const source = node['source'] ?? node['argument'];
  return isNode(source) && typeof source['value'] === 'string' ? source['value'] : undefined;
};

export const parseSource = (path: string, text: string): SourceFile => {
  const program: unknown = parseAst(text, { lang: 'ts' }, path);
  if (!isNode(program)) throw new Error(`${path} could not be parsed`);
  const { nodes, parents } = walk(program);
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const imports = nodes.flatMap((node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return [];
    const resolved = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    return [{ specifier, resolved, line: lineAt(node.start) }];
  });
  return { path, text, lines: text.trimEnd().split('\n').length, nodes, parents, imports, lineAt };
};

/** Files of a fixture: path to text. */
export const parseSources = (texts: Readonly<Record<string, string>>): SourceFile[] =>
  Object.entries(texts).map(([path, text]) => parseSource(path, text));
