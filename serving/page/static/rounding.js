/** Parts that add up to the total beside them, as they are shown. */

/**
 * Parts in whole units that add up to `total` units, by largest remainders: each is rounded down, and what is missing
 * goes to those that lost most. So each is off by less than a unit; by up to two, if `total` was itself the sum of
 * rounded numbers.
 */
export function addingUp(parts, total) {
  const shown = parts.map(Math.floor);
  const lost = parts.map((part, i) => part - shown[i]);
  const order = [...parts.keys()].sort((a, b) => lost[b] - lost[a]); // who lost most comes first
  let missing = total - shown.reduce((sum, part) => sum + part, 0);
  for (let i = 0; missing > 0; i++, missing--) shown[order[i % order.length]]++;
  for (let i = 1; missing < 0; i++, missing++) shown[order.at(-1 - ((i - 1) % order.length))]--;
  return shown;
}
