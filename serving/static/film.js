/** One film with its predicted rating, and why on request. */

import { element, nameOf } from "./element.js";
import { showProblem } from "./problem.js";
import { explained } from "./why.js";

let whys = 0; // each has an id of its own

function disclosure(film, person) {
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
      place.replaceChildren(...explained(await person.explanation(film.item_id, null), person.words));
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

function ratedInTraining({ n_ratings, mean_rating }) {
  if (n_ratings === 0) return "not rated by anybody";
  return `rated ${n_ratings === 1 ? "once" : `${n_ratings.toLocaleString("en")} times`}, ${mean_rating.toFixed(1)} on average`;
}

/** The content of a list item or card. `actions` are more buttons. */
export function filmContent(film, rating, person, scale, { note = "", actions = [] } = {}) {
  const [why, place] = disclosure(film, person);
  const fill = element("span", { class: "fill" });
  fill.style.setProperty("--share", (rating - scale[0]) / (scale[1] - scale[0]));
  return [
    element(
      "div",
      { class: "about-film" },
      element("h3", {}, element("span", { class: "title" }, film.title), film.year === null ? null : element("span", { class: "year" }, ` (${film.year})`)),
      element("p", { class: "hint" }, [film.genres.join(", "), ratedInTraining(film)].filter(Boolean).join(" · ")),
    ),
    element(
      "p",
      { class: "predicted" },
      element("span", { class: "unseen" }, "Predicted rating "),
      element("strong", {}, rating.toFixed(1)),
      element("span", { class: "of" }, ` of ${scale[1]}`),
      element("span", { class: "bar", "aria-hidden": "true" }, fill),
      note ? element("span", { class: "note" }, note) : null,
    ),
    element("div", { class: "actions" }, why, ...actions),
    place,
  ];
}
