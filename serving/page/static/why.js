/** Why a rating is predicted: the sum that it is, and the person's own ratings behind it. */

import { element } from "./element.js";
import { nameOf } from "./names.js";
import { addingUp } from "./rounding.js";

/** A bar to the right of a middle line for what adds, to the left for what takes away; `most` fills its half. */
function bar(shown, most) {
  const fill = element("span", { class: shown < 0 ? "fill less" : "fill more-than" });
  fill.style.setProperty("--share", Math.min(1, Math.abs(shown) / most));
  return element("span", { class: "signed-bar", "aria-hidden": "true" }, fill);
}

function partRow([more, less, neither], shown, most, scale) {
  const label = shown === 0 ? neither : shown < 0 ? less : more;
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, label),
    element("td", { class: "with-bar" }, bar(shown, most)),
    element("td", { class: "number" }, scale.signed(shown)),
  );
}

function plainRow(label, shown, kind, scale) {
  return element(
    "tr",
    { class: kind },
    element("th", { scope: "row" }, label),
    element("td", {}),
    element("td", { class: "number" }, scale.written(shown)),
  );
}

const TIME = "What is rated at one time is alike";

/** The table of mean, item, person, taste and time, all in units of the scale; a bar is full at a quarter of it. */
function sum({ mean, item, user, interaction, time, total, rating }, words, scale) {
  const most = Math.max(scale.units((scale.most - scale.least) / 4), ...[item, user, interaction, time].map(Math.abs));
  const rows = [
    plainRow("All ratings, on average", mean, "start", scale),
    partRow(words.item, item, most, scale),
    partRow(words.rates, user, most, scale),
    partRow(words.taste, interaction, most, scale),
    time === 0 ? null : partRow([TIME, TIME, TIME], time, most, scale),
    plainRow("Together", total, "sum", scale),
  ];
  if (total !== rating) rows.push(plainRow("On the scale, which ends there", rating, "sum", scale));
  return element("table", {}, element("caption", {}, "How the rating comes about"), element("tbody", {}, ...rows));
}

function reason({ rating, says = "", ...item }, adds, scale) {
  return element(
    "li",
    {},
    element(
      "span",
      { class: "given" },
      scale.isStars ? element("span", { "aria-hidden": "true" }, "★ ") : null,
      scale.given(rating),
      element("span", { class: "unseen" }, scale.isStars ? " stars for" : " for"),
    ),
    element(
      "span",
      {},
      element("span", { class: "title" }, nameOf(item)),
      element("span", { class: "says" }, ` ${says}`),
    ),
    adds === null ? null : element("span", { class: "number" }, scale.signed(adds)),
  );
}

function otherReasons(number, adds, scale) {
  const text = number === 1 ? "One other rating" : `${number} other ratings together`;
  return element(
    "li",
    {},
    element("span", {}),
    element("span", {}, text),
    element("span", { class: "number" }, scale.signed(adds)),
  );
}

/** What each reason adds, up to the parts of person and taste; a known user's ratings only speak for an item. */
function listOf({ reasons, others = 0, byOthers }, fromRatings, scale) {
  if (reasons[0].adds === undefined) return reasons.map((own) => reason(own, null, scale));
  const parts = reasons.map(({ adds }) => adds);
  const shown = addingUp(inUnits(others > 0 ? [...parts, byOthers] : parts, scale), fromRatings);
  const rows = reasons.map((own, i) => reason(own, shown[i], scale));
  return others > 0 ? [...rows, otherReasons(others, shown.at(-1), scale)] : rows;
}

function inUnits(parts, scale) {
  return parts.map((part) => part * scale.unit);
}

/** What brings an item into the list, whatever its rating: the person's own that it is chosen with. */
function chosenWith(own, words) {
  if (own.length === 0) return [];
  return [element("h4", {}, words.chosen), element("p", { class: "hint" }, `${own.map(nameOf).join(", ")}.`)];
}

/** An explanation of people.js as elements. */
export function explained(answer, words, scale) {
  const { parts } = answer;
  const total = scale.units(answer.unclipped);
  const names = ["global_mean", "item", "user", "interaction", "time"];
  const exact = names.map((name) => parts[name]);
  const [mean, item, user, interaction, time] = addingUp(inUnits(exact, scale), total);
  const rating = scale.units(answer.rating);
  const table = sum({ mean, item, user, interaction, time, total, rating }, words, scale);
  const chosen = chosenWith(answer.chosen_with, words);
  if (answer.reasons.length === 0) return [table, element("p", { class: "hint" }, words.noReasons), ...chosen];
  return [
    table,
    element("h4", {}, words.reasons),
    element("ul", { class: "reasons" }, ...listOf(answer, user + interaction, scale)),
    ...chosen,
  ];
}
