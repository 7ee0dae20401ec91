/** Films that a newcomer is asked to rate first: those whose ratings would tell most, given the ratings so far. */

import { element } from "./element.js";
import { titleOf } from "./names.js";
import { capital } from "./words.js";

const ASKED = 6;

export class Questions {
  #unknown = new Set(); // ids of films that the person does not know; forgotten with the page
  #asking = new AbortController();
  #shown = "";

  /** `rate` is called with the film that the person takes. */
  constructor(place, { words }, rate) {
    [this.place, this.words, this.rate] = [place, words, rate];
  }

  /** Ask a person for films beside those that are `listed`, an array of ids. */
  async show(person, listed) {
    const exclude = [...this.#unknown, ...listed];
    const wanted = JSON.stringify([person.key, exclude]);
    if (this.#shown === wanted) return;
    this.#shown = wanted;
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    const focused = [...this.place.querySelectorAll("button")].indexOf(document.activeElement);
    try {
      const { items } = await person.questions({ n: ASKED, exclude, signal: asking.signal });
      this.#draw(items, person, listed);
      const buttons = this.place.querySelectorAll("button");
      if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)]?.focus();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#shown = "";
      this.#draw([]); // only an offer; the search says what is wrong
    }
  }

  #draw(films, person, listed) {
    this.place.hidden = films.length === 0;
    this.place.replaceChildren(
      element("p", { class: "hint" }, "Rate these first", element("span", {}, ` (✕: ${this.words.unknown})`)),
      ...films.map((film) =>
        element(
          "div",
          { class: "chip" },
          element("button", { type: "button", class: "title", click: () => this.rate(film) }, titleOf(film)),
          element(
            "button",
            {
              type: "button",
              class: "quiet",
              title: capital(this.words.unknown),
              click: () => {
                this.#unknown.add(film.item_id);
                this.show(person, listed);
              },
            },
            element("span", { "aria-hidden": "true" }, "✕"),
            element("span", { class: "unseen" }, `${capital(this.words.unknown)}: ${titleOf(film)}`),
          ),
        ),
      ),
    );
  }
}
