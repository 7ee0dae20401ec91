/** The panel about a user of the data set. */

import { ask } from "./api.js";
import { visible } from "./names.js";
import { OneFilm } from "./one_film.js";
import { KnownUser } from "./people.js";
import { showProblem, tell } from "./problem.js";
import { Recommendations } from "./recommendations.js";

export class UserPanel {
  #asking = new AbortController();
  #put = { value: "", user: "" };

  /** `change` is called with what of the address is to change: user, genre, film. */
  constructor(panel, model, change) {
    this.model = model;
    this.change = change;
    this.input = document.getElementById("user-input");
    this.problem = document.getElementById("user-problem");
    this.hint = document.getElementById("user-hint");
    this.#describeIds();
    document.getElementById("user").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    document.getElementById("any-user").addEventListener("click", () => this.#anyone());
    this.recommendations = new Recommendations(panel, model, {
      empty:
        `Type the ${model.words.user} of a user, or pick anyone: ` +
        `the ${model.words.many} that the model would recommend to them appear here.`,
      choose: change,
    });
    this.oneFilm = new OneFilm(panel, model, {
      label: "What would this user give to …",
      choose: (film) => change({ film }),
    });
  }

  #describeIds() {
    const users = `There are ${this.model.n_users.toLocaleString("en")} users`;
    if (!this.model.userIds.areText) {
      Object.assign(this.input, { inputMode: "numeric", maxLength: 19 });
      this.hint.textContent = `${users}; they have numbers, no names.`;
      return;
    }
    this.input.classList.add("wide");
    this.hint.textContent = `${users}; every character of an id counts, also capitals and spaces.`;
  }

  /** The id in the field: as it was put there, where nobody has typed since, because a field drops line breaks. */
  #typed() {
    if (this.input.value === this.#put.value) return this.#put.user;
    return this.model.userIds.areText ? this.input.value : this.input.value.trim();
  }

  #putIn(user) {
    this.input.value = user;
    this.#put = { value: this.input.value, user };
  }

  #submit() {
    const user = this.#typed();
    if (!this.#accepts(user)) {
      this.input.focus();
      return;
    }
    if (matchMedia("(pointer: coarse)").matches) this.input.blur(); // the keyboard on the screen would cover the films
    this.change({ user, film: null });
  }

  #accepts(user) {
    if (this.model.userIds.accepts(user)) return true;
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
      if (users.length) this.change({ user: users[0].user_id, film: null });
      else await this.#anyone(); // a smaller model has taken the place of the one before
    } catch (error) {
      showProblem(this.problem, error, () => this.#anyone());
    }
  }

  async show({ user, genre, order, film }) {
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    this.problem.replaceChildren();
    this.input.removeAttribute("aria-invalid");
    this.#putIn(user ?? "");
    if (user === null || (user === "" && !this.model.userIds.areText) || !this.#accepts(user)) {
      this.#hide();
      return;
    }
    const person = new KnownUser(user, this.model);
    try {
      const about = this.#described(await ask("user", { query: { user_id: user }, signal: asking.signal }));
      this.oneFilm.show(person, film);
      await this.recommendations.show(
        person,
        { genre, order },
        `${this.model.words.Many} for user ${visible(user)}`,
        about,
      );
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#hide();
      if (error.status === 404 || error.status === 422) {
        const { user: id, many } = this.model.words;
        this.#refuse(
          `There is no user ${visible(user)}.`,
          `Try another ${id}, pick anyone, or rate a few ${many} yourself.`,
        );
      } else {
        showProblem(this.problem, error, () => this.show({ user, genre, order, film }));
      }
    }
  }

  #hide() {
    this.recommendations.hide();
    this.oneFilm.hide();
  }

  #described({ n_ratings, mean_rating }) {
    const { one, many } = this.model.words;
    if (n_ratings === 0) return `Has not rated any ${one}.`;
    const number = n_ratings === 1 ? `one ${one}` : `${n_ratings.toLocaleString("en")} ${many}`;
    return `Has rated ${number}, with ${this.model.scale.roughly(mean_rating)} on average; these are others.`;
  }
}
