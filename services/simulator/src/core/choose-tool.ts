import type { ToolDefinition } from './tool-call.ts';

/** A tool choice in the terms of no API in particular. */
export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'any' }
  | { readonly kind: 'named'; readonly name: string };

/**
 * The tool to call: the forced one, or the first when the last user text speaks of a tool. An answer to a tool
 * result is always text, so that an agent's loop ends.
 */
export const chooseTool = (input: {
  readonly tools: readonly ToolDefinition[];
  readonly choice: ToolChoice;
  readonly lastUserText: string;
  readonly endsWithToolResult: boolean;
}): ToolDefinition | undefined => {
  const { tools, choice } = input;
  if (input.endsWithToolResult || choice.kind === 'none') return undefined;
  if (choice.kind === 'named') return tools.find((tool) => tool.name === choice.name) ?? tools[0];
  if (choice.kind === 'any' || input.lastUserText.includes('tool')) return tools[0];
  return undefined;
};
