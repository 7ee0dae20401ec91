/** One film, or whatever else is rated, with its predicted rating, and why on request. */

import { element } from "./element.js";
import { nameOf, titleOf, visible } from "./names.js";
import { showProblem } from "./problem.js";
import { explained } from "./why.js";

// Ratings of one film differ by about 1.1 stars, so the mean of fewer than 20 is off by a quarter of a star and more.
const FEW = 20;

let whys = 0; // each has an id of its own

function disclosure(film, person, scale) {
  const id = `why-${++whys}`;
  const place = element("div", { class: "why", id, hidden: true });
  const button = element(
    "button",
    { type: "button", class: "quiet", "aria-expanded": "false", "aria-controls": id, click: toggle },
    "Why?",
    element("span", { class: "unseen" }, ` ${nameOf(film)}`),
  );
  let answered = false;

  async function load() {
    place.setAttribute("aria-busy", "true");
    place.replaceChildren(element("p", { class: "hint", role: "status" }, "Asking why …"));
    try {
      place.replaceChildren(...explained(await person.explanation(film.item_id, null), person.words, scale));
      answered = true;
    } catch (error) {
      place.replaceChildren();
      showProblem(place, error, load);
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  function toggle() {
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    if (!place.hidden && !answered) load();
  }

  return [button, place];
}

/** By how many the film was rated, with a word of warning where they are few. */
function ratedInTraining({ n_ratings, mean_rating }, scale) {
  if (n_ratings === 0) return element("span", { class: "few" }, "rated by nobody yet: little is known of it");
  const number = n_ratings === 1 ? "1 rating" : `${n_ratings.toLocaleString("en")} ratings`;
  const mean = `, ${scale.roughly(mean_rating)} on average`;
  if (n_ratings >= FEW) return element("span", {}, number, mean);
  return element("span", {}, element("strong", { class: "few" }, `only ${number}`), mean);
}

/**
 * The predicted rating. Of five stars it has two decimals, because the first films of a list lie within a tenth of a
 * star and are in this order; that a person's own rating may well be another is said beside them, by ± one standard deviation where the
 * model knows it, and under the list in every case.
 */
function predicted(rating, deviation, scale, note) {
  const fill = element("span", { class: "fill" });
  fill.style.setProperty("--share", (rating - scale.least) / (scale.most - scale.least));
  return element(
    "p",
    { class: "predicted" },
    element("span", { class: "unseen" }, "Predicted rating "),
    element("strong", {}, scale.written(scale.units(rating))),
    element("span", { class: deviation === null ? "of" : "unseen" }, scale.ofWhat),
    deviation === null
      ? null
      : element(
          "span",
          { class: "of" },
          element("span", { class: "unseen" }, ", give or take"),
          element("span", { "aria-hidden": "true" }, " ±"),
          ` ${scale.roughly(deviation)}`,
        ),
    element("span", { class: "bar", "aria-hidden": "true" }, fill),
    note ? element("span", { class: "note" }, note) : null,
  );
}

/** Why the film is in the list: another that the person rated, which those who choose it choose as well. */
function chosenWith(because, scale) {
  const people = scale.isLiked(because.rating) ? "who like" : "who know";
  return element(
    "p",
    { class: "hint because" },
    `People ${people} `,
    element("span", { class: "title" }, nameOf(because)),
    " choose this, too.",
  );
}

/**
 * The content of a list item or card. `deviation` is null where the model has none, `because` is the person's own film
 * that it is chosen with, if there is one, and `actions` are more controls.
 */
export function filmContent(
  film,
  { rating, deviation },
  person,
  scale,
  { note = "", because = null, actions = [] } = {},
) {
  const [why, place] = disclosure(film, person, scale);
  return [
    element(
      "div",
      { class: "about-film" },
      element(
        "h3",
        {},
        element("span", { class: "title" }, titleOf(film)),
        film.year === null ? null : element("span", { class: "year" }, ` (${film.year})`),
      ),
      element(
        "p",
        { class: "hint" },
        film.genres.length ? `${film.genres.join(", ")} · ` : "",
        ratedInTraining(film, scale),
      ),
      because ? chosenWith(because, scale) : null,
    ),
    predicted(rating, deviation, scale, note),
    element("div", { class: "actions" }, why, ...actions),
    place,
  ];
}

/** What else is known of a film, by the names of the columns; null where there is nothing. */
export function attributeList({ attributes }) {
  const known = Object.entries(attributes).filter(([, value]) => value !== null && value !== "" && value.length !== 0);
  if (known.length === 0) return null;
  return element(
    "dl",
    { class: "attributes" },
    ...known.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, inWords(value))]),
  );
}

function inWords(value) {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return visible(String(value));
}
