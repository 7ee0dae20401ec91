/** The panel of someone who rates a few films. */

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
    this.scale = model.rating_scale;
    this.change = change;
    this.list = document.getElementById("rated");
    this.suggestions = document.getElementById("suggestions");
    this.status = element("p", { class: "unseen", role: "status" });
    this.problem = element("div");
    this.list.after(this.status, this.problem);
    this.search = new FilmSearch(document.getElementById("rate-search"), "Find a film to rate", (film) => this.#add(film));
    this.oneFilm = new OneFilm(panel.querySelector(".controls"), this.scale, {
      heading: "One film in particular",
      label: "What would you give to …",
      choose: (film) => change({ film }),
    });
    this.recommendations = new Recommendations(panel, model, {
      empty: "Find a film that you have seen and give it stars. Films that you may like appear here after the first one, and get better with each.",
      chooseGenre: (genre) => change({ genre }),
      actions: (film) => [
        element(
          "button",
          { type: "button", class: "quiet", click: () => this.#add(film) },
          "Seen it",
          element("span", { class: "unseen" }, `: rate ${nameOf(film)}`),
        ),
      ],
    });
    this.#suggest();
  }

  #ratings() {
    return new Map([...this.#films].filter(([, { rating }]) => rating !== null).map(([id, { rating }]) => [id, rating]));
  }

  async show({ rated, genre, film }) {
    clearTimeout(this.#timer);
    const ratings = this.#ratings();
    if (String([...ratings]) !== String([...rated])) {
      this.#restore(rated);
      return;
    }
    if (ratings.size === 0) {
      this.recommendations.hide();
      this.oneFilm.hide();
      return;
    }
    const person = new Newcomer(ratings);
    const number = ratings.size === 1 ? "one rating" : `${ratings.size} ratings`;
    this.recommendations.show(person, genre, "Films for you", `From your ${number}; each further one makes them fit better.`);
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
      element(
        "button",
        { type: "button", class: "quiet remove", click: () => this.#remove(film) },
        element("span", { "aria-hidden": "true" }, "✕"),
        element("span", { class: "unseen" }, `Remove ${nameOf(film)}`),
      ),
      stars(film, rating, this.scale, (given) => this.#rate(film, given)),
    );
    this.#films.set(film.item_id, { film, rating, row });
    this.list.append(row);
    this.#hideSuggested();
    return row;
  }

  #add(film) {
    const known = this.#films.get(film.item_id);
    const row = known ? known.row : this.#insert(film, null);
    this.status.textContent = known ? "" : `${nameOf(film)} is in your list. Give it stars.`;
    (row.querySelector("input:checked") ?? row.querySelector("input")).focus();
  }

  #rate(film, rating) {
    this.#films.get(film.item_id).rating = rating;
    this.status.textContent = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.change({ rated: this.#ratings() }, { replace: true }), PAUSE);
  }

  #remove(film) {
    const { row, rating } = this.#films.get(film.item_id);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#films.delete(film.item_id);
    row.remove();
    this.#hideSuggested();
    this.status.textContent = `${nameOf(film)} is removed.`;
    (next ? next.querySelector(".remove") : this.search.input).focus();
    if (rating !== null) this.change({ rated: this.#ratings() }, { replace: true });
  }

  /** Offer the films that most people rated, so that nobody stands before an empty box. */
  async #suggest() {
    try {
      const { items } = await ask("items", { query: { n: SUGGESTED } });
      this.suggestions.replaceChildren(
        element("p", { class: "hint" }, "Many have seen:"),
        ...items.map((film) => {
          const button = element("button", { type: "button", class: "chip", click: () => this.#add(film) }, film.title);
          button.dataset.item = film.item_id;
          return button;
        }),
      );
      this.#hideSuggested();
    } catch (error) {
      this.suggestions.replaceChildren(); // only an offer; the search says what is wrong
    }
  }

  #hideSuggested() {
    const buttons = [...this.suggestions.querySelectorAll("button")];
    for (const button of buttons) button.hidden = this.#films.has(Number(button.dataset.item));
    this.suggestions.hidden = buttons.every((button) => button.hidden);
  }
}
