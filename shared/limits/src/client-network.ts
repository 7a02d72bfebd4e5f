const groupsOfAddress = 8;
/** One subscriber has a network of this many groups of 16 bits to itself: https://www.rfc-editor.org/rfc/rfc6177 */
const groupsOfNetwork = 4;

const mapped = /^::ffff:(?<address>\d+\.\d+\.\d+\.\d+)$/i;

const toGroups = (text: string): string[] => (text === '' ? [] : text.split(':'));

/**
 * Who is behind an address, for counting: an IPv4 address, also where it is written as IPv6, or the first 64 bits of
 * an IPv6 address, because its holder can send from all of the others. Other texts stay as they are.
 */
export const clientNetwork = (address: string): string => {
  const ipv4 = mapped.exec(address)?.groups?.['address'];
  if (ipv4 !== undefined) return ipv4;
  if (!address.includes(':')) return address;
  const [bare = ''] = address.split('%');
  const [front = '', back] = bare.split('::');
  const [first, last] = [toGroups(front), toGroups(back ?? '')];
  const missing = back === undefined ? 0 : Math.max(0, groupsOfAddress - first.length - last.length);
  const groups = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  const network = groups.slice(0, groupsOfNetwork).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
};
