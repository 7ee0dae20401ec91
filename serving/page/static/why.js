/** Why a rating is predicted: the sum that it is, and the person's own ratings behind it. */

import { element, nameOf } from "./element.js";
import { addingUp, decimal, hundredths, signed } from "./rounding.js";

/** A bar to the right of a middle line for what adds, to the left for what takes away; `most` fills its half. */
function bar(shown, most) {
  const fill = element("span", { class: shown < 0 ? "fill less" : "fill more-than" });
  fill.style.setProperty("--share", Math.min(1, Math.abs(shown) / most));
  return element("span", { class: "signed-bar", "aria-hidden": "true" }, fill);
}

function partRow([more, less, neither], shown, most) {
  const label = shown === 0 ? neither : shown < 0 ? less : more;
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, label),
    element("td", { class: "with-bar" }, bar(shown, most)),
    element("td", { class: "number" }, signed(shown)),
  );
}

function plainRow(label, shown, kind) {
  return element(
    "tr",
    { class: kind },
    element("th", { scope: "row" }, label),
    element("td", {}),
    element("td", { class: "number" }, decimal(shown)),
  );
}

const FILM = [
  "This film is rated higher than most",
  "This film is rated lower than most",
  "This film is rated like most",
];
const TIME = "What is rated at one time is alike";

/** The table of mean, film, person, taste and time, all in hundredths. */
function sum({ mean, item, user, interaction, time, total, rating }, words) {
  const most = Math.max(100, ...[item, user, interaction, time].map(Math.abs));
  const rows = [
    plainRow("All ratings, on average", mean, "start"),
    partRow(FILM, item, most),
    partRow(words.rates, user, most),
    partRow(words.taste, interaction, most),
    time === 0 ? null : partRow([TIME, TIME, TIME], time, most),
    plainRow("Together", total, "sum"),
  ];
  if (total !== rating) rows.push(plainRow("On the scale, which ends there", rating, "sum"));
  return element("table", {}, element("caption", {}, "How the rating comes about"), element("tbody", {}, ...rows));
}

function reason({ rating, says = "", ...film }, adds) {
  return element(
    "li",
    {},
    element(
      "span",
      { class: "given" },
      element("span", { "aria-hidden": "true" }, "★ "),
      String(rating),
      element("span", { class: "unseen" }, " stars for"),
    ),
    element(
      "span",
      {},
      element("span", { class: "title" }, nameOf(film)),
      element("span", { class: "says" }, ` ${says}`),
    ),
    adds === null ? null : element("span", { class: "number" }, signed(adds)),
  );
}

function otherReasons(number, adds) {
  const text = number === 1 ? "One other rating" : `${number} other ratings together`;
  return element(
    "li",
    {},
    element("span", {}),
    element("span", {}, text),
    element("span", { class: "number" }, signed(adds)),
  );
}

/** What each reason adds, up to the parts of person and taste; a known user's ratings only speak for a film. */
function listOf({ reasons, others = 0, byOthers }, fromRatings) {
  if (reasons[0].adds === undefined) return reasons.map((own) => reason(own, null));
  const parts = reasons.map(({ adds }) => adds);
  const shown = addingUp(others > 0 ? [...parts, byOthers] : parts, fromRatings);
  const rows = reasons.map((own, i) => reason(own, shown[i]));
  return others > 0 ? [...rows, otherReasons(others, shown.at(-1))] : rows;
}

/** An explanation of people.js as elements. */
export function explained(answer, words) {
  const { parts } = answer;
  const total = hundredths(answer.unclipped);
  const names = ["global_mean", "item", "user", "interaction", "time"];
  const [mean, item, user, interaction, time] = addingUp(
    names.map((name) => parts[name]),
    total,
  );
  const table = sum({ mean, item, user, interaction, time, total, rating: hundredths(answer.rating) }, words);
  if (answer.reasons.length === 0) return [table, element("p", { class: "hint" }, words.noReasons)];
  return [
    table,
    element("h4", {}, words.reasons),
    element("ul", { class: "reasons" }, ...listOf(answer, user + interaction)),
  ];
}
