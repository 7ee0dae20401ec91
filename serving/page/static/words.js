/** What the page calls what is rated: films, where the ratings are MovieLens, else items. */

const MOVIELENS = /^([0-9]+[km]|latest(-small)?)$/; // its data sets: 100k, 1m, …; other data are called by their files

const FILMS = {
  one: "film",
  many: "films",
  a: "a film",
  known: "you have seen",
  question: "Seen it?",
  unknown: "not seen",
  next: "What to see next?",
};
const ITEMS = {
  one: "item",
  many: "items",
  a: "an item",
  known: "you know",
  question: "Know it?",
  unknown: "not known",
  next: "What next?",
};

export function wordsFor({ data_name: name, user_id_type: userIds, has_titles: titles }) {
  const isMovieLens = MOVIELENS.test(name);
  const things = isMovieLens ? FILMS : ITEMS;
  const numbered = userIds === "int64";
  return {
    ...things,
    isMovieLens,
    Many: capital(things.many),
    user: numbered ? "number" : "id",
    title: titles ? "title" : "id",
  };
}

/** The texts of index.html that depend on words, by what their elements say in `data-text`. */
export function pageTexts(words) {
  return {
    next: words.next,
    invitation: `Rate a few ${words.many}; the list becomes yours.`,
    known: `${words.Many} ${words.known}`,
    "by-user": `By user ${words.user}`,
    whose: `Whose ${words.many}?`,
    "user-label": words.user === "number" ? "Number of the user" : "Id of the user",
    show: `Show ${words.many}`,
  };
}

export function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}
