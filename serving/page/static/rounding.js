/** Numbers as they are shown: two decimals, and parts that add up to the total beside them. */

/**
 * A number in whole hundredths. It is taken as 32 bits first, as the server's ratings are, so that what is shown of a
 * rating in a list and of the same rating in its explanation, which has 64, cannot differ.
 */
export function hundredths(number) {
  return Math.round(Math.fround(number) * 100);
}

/**
 * Parts in whole hundredths that add up to `total` hundredths, by largest remainders: each is rounded down, and what is
 * missing goes to those that lost most. So each is off by less than a hundredth; by up to two, if `total` was itself
 * the sum of rounded numbers.
 */
export function addingUp(parts, total) {
  const shown = parts.map((part) => Math.floor(part * 100));
  const lost = parts.map((part, i) => part * 100 - shown[i]);
  const order = [...parts.keys()].sort((a, b) => lost[b] - lost[a]); // who lost most comes first
  let missing = total - shown.reduce((sum, part) => sum + part, 0);
  for (let i = 0; missing > 0; i++, missing--) shown[order[i % order.length]]++;
  for (let i = 1; missing < 0; i++, missing++) shown[order.at(-1 - ((i - 1) % order.length))]--;
  return shown;
}

/** "4.53" of 453 hundredths. */
export function decimal(shown) {
  return (shown / 100).toFixed(2);
}

/** "+0.05" or "−0.05": what is added to something. */
export function signed(shown) {
  return `${shown < 0 ? "−" : "+"}${decimal(Math.abs(shown))}`;
}
