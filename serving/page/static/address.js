/**
 * What the page shows, as its address says it: ?rated=50-5_172-4&genre=Comedy&order=rating&film=50 for a newcomer with ratings,
 * nothing for one without, ?user=196 for a user of the data set, and ?users= before one is chosen. So a link can be
 * passed on, and Back goes back. Ids are text, and may be any text, also none.
 */

const ESCAPED = { "*": "*0", "-": "*1", _: "*2" }; // in an id of `rated`, where the last two separate
const ENTRY = /^([^-]*)-(-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)$/;

function escaped(id) {
  return id.replace(/[*_-]/g, (character) => ESCAPED[character]);
}

function unescaped(text) {
  return text.replace(/\*[012]/g, (code) => "*-_"[code[1]]);
}

export function readAddress() {
  const query = new URLSearchParams(location.search);
  const rated = new Map();
  for (const entry of (query.get("rated") ?? "").split("_")) {
    const [, id, rating] = ENTRY.exec(entry) ?? [];
    if (rating !== undefined) rated.set(unescaped(id), Number(rating));
  }
  return {
    newcomer: !query.has("user") && !query.has("users"),
    user: query.get("user"),
    rated,
    genre: query.get("genre") ?? "",
    order: query.get("order") ?? "", // the usual one
    film: query.get("film"),
  };
}

function addressOf({ newcomer, user, rated, genre, order, film }) {
  const query = new URLSearchParams();
  if (!newcomer) query.set(user === null ? "users" : "user", user ?? "");
  else if (rated.size) query.set("rated", [...rated].map(([id, rating]) => `${escaped(id)}-${rating}`).join("_"));
  if (genre) query.set("genre", genre);
  if (order) query.set("order", order);
  if (film !== null) query.set("film", film);
  return `${location.pathname}${query.size ? "?" : ""}${query}`;
}

/** Put what is shown into the address; `replace` it where Back should not come by here again. */
export function writeAddress(shown, { replace }) {
  const address = addressOf(shown);
  if (replace) history.replaceState(null, "", address);
  else if (address !== location.pathname + location.search) history.pushState(null, "", address);
}
