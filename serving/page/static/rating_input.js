/** What a rating is given with: whatever fits the scale. */

import { Levels } from "./levels.js";
import { Slider } from "./slider.js";

/**
 * An `element`, which `show`s a rating and takes the `focus`. `rating` is null before there is one; `rate` is called
 * with the new one.
 */
export function ratingInput(item, rating, scale, rate) {
  return scale.levels === null ? new Slider(item, rating, scale, rate) : new Levels(item, rating, scale, rate);
}
