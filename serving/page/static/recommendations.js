/** The list of recommended films, by genre and in an order, a page at a time. */

import { element, fromTemplate } from "./element.js";
import { filmContent } from "./film.js";
import { showProblem } from "./problem.js";

const PAGE = 10;

// What the first of a list are, and what the order is called.
const ORDERS = {
  relevance: { name: "Most relevant first", first: "what is likely to be chosen and liked first" },
  rating: { name: "Highest rating first", first: "the highest predicted rating first" },
};

/** Rows in the place of films that are asked for, so that nothing below moves when they come. */
function placeholders() {
  return Array.from({ length: PAGE }, () => element("li", { class: "placeholder", "aria-hidden": "true" }));
}

export class Recommendations {
  #asking = new AbortController();
  #shown = ""; // whose films, of which genre, in which order; shown again, they stay as they are, with what the reader unfolded

  /**
   * `empty` says what to do before there is anything to show, `choose` is called with the genre or the order that the
   * reader chooses, and `actions` gives more controls for a film.
   */
  constructor(place, model, { empty, choose, actions = () => [] }) {
    [this.scale, this.words] = [model.scale, model.words];
    this.rmse = model.metrics.test_rmse_as_served;
    this.actions = actions;
    this.section = fromTemplate("recommendations");
    const find = (selector) => this.section.querySelector(selector);
    [this.heading, this.about, this.status] = [find("h2"), find(".about"), find(".status")];
    [this.genre, this.order, this.problem, this.films, this.more] = [
      find(".genre select"),
      find(".order select"),
      find(".problem-place"),
      find("ol"),
      find(".more"),
    ];
    this.hasGenres = model.genres.length > 0;
    this.genre.append(...model.genres.map((genre) => element("option", { value: genre }, genre)));
    this.genre.addEventListener("change", () => choose({ genre: this.genre.value }));
    this.order.append(...model.orders.map((order) => element("option", { value: order }, ORDERS[order].name)));
    this.order.parentElement.hidden = model.orders.length < 2;
    this.usual = model.orders[0];
    this.order.addEventListener("change", () =>
      choose({ order: this.order.value === this.usual ? "" : this.order.value }),
    );
    this.more.textContent = `Show more ${this.words.many}`;
    this.more.addEventListener("click", () => this.#load(true));
    this.empty = element("div", { class: "empty" }, element("p", {}, empty));
    place.append(this.empty, this.section);
    this.hide();
  }

  /** Show what to do instead. */
  hide() {
    this.#asking.abort();
    this.#shown = "";
    this.section.hidden = true;
    this.empty.hidden = false;
  }

  /** Show the first page for a person, under a heading and a sentence about them. */
  async show(person, { genre, order }, heading, about) {
    this.section.hidden = false;
    this.empty.hidden = true;
    this.person = person;
    this.heading.textContent = heading;
    this.about.textContent = about;
    this.genre.value = genre;
    if (this.genre.value !== genre) {
      // An address may name a genre that is not in the list; the server says what is wrong with it.
      this.genre.append(element("option", { value: genre }, genre));
      this.genre.value = genre;
    }
    this.genre.parentElement.hidden = !this.hasGenres && genre === "";
    this.order.value = order || this.usual;
    if (this.order.value === "") this.order.value = this.usual; // an address may say anything
    const shown = `${person.key} ${this.order.value} ${genre}`;
    if (this.#shown === shown) return;
    this.#shown = shown;
    await this.#load(false);
  }

  async #load(further) {
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    const offset = further ? this.films.childElementCount : 0; // no placeholders are there then
    this.problem.replaceChildren();
    this.status.textContent = `Looking for ${this.words.many} …`;
    if (!further && this.films.childElementCount === 0) this.films.replaceChildren(...placeholders());
    this.section.setAttribute("aria-busy", "true");
    try {
      const answer = await this.person.recommendations({
        n: PAGE,
        offset,
        genre: this.genre.value,
        order: this.order.value,
        signal: asking.signal,
      });
      this.#add(answer, offset);
      if (further) this.films.children[offset]?.querySelector("button").focus();
    } catch (error) {
      if (error.name === "AbortError") return; // whoever gave it up shows something else
      this.#shown = "";
      if (!further) this.films.replaceChildren();
      this.more.hidden ||= !further;
      this.status.textContent = "";
      showProblem(this.problem, error, () => this.#load(further));
    }
    this.section.removeAttribute("aria-busy");
  }

  #add({ recommendations, total, order }, offset) {
    const rows = recommendations.map(({ rating, deviation, because, ...film }) =>
      element(
        "li",
        {},
        ...filmContent(film, { rating, deviation }, this.person, this.scale, { because, actions: this.actions(film) }),
      ),
    );
    if (offset) this.films.append(...rows);
    else this.films.replaceChildren(...rows);
    const shown = this.films.childElementCount;
    this.more.hidden = shown >= total;
    this.status.textContent =
      total === 0
        ? `No ${this.words.one} is left to recommend${this.genre.value ? ` in ${this.genre.value}` : ""}.`
        : `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} ${this.words.many}, ${ORDERS[order].first}.${this.#error()}`;
  }

  /** How far to trust the numbers: differences between neighbours are far below it. */
  #error() {
    return this.rmse === undefined
      ? ""
      : ` ${this.person.words.error(this.scale.error(this.rmse))}, so small differences say little.`;
  }
}
