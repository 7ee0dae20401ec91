/** Finds films by title, or items by id where they have no titles: a combobox with a list, as the WAI-ARIA Authoring Practices describe it. */

import { ask } from "./api.js";
import { element } from "./element.js";
import { nameOf } from "./names.js";
import { showProblem } from "./problem.js";

const PAUSE = 150; // milliseconds without a key before the server is asked
const MOST = 8;

let searches = 0; // each has ids of its own

export class FilmSearch {
  #films = [];
  #active = -1;
  #timer = 0;
  #asking = new AbortController();

  /** `choose` is called with the film that the person takes. */
  constructor(place, words, label, choose) {
    const id = `search-${++searches}`;
    this.words = words;
    this.choose = choose;
    this.input = element("input", {
      id,
      role: "combobox",
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "none",
      maxlength: "200",
      placeholder: words.title === "id" ? "Part of an id" : "Part of a title",
      "aria-expanded": "false",
      "aria-controls": `${id}-list`,
      "aria-autocomplete": "list",
      input: () => this.#later(),
      keydown: (event) => this.#key(event),
      blur: () => this.#close(),
    });
    this.list = element("ul", { id: `${id}-list`, role: "listbox", "aria-label": label, hidden: true });
    this.status = element("p", { class: "hint", role: "status" });
    this.problem = element("div");
    place.append(
      element("label", { for: id }, label),
      element("div", { class: "combobox" }, this.input, this.list),
      this.status,
      this.problem,
    );
  }

  #later() {
    clearTimeout(this.#timer);
    this.#asking.abort(); // an answer to what stood here before must not come after
    this.#timer = setTimeout(() => this.#search(), PAUSE);
  }

  async #search() {
    const query = this.words.title === "id" ? this.input.value : this.input.value.trim(); // an id may begin with a space
    this.problem.replaceChildren();
    if (query.trim() === "") {
      this.status.textContent = "";
      this.#close();
      return;
    }
    this.#asking = new AbortController();
    try {
      const { items, total, approximate } = await ask("items", {
        query: { query, n: MOST },
        signal: this.#asking.signal,
      });
      this.#open(items);
      this.status.textContent = this.#told(query, items.length, total, approximate);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#close();
      this.status.textContent = "";
      showProblem(this.problem, error, () => this.#search());
    }
  }

  #told(query, shown, total, approximate) {
    const { title } = this.words;
    if (total === 0) return `No ${title} has “${query}”. Try ${title === "id" ? "less of it" : "fewer words"}.`;
    return approximate ? `No title has “${query}”; these are spelt alike.` : this.#counted(shown, total);
  }

  #counted(shown, total) {
    const { one, many } = this.words;
    if (total === 1) return `1 ${one}`;
    return shown < total
      ? `${shown} of ${total.toLocaleString("en")} ${many}; type more to see others`
      : `${total} ${many}`;
  }

  #open(films) {
    this.#films = films;
    this.list.replaceChildren(...films.map((film, place) => this.#option(film, place)));
    this.list.hidden = films.length === 0 || document.activeElement !== this.input;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.#point(-1);
  }

  #option(film, place) {
    return element(
      "li",
      {
        id: `${this.list.id}-${place}`,
        role: "option",
        "aria-selected": "false",
        mousedown: (event) => event.preventDefault(), // the input keeps the focus
        click: () => this.#take(film),
      },
      nameOf(film),
    );
  }

  #close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.#point(-1);
  }

  #point(place) {
    this.#active = place;
    [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === place)));
    if (place < 0) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    this.input.setAttribute("aria-activedescendant", this.list.children[place].id);
    this.list.children[place].scrollIntoView({ block: "nearest" });
  }

  #take(film) {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.input.value = "";
    this.status.textContent = "";
    this.#films = [];
    this.#close();
    this.choose(film);
  }

  #key(event) {
    switch (event.key) {
      case "ArrowDown":
        event.preventDefault();
        this.#move(1);
        return;
      case "ArrowUp":
        event.preventDefault();
        this.#move(-1);
        return;
      case "Enter":
        event.preventDefault();
        if (!this.list.hidden && this.#films.length) this.#take(this.#films[Math.max(0, this.#active)]);
        return;
      case "Escape":
        event.preventDefault();
        this.#escape();
    }
  }

  /** Point `step` films further, round the ends. */
  #move(step) {
    const films = this.#films.length;
    if (films === 0) return;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const from = this.#active < 0 && step < 0 ? 0 : this.#active;
    this.#point((from + step + films) % films);
  }

  /** Close the list; where it is closed, empty the input. */
  #escape() {
    if (!this.list.hidden) {
      this.#close();
      return;
    }
    this.input.value = "";
    this.status.textContent = "";
  }
}
