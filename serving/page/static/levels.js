/** Rating by one of a few levels: a group of radio buttons, which are stars, halves of stars, or numbers. */

import { element } from "./element.js";
import { nameOf } from "./names.js";

let groups = 0; // each has a name of its own

export class Levels {
  #radios = [];

  /** `rating` is null before there is one; `rate` is called with the new one. */
  constructor(item, rating, scale, rate) {
    const name = `levels-${++groups}`;
    const labels = scale.levels.map((level, i) => {
      const radio = element("input", { type: "radio", name, value: level, change: () => rate(level) });
      this.#radios.push(radio);
      return scale.isStars
        ? star(radio, scale.levels[i - 1] ?? 0, level, scale.named(level))
        : element("label", {}, radio, element("span", {}, scale.given(level)));
    });
    this.element = element(
      "fieldset",
      { class: scale.isStars ? "stars" : "levels" },
      element("legend", { class: "unseen" }, `${scale.isStars ? "Stars for" : "Rating of"} ${nameOf(item)}`),
      ...labels,
    );
    // Half of them stand in a row where all are too many for one.
    this.element.style.setProperty("--columns", labels.length > 6 ? Math.ceil(labels.length / 2) : labels.length);
    if (rating !== null) this.show(scale.nearest(rating));
  }

  show(rating) {
    for (const radio of this.#radios) radio.checked = Number(radio.value) === rating;
  }

  focus(options) {
    (this.#radios.find((radio) => radio.checked) ?? this.#radios[0]).focus(options);
  }
}

/** What a level adds to the one before it: a star, or the half of it that begins where the one before ends. */
function star(radio, before, level, name) {
  const label = element(
    "label",
    {},
    radio,
    element("span", { class: "star", "aria-hidden": "true" }, "★"),
    element("span", { class: "unseen" }, name),
  );
  label.style.setProperty("--share", level - before);
  label.style.setProperty("--begin", before % 1);
  return label;
}
