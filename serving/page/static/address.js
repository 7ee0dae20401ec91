/**
 * What the page shows, as its address says it: ?rated=50-5_172-4&genre=Comedy&film=50 for a newcomer with ratings,
 * nothing for one without, and ?user=196 for a user of the data set, empty before there is a number. So a link can be
 * passed on, and Back goes back.
 */

export function readAddress() {
  const query = new URLSearchParams(location.search);
  const rated = new Map();
  for (const [, id, rating] of (query.get("rated") ?? "").matchAll(
    /(?<![0-9])([0-9]{1,15})-([0-9.]{1,4})(?![0-9.])/g,
  )) {
    rated.set(Number(id), Number(rating));
  }
  const film = query.get("film") ?? "";
  return {
    newcomer: !query.has("user"),
    user: query.get("user") || null,
    rated,
    genre: query.get("genre") ?? "",
    film: /^[0-9]{1,15}$/.test(film) ? Number(film) : null,
  };
}

function addressOf({ newcomer, user, rated, genre, film }) {
  const query = new URLSearchParams();
  if (!newcomer) query.set("user", user ?? "");
  else if (rated.size) query.set("rated", [...rated].map(([id, rating]) => `${id}-${rating}`).join("_"));
  if (genre) query.set("genre", genre);
  if (film !== null) query.set("film", film);
  return `${location.pathname}${query.size ? "?" : ""}${query}`;
}

/** Put what is shown into the address; `replace` it where Back should not come by here again. */
export function writeAddress(shown, { replace }) {
  const address = addressOf(shown);
  if (replace) history.replaceState(null, "", address);
  else if (address !== location.pathname + location.search) history.pushState(null, "", address);
}
