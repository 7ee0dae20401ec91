/** Rating with stars: a group of radio buttons, one for each whole number on the scale. */

import { element, nameOf } from "./element.js";

let groups = 0; // each has a name of its own

/** `value` is null before there is a rating; `rate` is called with the new one. */
export function stars(film, value, [least, most], rate) {
  const name = `stars-${++groups}`;
  const radios = [];
  for (let rating = Math.ceil(least); rating <= most; rating++) {
    radios.push(
      element(
        "label",
        {},
        element("input", {
          type: "radio",
          name,
          value: rating,
          checked: rating === Math.round(value ?? 0),
          change: () => rate(rating),
        }),
        element("span", { "aria-hidden": "true" }, "★"),
        element("span", { class: "unseen" }, rating === 1 ? "1 star" : `${rating} stars`),
      ),
    );
  }
  return element(
    "fieldset",
    { class: "stars" },
    element("legend", { class: "unseen" }, `Stars for ${nameOf(film)}`),
    ...radios,
  );
}
