/** Why a rating is predicted: the sum that it is, and the person's own ratings behind it. */

import { element, nameOf } from "./element.js";

const SHOWN_AS_ZERO = 0.005; // with two decimals

function signed(number) {
  const rounded = Math.abs(number) < SHOWN_AS_ZERO ? 0 : number;
  return `${rounded < 0 ? "−" : "+"}${Math.abs(rounded).toFixed(2)}`;
}

/** A bar to the right of a middle line for what adds, to the left for what takes away; `most` fills its half. */
function bar(number, most) {
  const fill = element("span", { class: number < 0 ? "fill less" : "fill more-than" });
  fill.style.setProperty("--share", Math.min(1, Math.abs(number) / most));
  return element("span", { class: "signed-bar", "aria-hidden": "true" }, fill);
}

function partRow(label, number, most) {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, label),
    element("td", { class: "with-bar" }, bar(number, most)),
    element("td", { class: "number" }, signed(number)),
  );
}

function plainRow(label, number, kind) {
  return element(
    "tr",
    { class: kind },
    element("th", { scope: "row" }, label),
    element("td", {}),
    element("td", { class: "number" }, number.toFixed(2)),
  );
}

function sum({ parts, unclipped, rating }, words) {
  const most = Math.max(1, ...[parts.user, parts.item, parts.interaction, parts.time].map(Math.abs));
  const film = ["This film is rated higher than most", "This film is rated lower than most", "This film is rated like most"];
  const choose = ([more, less, neither], number) =>
    Math.abs(number) < SHOWN_AS_ZERO ? neither : number < 0 ? less : more;
  const rows = [
    plainRow("All ratings, on average", parts.global_mean, "start"),
    partRow(choose(film, parts.item), parts.item, most),
    partRow(choose(words.rates, parts.user), parts.user, most),
    partRow(choose(words.taste, parts.interaction), parts.interaction, most),
    ...(Math.abs(parts.time) < SHOWN_AS_ZERO ? [] : [partRow("What is rated at one time is alike", parts.time, most)]),
    plainRow("Together", unclipped, "sum"),
  ];
  if (Math.abs(unclipped - rating) >= SHOWN_AS_ZERO) rows.push(plainRow("On the scale, which ends there", rating, "sum"));
  return element("table", {}, element("caption", {}, "How the rating comes about"), element("tbody", {}, ...rows));
}

function reason({ rating, says = "", adds = null, ...film }) {
  return element(
    "li",
    {},
    element("span", { class: "given" }, element("span", { "aria-hidden": "true" }, "★ "), String(rating), element("span", { class: "unseen" }, " stars for")),
    element("span", {}, element("span", { class: "title" }, nameOf(film)), element("span", { class: "says" }, ` ${says}`)),
    adds === null ? null : element("span", { class: "number" }, signed(adds)),
  );
}

function others({ others: number = 0, byOthers }) {
  if (number <= 0) return null;
  const text = number === 1 ? "One other rating" : `${number} other ratings together`;
  return element("li", {}, element("span", {}), element("span", {}, text), element("span", { class: "number" }, signed(byOthers)));
}

/** An explanation of people.js as elements. */
export function explained(answer, words) {
  if (answer.reasons.length === 0) return [sum(answer, words), element("p", { class: "hint" }, words.noReasons)];
  const reasons = [...answer.reasons.map(reason), others(answer)].filter((item) => item !== null);
  return [sum(answer, words), element("h4", {}, words.reasons), element("ul", { class: "reasons" }, ...reasons)];
}
