/** What went wrong, in plain words, announced at once. */

import { element } from "./element.js";

function sentence(detail) {
  return detail && detail[0].toUpperCase() + detail.slice(1) + (/[.!?]$/.test(detail) ? "" : ".");
}

function inWords(error) {
  if (error.status === undefined) throw error; // a mistake of this page, for the console
  switch (error.status) {
    case 0:
      return ["The server cannot be reached.", error.message || "Check that it runs and that you are online."];
    case 503:
      return ["The server has no model to answer from yet.", sentence(error.message)];
    case 404:
      return ["There is nothing to show.", sentence(error.message)];
  }
  if (error.status < 500) return ["The server refused to answer this.", sentence(error.message)];
  return ["The server failed.", error.requestId ? `Its log says why under ${error.requestId}.` : ""];
}

/**
 * Show in `place` why there is no answer; `again` is what a button there does, if trying again may help. What was given
 * up for something newer, and the missing key that the page asks for elsewhere, are no problems.
 */
export function showProblem(place, error, again = null) {
  if (error.name === "AbortError" || error.status === 401) return;
  const [title, detail] = inWords(error);
  tell(place, title, detail, error.status >= 400 && error.status < 500 ? null : again); // the answer would be the same
}

/** Show a problem that the page itself found. */
export function tell(place, title, detail, again = null) {
  const retry = () => {
    place.replaceChildren();
    again();
  };
  place.replaceChildren(
    element(
      "div",
      { class: "problem", role: "alert" },
      element("p", {}, element("strong", {}, title), ` ${detail}`),
      again && element("button", { type: "button", click: retry }, "Try again"),
    ),
  );
}
