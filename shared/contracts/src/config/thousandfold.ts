/** A thousand times a decimal text, exactly: `0.0005` → `0.5`. */
export const thousandfold = (decimal: string): string => {
  const [whole = '', fraction = ''] = decimal.split('.');
  const digits = fraction.padEnd(3, '0');
  const moved = `${whole}${digits.slice(0, 3)}`.replace(/^0+(?=\d)/, '');
  const rest = digits.slice(3).replace(/0+$/, '');
  return rest === '' ? moved : `${moved}.${rest}`;
};
