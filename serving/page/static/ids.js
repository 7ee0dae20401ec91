/**
 * Ids of users or items. On the page every id is text: a whole number of 64 bits may be too great for a number of
 * JavaScript. What is sent in a body has the type that the model's ids have.
 */

const WHOLE_NUMBER = /^-?[0-9]{1,19}$/;

export class Ids {
  /** type: "int64" or "string", as /v1/model says. */
  constructor(type) {
    this.areText = type === "string";
  }

  /** Whether a text can be an id. */
  accepts(text) {
    return this.areText || WHOLE_NUMBER.test(text);
  }

  /** An id as it is sent in a body. */
  sent(id) {
    return this.areText ? id : BigInt(id);
  }
}
