const begin = '<!-- npm run simulate -- --write: from here -->';
const end = '<!-- npm run simulate -- --write: to here -->';

/** Puts a text between the markers of a page. Throws where the page has none. */
export const writeSection = (page: string, text: string): string => {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no lines "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`;
};
