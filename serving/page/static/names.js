/** What users and items are called on the page. */

const LONGEST = 200; // characters of a name that are shown: an id may have a hundred thousand

/** A title or an id that can be seen: in quotes where it is blank, and cut where it is too long. */
export function visible(text) {
  if (text.trim() === "") return `“${text}”`;
  if (text.length <= LONGEST) return text;
  return `${Array.from(text.slice(0, LONGEST)).slice(0, -1).join("")} …`; // the last may be half of a character
}

/** "The Godfather", or the id of an item without a title. */
export function titleOf(item) {
  return visible(item.display_title);
}

/** "The Godfather (1972)", or the title alone where nobody knows the year. */
export function nameOf(item) {
  return item.year === null ? titleOf(item) : `${titleOf(item)} (${item.year})`;
}
