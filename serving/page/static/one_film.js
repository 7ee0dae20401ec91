/** The predicted rating of a film that the reader asks for. */

import { ask } from "./api.js";
import { fromTemplate, nameOf } from "./element.js";
import { filmContent } from "./film.js";
import { FilmSearch } from "./film_search.js";
import { showProblem } from "./problem.js";
import { decimal, hundredths } from "./rounding.js";

export class OneFilm {
  #asking = new AbortController();
  #shown = ""; // who and which film; shown again, the answer stays as it is

  /** `choose` is called with the id of the film that the reader asks for. */
  constructor(place, scale, { heading, label, choose }) {
    this.scale = scale;
    this.section = fromTemplate("one-film");
    this.section.hidden = true;
    this.section.querySelector("h2").textContent = heading;
    this.problem = this.section.querySelector(".problem-place");
    this.answer = this.section.querySelector(".answer");
    this.status = this.section.querySelector(".status");
    new FilmSearch(this.section.querySelector(".search"), label, (film) => choose(film.item_id));
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
    if (itemId === null) {
      this.answer.replaceChildren();
      this.answer.removeAttribute("aria-busy");
      return;
    }
    const asking = (this.#asking = new AbortController());
    this.answer.setAttribute("aria-busy", "true");
    try {
      const [film, { source, ...predicted }] = await Promise.all([
        ask(`items/${itemId}`, { signal: asking.signal }),
        person.prediction(itemId, asking.signal),
      ]);
      this.answer.replaceChildren(...filmContent(film, predicted, person, this.scale, { note: source }));
      this.status.textContent = `${nameOf(film)}: ${decimal(hundredths(predicted.rating))} of ${this.scale[1]}.`;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#shown = "";
      this.answer.replaceChildren();
      showProblem(this.problem, error, () => this.show(person, itemId));
    }
    this.answer.removeAttribute("aria-busy");
  }
}
