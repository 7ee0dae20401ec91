/** The panel of someone who rates a few films, and who sees before what everybody likes. */

import { ask } from "./api.js";
import { element, nameOf } from "./element.js";
import { FilmSearch } from "./film_search.js";
import { OneFilm } from "./one_film.js";
import { Newcomer } from "./people.js";
import { showProblem } from "./problem.js";
import { Recommendations } from "./recommendations.js";
import { stars } from "./stars.js";

const SUGGESTED = 6;
const PAUSE = 200; // milliseconds: the arrow keys pass several stars on their way to the right one

export class NewcomerPanel {
  #films = new Map(); // id: { film, rating or null, row }, in the order in which they were added
  #timer = 0;
  #asking = new AbortController();

  /** `change` is called with what of the address is to change: rated, genre, film. */
  constructor(panel, model, change) {
    this.panel = panel;
    this.scale = model.rating_scale;
    this.change = change;
    this.list = document.getElementById("rated");
    this.unfold = document.getElementById("all-rated");
    this.suggestions = document.getElementById("suggestions");
    this.status = element("p", { class: "unseen", role: "status" });
    this.problem = element("div");
    this.unfold.after(this.status, this.problem);
    this.unfold.addEventListener("click", () => {
      this.list.classList.toggle("unfolded");
      this.#count();
    });
    this.search = new FilmSearch(document.getElementById("rate-search"), "Find a film you have seen", (film) =>
      this.#add(film),
    );
    this.recommendations = new Recommendations(panel, model, {
      empty: "",
      chooseGenre: (genre) => change({ genre }),
      actions: (film) => [
        element(
          "div",
          { class: "seen" },
          element("span", { "aria-hidden": "true" }, "Seen it?"),
          stars(film, null, this.scale, (rating) => this.#rateInList(film, rating)),
        ),
      ],
    });
    this.oneFilm = new OneFilm(panel, this.scale, {
      heading: "One film in particular",
      label: "What would you give to …",
      choose: (film) => change({ film }),
    });
    this.suggested = this.#suggest();
  }

  #ratings() {
    return new Map(
      [...this.#films].filter(([, { rating }]) => rating !== null).map(([id, { rating }]) => [id, rating]),
    );
  }

  async show({ rated, genre, film }) {
    clearTimeout(this.#timer);
    const ratings = this.#ratings();
    if (String([...ratings]) !== String([...rated])) {
      this.#restore(rated);
      return;
    }
    const person = new Newcomer(ratings);
    const [heading, about] = headed(ratings.size);
    this.recommendations.show(person, genre, heading, about);
    await this.suggested; // on a wide screen the card is below the suggestions, and would move when they come
    this.oneFilm.show(person, film);
  }

  /** List the ratings of an address, then show them. Films that the server does not know are left out. */
  async #restore(rated) {
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    this.problem.replaceChildren();
    const valid = [...rated].filter(([, rating]) => rating >= this.scale[0] && rating <= this.scale[1]);
    try {
      const films = await Promise.all(
        valid.map(([id]) =>
          ask(`items/${id}`, { signal: asking.signal }).catch((error) => {
            if (error.status === 404) return null;
            throw error;
          }),
        ),
      );
      this.#films.clear();
      this.list.replaceChildren();
      this.#count();
      films.forEach((film, i) => film && this.#insert(film, valid[i][1]));
      this.#hideSuggested();
      this.change({ rated: this.#ratings() }, { replace: true });
    } catch (error) {
      showProblem(this.problem, error, () => this.#restore(rated));
    }
  }

  #insert(film, rating) {
    const row = element(
      "li",
      {},
      element("span", { class: "title" }, nameOf(film)),
      stars(film, rating, this.scale, (given) => this.#rate(film, given)),
      element(
        "button",
        { type: "button", class: "quiet remove", click: () => this.#remove(film) },
        element("span", { "aria-hidden": "true" }, "✕"),
        element("span", { class: "unseen" }, `Remove ${nameOf(film)}`),
      ),
    );
    this.#films.set(film.item_id, { film, rating, row });
    this.list.prepend(row); // a narrow screen shows only the first
    this.#count();
    this.#hideSuggested();
    return row;
  }

  #add(film) {
    const known = this.#films.get(film.item_id);
    const row = known ? known.row : this.#insert(film, null);
    this.list.prepend(row);
    this.status.textContent = known ? "" : `${nameOf(film)} is in your list. Give it stars.`;
    (row.querySelector("input:checked") ?? row.querySelector("input")).focus();
  }

  #rate(film, rating) {
    this.#films.get(film.item_id).rating = rating;
    this.status.textContent = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.change({ rated: this.#ratings() }, { replace: true }), PAUSE);
  }

  /**
   * Rate a film among those recommended, where it will be missing from the next answer: its stars, with the focus, are
   * now among the person's own, and what is chosen anew is in sight from its beginning.
   */
  #rateInList(film, rating) {
    const known = this.#films.get(film.item_id);
    if (known) known.row.querySelector(`input[value="${rating}"]`).checked = true;
    const row = known ? known.row : this.#insert(film, rating);
    row.querySelector("input:checked").focus({ preventScroll: true });
    if (this.panel.getBoundingClientRect().top < 0) this.panel.scrollIntoView();
    this.#rate(film, rating);
    this.status.textContent = `${nameOf(film)} is in your list with ${rating === 1 ? "1 star" : `${rating} stars`}.`;
  }

  #remove(film) {
    const { row, rating } = this.#films.get(film.item_id);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#films.delete(film.item_id);
    row.remove();
    this.#count();
    this.#hideSuggested();
    this.status.textContent = `${nameOf(film)} is removed.`;
    (next ? next.querySelector(".remove") : this.search.input).focus();
    if (rating !== null) this.change({ rated: this.#ratings() }, { replace: true });
  }

  /** Say how many films there are on the button that shows all of them where only the last has room. */
  #count() {
    const unfolded = this.list.classList.contains("unfolded");
    this.unfold.hidden = this.#films.size < 2;
    this.unfold.setAttribute("aria-expanded", String(unfolded));
    this.unfold.textContent = unfolded ? "Show only the last" : `Show all ${this.#films.size} you have seen`;
  }

  /** Offer the films that most people rated, so that nobody stands before an empty box. */
  async #suggest() {
    try {
      const { items } = await ask("items", { query: { n: SUGGESTED } });
      this.suggestions.replaceChildren(
        element("p", { class: "hint" }, "Many know"),
        ...items.map((film) => {
          const button = element(
            "button",
            { type: "button", class: "chip", click: () => this.#add(film) },
            film.display_title,
          );
          button.dataset.item = film.item_id;
          return button;
        }),
      );
      this.#hideSuggested();
    } catch {
      this.suggestions.replaceChildren(); // only an offer; the search says what is wrong
    }
  }

  #hideSuggested() {
    const buttons = [...this.suggestions.querySelectorAll("button")];
    for (const button of buttons) button.hidden = this.#films.has(Number(button.dataset.item));
    this.suggestions.hidden = buttons.every((button) => button.hidden);
  }
}

/** What the films are called that this many ratings lead to, and a sentence about them. */
function headed(number) {
  if (number === 0) return ["What most people like", "By everybody’s ratings, until you rate one you have seen."];
  return [
    "Films for you",
    `From your ${number === 1 ? "one rating" : `${number} ratings`}; with more they fit better.`,
  ];
}
