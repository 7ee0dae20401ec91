/** JSON whose whole numbers may have 64 bits, of which JavaScript's own reader would round those above 2^53. */

const IDS = ["user_id", "item_id"];
const LONG = /[0-9]{16}/;
const TOKENS = /"(?:[^"\\]+|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g; // strings, so that none is looked into
const LONG_WHOLE_NUMBER = /^-?[0-9]{16,}$/;

/** Read an answer. Ids are text, whichever type they have, and so are other whole numbers of 16 digits and more. */
export function readJson(text) {
  const safe = LONG.test(text)
    ? text.replace(TOKENS, (token) => (LONG_WHOLE_NUMBER.test(token) ? `"${token}"` : token))
    : text;
  return JSON.parse(safe, (name, value) => (IDS.includes(name) && typeof value === "number" ? String(value) : value));
}

/** Write a body; a BigInt is a whole number. */
export function writeJson(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(writeJson).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`);
  return `{${members.join()}}`;
}
