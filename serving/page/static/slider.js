/** Rating on a scale of many levels, or of all numbers: a slider, and the number itself beside it. */

import { element } from "./element.js";
import { nameOf } from "./names.js";

export class Slider {
  #rating = null;

  /** `rating` is null before there is one; `rate` is called with the new one. */
  constructor(item, rating, scale, rate) {
    [this.scale, this.rate] = [scale, rate];
    this.slider = element("input", {
      type: "range",
      class: "unset",
      min: scale.least,
      max: scale.most,
      step: scale.slide,
      value: (scale.least + scale.most) / 2,
      "aria-label": "Slider",
      "aria-valuetext": "not rated yet",
      input: () => this.#give(this.slider.valueAsNumber),
      click: () => this.#giveFirst(), // where the slider stands already when it is touched
      keydown: (event) => ["Enter", " "].includes(event.key) && this.#giveFirst(),
    });
    this.number = element("input", {
      type: "number",
      min: scale.least,
      max: scale.most,
      step: scale.step ?? "any",
      placeholder: "–",
      "aria-label": "Number",
      change: () => this.#type(),
    });
    this.problem = element("p", { class: "wrong", role: "alert" });
    this.element = element(
      "fieldset",
      { class: "slider" },
      element("legend", { class: "unseen" }, `Rating of ${nameOf(item)}, ${scale.range}`),
      this.slider,
      this.number,
      element(
        "p",
        { class: "ends hint", "aria-hidden": "true" },
        element("span", {}, scale.given(scale.least)),
        element("span", {}, scale.given(scale.most)),
      ),
      this.problem,
    );
    if (rating !== null) this.show(rating);
  }

  show(rating) {
    this.#rating = rating;
    this.slider.value = rating;
    this.slider.classList.remove("unset");
    this.slider.setAttribute("aria-valuetext", this.scale.given(rating));
    this.number.value = rating;
    this.number.removeAttribute("aria-invalid");
    this.problem.textContent = "";
  }

  focus(options) {
    this.slider.focus(options);
  }

  #give(number) {
    const rating = this.scale.nearest(Number(number.toPrecision(12))); // a slider adds up steps such as 0.1
    this.show(rating);
    this.rate(rating);
  }

  #giveFirst() {
    if (this.#rating === null) this.#give(this.slider.valueAsNumber);
  }

  #type() {
    const typed = this.number.valueAsNumber;
    if (this.scale.has(typed)) {
      this.#give(typed);
    } else if (this.number.value === "" && !this.number.validity.badInput) {
      this.number.value = this.#rating ?? ""; // an empty field takes nothing back; the button for it does
    } else {
      this.number.setAttribute("aria-invalid", "true");
      this.problem.textContent = `Give a number in ${this.scale.range}.`;
    }
  }
}
