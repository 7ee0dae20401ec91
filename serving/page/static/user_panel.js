/** The panel about a user of the data set. */

import { ask } from "./api.js";
import { OneFilm } from "./one_film.js";
import { KnownUser } from "./people.js";
import { showProblem, tell } from "./problem.js";
import { Recommendations } from "./recommendations.js";

export class UserPanel {
  #asking = new AbortController();

  /** `change` is called with what of the address is to change: user, genre, film. */
  constructor(panel, model, change) {
    this.model = model;
    this.change = change;
    this.input = document.getElementById("user-input");
    this.problem = document.getElementById("user-problem");
    document.getElementById("user-hint").textContent =
      `There are ${model.n_users.toLocaleString("en")} users; they have numbers, no names.`;
    document.getElementById("user").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    document.getElementById("any-user").addEventListener("click", () => this.#anyone());
    this.recommendations = new Recommendations(panel, model, {
      empty: "Type the number of a user, or pick anyone: the films that the model would recommend to them appear here.",
      chooseGenre: (genre) => change({ genre }),
    });
    this.oneFilm = new OneFilm(panel, model.rating_scale, {
      heading: "One film in particular",
      label: "What would this user give to …",
      choose: (film) => change({ film }),
    });
  }

  #submit() {
    const user = this.input.value.trim();
    if (!this.#accepts(user)) {
      this.input.focus();
      return;
    }
    if (matchMedia("(pointer: coarse)").matches) this.input.blur(); // the keyboard on the screen would cover the films
    this.change({ user, film: null });
  }

  #accepts(user) {
    if (/^-?[0-9]{1,19}$/.test(user)) return true;
    this.#refuse("That is no user’s number.", "Write it with digits only, such as 1.");
    return false;
  }

  #refuse(title, detail) {
    this.input.setAttribute("aria-invalid", "true");
    tell(this.problem, title, detail);
  }

  async #anyone() {
    this.problem.replaceChildren();
    try {
      const offset = Math.floor(Math.random() * this.model.n_users);
      const { users } = await ask("users", { query: { n: 1, offset } });
      if (users.length) this.change({ user: String(users[0].user_id), film: null });
      else await this.#anyone(); // a smaller model has taken the place of the one before
    } catch (error) {
      showProblem(this.problem, error, () => this.#anyone());
    }
  }

  async show({ user, genre, film }) {
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    this.problem.replaceChildren();
    this.input.removeAttribute("aria-invalid");
    this.input.value = user ?? "";
    if (user === null) {
      this.#hide();
      return;
    }
    if (!this.#accepts(user)) {
      this.#hide();
      return;
    }
    const person = new KnownUser(user);
    try {
      const about = described(await ask(person.path, { signal: asking.signal }));
      this.oneFilm.show(person, film);
      await this.recommendations.show(person, genre, `Films for user ${user}`, about);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#hide();
      if (error.status === 404 || error.status === 422) {
        this.#refuse(`There is no user ${user}.`, "Try another number, pick anyone, or rate a few films yourself.");
      } else {
        showProblem(this.problem, error, () => this.show({ user, genre, film }));
      }
    }
  }

  #hide() {
    this.recommendations.hide();
    this.oneFilm.hide();
  }
}

function described({ n_ratings, mean_rating }) {
  if (n_ratings === 0) return "Has not rated any film.";
  const films = n_ratings === 1 ? "one film" : `${n_ratings.toLocaleString("en")} films`;
  return `Has rated ${films}, with ${mean_rating.toFixed(1)} on average; these are others.`;
}
