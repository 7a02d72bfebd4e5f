// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of configuration files look like these.
import type { ConfigPlace, ConfigProblem } from '@weir/contracts';
import { toPath } from '@weir/contracts';
import { type Document, isPair, isScalar, isSeq, type Scalar, visit } from 'yaml';

/** `$${` stands for `${`; then `${NAME}`, `${NAME:-default}`, and what only looks like one. */
const reference = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

const wholeReference = /^\$\{[^}]*\}$/;

type Variables = Readonly<Record<string, string | undefined>>;

/** As in a shell: the default counts for an empty variable too. */
const fill = (text: string, env: Variables, report: (expected: string) => void): string =>
  text.replace(reference, (whole, name: string | undefined, fallback: string | undefined) => {
    if (whole === '$${') return '${';
    if (name === undefined) {
      report('a reference such as ${NAME} or ${NAME:-default}, or $${ for the characters themselves');
      return whole;
    }
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined)
      report(`the environment variable ${name} to be set, or a default as in \${${name}:-default}`);
    return value ?? whole;
  });

/** An unquoted scalar that is one reference alone may become a number or a boolean, as if it stood in the file. */
const toTyped = (text: string): string | number | boolean => {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
};

const placeOf = (node: Scalar, ancestors: readonly unknown[]): ConfigPlace =>
  ancestors.flatMap((ancestor, position): (string | number)[] => {
    if (isPair(ancestor)) return [isScalar(ancestor.key) ? String(ancestor.key.value) : String(ancestor.key)];
    if (isSeq(ancestor)) return [ancestor.items.indexOf(ancestors[position + 1] ?? node)];
    return [];
  });

/** Fills environment variables into the string values of a document, in place. Keys stay as they are. */
export const interpolate = (document: Document, env: Variables): ConfigProblem[] => {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const text = node.value;
      const filled = fill(text, env, (expected) => {
        const at = placeOf(node, ancestors);
        problems.push({ path: toPath(at), at, found: JSON.stringify(text), expected });
      });
      node.value = node.type === 'PLAIN' && wholeReference.test(text) ? toTyped(filled) : filled;
    },
  });
  return problems;
};
