/** The panel of someone who rates a few films, and who sees before what everybody likes. */

import { ask } from "./api.js";
import { element } from "./element.js";
import { FilmSearch } from "./film_search.js";
import { nameOf } from "./names.js";
import { OneFilm } from "./one_film.js";
import { Newcomer } from "./people.js";
import { showProblem } from "./problem.js";
import { Questions } from "./questions.js";
import { ratingInput } from "./rating_input.js";
import { Recommendations } from "./recommendations.js";

const PAUSE = 200; // milliseconds: the arrow keys pass several ratings on their way to the right one

export class NewcomerPanel {
  #films = new Map(); // id: { film, rating or null, input, row }, in the order in which they were added
  #timer = 0;
  #asking = new AbortController();

  /** `change` is called with what of the address is to change: rated, genre, film. */
  constructor(panel, model, change) {
    this.panel = panel;
    this.model = model;
    [this.scale, this.words] = [model.scale, model.words];
    this.change = change;
    this.list = document.getElementById("rated");
    this.unfold = document.getElementById("all-rated");
    this.questions = new Questions(document.getElementById("questions"), model, (film) => this.#add(film));
    this.status = element("p", { class: "unseen", role: "status" });
    this.problem = element("div");
    this.unfold.after(this.status, this.problem);
    this.unfold.addEventListener("click", () => {
      this.list.classList.toggle("unfolded");
      this.#count();
    });
    const { a, known } = this.words;
    const searchPlace = document.getElementById("rate-search");
    this.search = new FilmSearch(searchPlace, this.words, `Find ${a} ${known}`, (film) => this.#add(film));
    this.recommendations = new Recommendations(panel, model, {
      empty: "",
      choose: change,
      actions: (film) => [this.#rateHere(film)],
    });
    this.oneFilm = new OneFilm(panel, model, {
      label: "What would you give to …",
      choose: (film) => change({ film }),
    });
  }

  /** Stars beside a film among those recommended; what else ratings are given with has its place above them alone. */
  #rateHere(film) {
    return element(
      "div",
      { class: "seen" },
      element("span", { "aria-hidden": "true" }, this.words.question),
      this.scale.isStars
        ? ratingInput(film, null, this.scale, (rating) => this.#rateInList(film, rating)).element
        : element(
            "button",
            { type: "button", class: "quiet", click: () => this.#add(film) },
            "Rate it",
            element("span", { class: "unseen" }, ` ${nameOf(film)}`),
          ),
    );
  }

  #ratings() {
    return new Map(
      [...this.#films].filter(([, { rating }]) => rating !== null).map(([id, { rating }]) => [id, rating]),
    );
  }

  async show({ rated, genre, order, film }) {
    clearTimeout(this.#timer);
    const ratings = this.#ratings();
    if (JSON.stringify([...ratings]) !== JSON.stringify([...rated])) {
      this.#restore(rated);
      return;
    }
    const person = new Newcomer(ratings, this.model);
    const [heading, about] = headed(ratings.size, this.words);
    this.recommendations.show(person, { genre, order }, heading, about);
    await this.#ask(person); // on a wide screen the card is below the questions, and would move when they come
    this.oneFilm.show(person, film);
  }

  /** List the ratings of an address, then show them. Films that the server does not know are left out. */
  async #restore(rated) {
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    this.problem.replaceChildren();
    const valid = [...rated]
      .filter(([id, rating]) => this.model.itemIds.accepts(id) && this.scale.has(rating))
      .map(([id, rating]) => [id, this.scale.nearest(rating)]);
    try {
      const films = await Promise.all(
        valid.map(([id]) =>
          ask("item", { query: { item_id: id }, signal: asking.signal }).catch((error) => {
            if (error.status === 404 || error.status === 422) return null;
            throw error;
          }),
        ),
      );
      this.#films.clear();
      this.list.replaceChildren();
      this.#count();
      films.forEach((film, i) => film && this.#insert(film, valid[i][1]));
      this.change({ rated: this.#ratings() }, { replace: true });
    } catch (error) {
      showProblem(this.problem, error, () => this.#restore(rated));
    }
  }

  #insert(film, rating) {
    const input = ratingInput(film, rating, this.scale, (given) => this.#rate(film, given));
    const row = element(
      "li",
      {},
      element("span", { class: "title" }, nameOf(film)),
      input.element,
      element(
        "button",
        { type: "button", class: "quiet remove", click: () => this.#remove(film) },
        element("span", { "aria-hidden": "true" }, "✕"),
        element("span", { class: "unseen" }, `Remove ${nameOf(film)}`),
      ),
    );
    this.#films.set(film.item_id, { film, rating, input, row });
    this.list.prepend(row); // a narrow screen shows only the first
    this.#count();
    return this.#films.get(film.item_id);
  }

  #add(film) {
    const known = this.#films.get(film.item_id);
    const { row, input } = known ?? this.#insert(film, null);
    this.list.prepend(row);
    const next = this.scale.isStars ? "Give it stars." : "Rate it.";
    this.status.textContent = known ? "" : `${nameOf(film)} is in your list. ${next}`;
    input.focus();
    this.#ask();
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
    known?.input.show(rating);
    const { input } = known ?? this.#insert(film, rating);
    input.focus({ preventScroll: true });
    if (this.panel.getBoundingClientRect().top < 0) this.panel.scrollIntoView();
    this.#rate(film, rating);
    this.status.textContent = `${nameOf(film)} is in your list with ${this.scale.named(rating)}.`;
  }

  #remove(film) {
    const { row, rating } = this.#films.get(film.item_id);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#films.delete(film.item_id);
    row.remove();
    this.#count();
    this.#ask();
    this.status.textContent = `${nameOf(film)} is removed.`;
    (next ? next.querySelector(".remove") : this.search.input).focus();
    if (rating !== null) this.change({ rated: this.#ratings() }, { replace: true });
  }

  /** Say how many films there are on the button that shows all of them where only the last has room. */
  #count() {
    const unfolded = this.list.classList.contains("unfolded");
    this.unfold.hidden = this.#films.size < 2;
    this.unfold.setAttribute("aria-expanded", String(unfolded));
    this.unfold.textContent = unfolded ? "Show only the last" : `Show all ${this.#films.size} ${this.words.known}`;
  }

  /** Ask for the films whose ratings would tell most, so that nobody stands before an empty box. */
  #ask(person = new Newcomer(this.#ratings(), this.model)) {
    return this.questions.show(person, [...this.#films.keys()]);
  }
}

/** What the films are called that this many ratings lead to, and a sentence about them. */
function headed(number, words) {
  if (number === 0) return ["What most people like", `By everybody’s ratings, until you rate one ${words.known}.`];
  return [
    `${words.Many} for you`,
    `From your ${number === 1 ? "one rating" : `${number} ratings`}; with more they fit better.`,
  ];
}
