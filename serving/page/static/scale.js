/** The ratings that can be given, and how numbers on their scale are written. */

const FINE = 300; // numbers that are told apart on the whole scale, or a few more: hundredths of five stars
const FEW = 11; // levels that have room as buttons
const SHORT = 5; // characters that have room on a button

export class Scale {
  /** Of a model as /v1/model describes it; where its `rating_step` is null, every rating in between can be given. */
  constructor({ rating_scale: [least, most], rating_step: step }) {
    [this.least, this.most, this.step] = [least, most, step];
    const decimals = Math.ceil(Math.log10(FINE / (most - least)));
    this.decimals = Math.min(Math.max(decimals, 0), 20); // of a predicted rating
    this.unit = 10 ** this.decimals; // of these parts is 1
    this.coarse = Math.max(0, this.decimals - 1); // decimals of means and errors
    this.slide = step ?? 10 ** (1 - decimals); // by how much a slider moves
    this.levels = this.#levels(); // null where they are too many to choose from one by one
    this.isStars = this.levels !== null && [0.5, 1].includes(step) && this.#areStars();
  }

  #levels() {
    const steps = this.step === null ? Infinity : Math.round((this.most - this.least) / this.step);
    if (steps >= FEW) return null;
    const levels = Array.from({ length: steps + 1 }, (_, i) => this.#level(i));
    return levels.every((level) => this.given(level).length <= SHORT) ? levels : null;
  }

  #level(i) {
    const exact = Number((this.least + i * this.step).toPrecision(12)); // 0.1 + 2 · 0.1 is a little more than 0.3
    return Math.min(this.most, exact);
  }

  /** One star or its first half is the least, and five are the most that are taken in at a glance. */
  #areStars() {
    return [this.step, 1].includes(this.least) && Number.isInteger(this.most) && this.most <= 5;
  }

  has(rating) {
    return rating >= this.least && rating <= this.most;
  }

  /** Whether a rating is in the upper half of the scale. */
  isLiked(rating) {
    return rating > (this.least + this.most) / 2;
  }

  /** The rating that can be given that is nearest to a number. */
  nearest(number) {
    const inside = Math.min(this.most, Math.max(this.least, number));
    return this.step === null ? inside : this.#level(Math.round((inside - this.least) / this.step));
  }

  /**
   * A number in whole units of the last decimal. It is taken as 32 bits first, as the server's ratings are, so that what
   * is shown of a rating in a list and of the same rating in its explanation, which has 64, cannot differ.
   */
  units(number) {
    return Math.round(Math.fround(number) * this.unit);
  }

  /** "4.53" of 453 units, where there are two decimals. */
  written(units) {
    return minus((units / this.unit).toFixed(this.decimals));
  }

  /** "+0.05" or "−0.05": what is added to something. */
  signed(units) {
    return `${units < 0 ? "" : "+"}${this.written(units)}`;
  }

  /** A rating as somebody gave it: "4", "4.5", "−3.25". The server has it in 32 bits, which are good for seven digits. */
  given(rating) {
    return minus(String(Number.isInteger(rating) ? rating : Number(rating.toPrecision(7))));
  }

  /** A mean of ratings, or how far they lie apart, with a decimal less than a predicted rating. */
  roughly(number) {
    return minus(number.toFixed(this.coarse));
  }

  /** Behind a predicted rating: " of 5", or " on −10 … 10" where ratings may be below 0. */
  get ofWhat() {
    return this.least < 0 ? ` on ${this.range}` : ` of ${this.given(this.most)}`;
  }

  get range() {
    return `${this.given(this.least)} … ${this.given(this.most)}`;
  }

  /** "1 star", "4.5 stars", or the number alone where ratings are no stars. */
  named(rating) {
    return this.isStars ? `${this.given(rating)} ${rating === 1 ? "star" : "stars"}` : this.given(rating);
  }

  /** How far off: "0.9 stars", or the number alone. */
  error(number) {
    return this.isStars ? `${this.roughly(number)} stars` : this.roughly(number);
  }
}

function minus(text) {
  return text.replace("-", "−");
}
