/** The predicted rating of a film that the reader asks for. */

import { ask } from "./api.js";
import { fromTemplate } from "./element.js";
import { attributeList, filmContent } from "./film.js";
import { FilmSearch } from "./film_search.js";
import { nameOf, visible } from "./names.js";
import { showProblem, tell } from "./problem.js";

export class OneFilm {
  #asking = new AbortController();
  #shown = ""; // who and which film; shown again, the answer stays as it is

  /** `choose` is called with the id of the film that the reader asks for. */
  constructor(place, model, { label, choose }) {
    this.model = model;
    this.section = fromTemplate("one-film");
    this.section.hidden = true;
    this.section.querySelector("h2").textContent = `One ${model.words.one} in particular`;
    this.problem = this.section.querySelector(".problem-place");
    this.answer = this.section.querySelector(".answer");
    this.status = this.section.querySelector(".status");
    new FilmSearch(this.section.querySelector(".search"), model.words, label, (film) => choose(film.item_id));
    place.append(this.section);
  }

  hide() {
    this.#asking.abort();
    this.#shown = "";
    this.section.hidden = true;
  }

  /** Show the rating predicted for a person and a film; with null in place of the film's id, only the search. */
  async show(person, itemId) {
    const wanted = `${person.key} ${itemId}`;
    if (this.#shown === wanted) return;
    this.#shown = wanted;
    this.#asking.abort();
    this.section.hidden = false;
    this.problem.replaceChildren();
    this.status.textContent = "";
    if (itemId === null || !this.#accepts(itemId)) {
      this.answer.replaceChildren();
      this.answer.removeAttribute("aria-busy");
      return;
    }
    const { scale } = this.model;
    const asking = (this.#asking = new AbortController());
    this.answer.setAttribute("aria-busy", "true");
    try {
      const [film, { source, ...predicted }] = await Promise.all([
        ask("item", { query: { item_id: itemId }, signal: asking.signal }),
        person.prediction(itemId, asking.signal),
      ]);
      this.answer.replaceChildren(...filmContent(film, predicted, person, scale, { note: source }));
      this.answer.querySelector(".about-film").append(attributeList(film) ?? "");
      this.status.textContent = `${nameOf(film)}: ${scale.written(scale.units(predicted.rating))}${scale.ofWhat}.`;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#shown = "";
      this.answer.replaceChildren();
      showProblem(this.problem, error, () => this.show(person, itemId));
    }
    this.answer.removeAttribute("aria-busy");
  }

  /** Tell what is wrong with an id of the other kind, which only an address can have. */
  #accepts(itemId) {
    if (this.model.itemIds.accepts(itemId)) return true;
    const { one, Many, title } = this.model.words;
    tell(
      this.problem,
      `“${visible(itemId)}” is no ${one}’s number.`,
      `${Many} have numbers here; the field above finds them by ${title}.`,
    );
    return false;
  }
}
